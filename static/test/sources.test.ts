import { render } from "lit";
import { beforeEach, expect, test } from "vitest";

import type { AnswerItem, Source } from "../src/frames";
import { searchWords, sourcePath, sourcesBelow } from "../src/room/sources";
import { answer } from "./samples";

// The passages below an answer (rules D4–D6): what the room sees of the search in its class's documents.

const DOCUMENT = "66666666-6666-4666-8666-666666666666";
const one = (change: Partial<Source> = {}): Source => ({ n: 1, document: DOCUMENT, title: "Handbook", page: 4, anchor: "Page 4", passage: 12, score: 0.71, ...change });
let place: HTMLElement;

beforeEach(() => {
  place = document.createElement("div");
});

function shown(change: Partial<AnswerItem>): HTMLElement {
  render(sourcesBelow(answer(change)), place);
  return place;
}

test("D7 a source leads to its passage on the document's page", () => {
  expect(sourcePath(one())).toBe(`/documents/${DOCUMENT}/?passage=12#passage-12`);
  expect(sourcePath(one({ document: "../../x?y" }))).toBe("/documents/..%2F..%2Fx%3Fy/?passage=12#passage-12");
});

test("D4 each source names its document and its place", () => {
  const links = [...shown({ search: "found", sources: [one(), one({ n: 2, title: "讲义", anchor: "圆 › 切线" })] }).querySelectorAll("a")];
  expect(links.map((link) => link.textContent?.replace(/\s+/g, ""))).toEqual(["[1]HandbookPage4", "[2]讲义切线"]);
  expect(links.map((link) => link.title)).toEqual(["Handbook, Page 4", "讲义, 圆 › 切线"]);
  expect(links.map((link) => [link.target, link.rel])).toEqual([["_blank", "noopener"], ["_blank", "noopener"]]);
});

test("a title is text, whatever stands in it", () => {
  expect(shown({ sources: [one({ title: "<img src=x onerror=alert(1)>" })] }).querySelector("img")).toBeNull();
});

test("D6 nothing in the materials is said, and only where it was asked for", () => {
  expect(searchWords(answer({ search: "nothing" }))).toContain("Not in your materials");
  expect(shown({ search: "nothing" }).querySelector("p")?.textContent).toContain("Not in your materials");
  expect(shown({ search: "done" }).children).toHaveLength(0);
  expect(shown({ search: null }).children).toHaveLength(0);
});

test("D4 the search is said while the answer waits for it", () => {
  expect(searchWords(answer({ search: "searching", state: "queued" }))).toContain("Looking into");
  expect(searchWords(answer({ search: "searching", state: "running" }))).toBe("");
});
