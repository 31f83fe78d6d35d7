import axe from "axe-core";
import { render } from "lit";
import { describe, expect, it } from "vitest";

import drawings from "../../tests/tutor/tools/drawings.json";
import called from "../../tests/frames/answer.tool_called.json";
import returned from "../../tests/frames/answer.tool_returned.json";
import payloads from "../../tests/payloads.json";
import { type AnswerItem, read } from "../src/frames";
import type { StreamElement } from "../src/room/stream-element";
import "../src/room/stream-element";
import { drawingNode } from "../src/room/drawing";
import { itemLine } from "../src/room/items";
import { toolSentence } from "../src/room/tools";
import { type Drawing, piecesOf, type ToolItem } from "../src/tools";
import { dangers } from "./safe";
import { answer, itemContext } from "./samples";

// The cards of the tutor's tools: where they stand, what they show, and that a drawing is what the server's is.

const DRAWINGS = drawings as unknown as { name: string; alt: string; drawing: Drawing; svg: string }[];
const PARABOLA = DRAWINGS[0] as (typeof DRAWINGS)[0];

function call(change: Partial<ToolItem> = {}): ToolItem {
  return { call: 1, tool: "calculate", asked: "Calculated: 3*7", offset: 2, put_ins: 0, outcome: "done", text: "21", tex: "21", drawing: null, ...change };
}
function line(item: AnswerItem): HTMLElement {
  const list = document.createElement("ol");
  document.body.replaceChildren(list);
  render(itemLine(item, undefined, itemContext()), list);
  return list;
}
const cards = (list: HTMLElement): HTMLElement[] => [...list.querySelectorAll<HTMLElement>(".tool-card")];

describe("frames of tools", () => {
  it.each([...called, ...returned].map((one) => [one.name, one.frame] as const))("%s is read", (_, frame) => expect(read(frame)).toMatchObject({ type: frame.type, data: frame.data }));
  it.each([
    ["no window", { window: [0, 1, 2] }],
    ["a window of no size", { window: [1, 1, 0, 2] }],
    ["a shape of another kind", { shapes: [{ kind: "image", tone: 0, href: "//evil.example" }] }],
    ["a kind of every object", { shapes: [{ kind: "constructor", tone: 0 }] }],
    ["a place that is none", { shapes: [{ kind: "point", tone: 0, at: [1, "2"] }] }],
    ["no tone", { shapes: [{ kind: "point", at: [1, 2] }] }],
    ["a tone in words", { shapes: [{ kind: "point", tone: 'red" onload="x', at: [1, 2] }] }],
    ["endless", { ticks: { x: [null], y: [] } }],
  ])("a drawing with %s is not read", (_, change) => {
    const frame = structuredClone(returned[1]?.frame) as { data: { drawing: object } };
    frame.data.drawing = { ...frame.data.drawing, ...change };
    expect(read(frame)).toMatchObject({ type: "unreadable", why: "answer.tool_returned: data.drawing" });
  });
});

describe("a drawing", () => {
  it.each(DRAWINGS)("$name has the nodes that the server writes", ({ drawing, alt, svg }) => {
    const wanted = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    const text = (node: Element): string => new XMLSerializer().serializeToString(node);
    expect(text(drawingNode(drawing, alt))).toBe(text(wanted));
  });
  it("is named by its words, and has nothing but lines and letters", () => {
    for (const { drawing, alt } of DRAWINGS) {
      const node = drawingNode(drawing, alt);
      expect(node.getAttribute("role")).toBe("img");
      expect(node.querySelector("title")?.textContent).toBe(alt);
      expect([...node.querySelectorAll("*")].filter((one) => !["title", "g", "line", "polyline", "polygon", "circle", "text"].includes(one.tagName))).toEqual([]);
    }
  });
  it("shows hostile labels as letters", () => {
    const shapes = payloads.map((payload) => ({ kind: "text" as const, tone: 0, at: [0, 0] as [number, number], text: payload, side: payload }));
    const node = drawingNode({ ...PARABOLA.drawing, axes: false, shapes }, payloads.join());
    document.body.replaceChildren(node);
    expect([...node.querySelectorAll("text")].map((one) => one.textContent)).toEqual(payloads);
    expect(dangers(document.body)).toEqual([]);
  });
  it("is drawn again only when it is another one", () => {
    const list = line(answer({ tools: [call({ tool: "plot", drawing: PARABOLA.drawing, text: PARABOLA.alt })] }));
    const before = list.querySelector("svg.drawing");
    const element = list.querySelector("cs-drawing") as HTMLElement & { content: [Drawing, string] };
    element.content = [structuredClone(PARABOLA.drawing), PARABOLA.alt];
    expect(list.querySelector("svg.drawing")).toBe(before);
    element.content = [PARABOLA.drawing, "another"];
    expect(list.querySelector("svg.drawing title")?.textContent).toBe("another");
  });
});

describe("a card", () => {
  it("stands at its place in the text", () => {
    const list = line(answer({ text: "𝔸\n\nafter", state: "completed", tools: [call({ offset: 3 })] }));
    const parts = [...(list.querySelector(".answer")?.children ?? [])].filter((one) => one.matches(".tool-card, .answer-text"));
    expect(parts.map((one) => (one.matches(".tool-card") ? "card" : (one as StreamElement).text.trim()))).toEqual(["𝔸", "card", "after"]);
  });
  it("stands in the part that it belongs to", () => {
    const inserts = [{ offset: 4, text: "why?", by: null }];
    const tools = [call({ offset: 4 }), call({ call: 2, offset: 4, put_ins: 1, asked: "Solved: x = 1" })];
    const list = line(answer({ text: "ab\n\ncd", state: "completed", inserts, tools }));
    const parts = [...list.querySelectorAll(".answer-text, .tool-card, .put-in")].map((one) => one.className.split(" ")[0]);
    expect(parts).toEqual(["answer-text", "tool-card", "answer-text", "put-in", "answer-text", "tool-card", "answer-text"]);
  });
  it("shows a calculation as maths and says how", () => {
    const card = cards(line(answer({ tools: [call()] })))[0] as HTMLElement;
    expect(card.querySelector("math annotation")?.textContent).toBe("\\displaystyle 3\\cdot 7 = 21");
    expect(card.getAttribute("aria-label")).toBe("Calculated: 3*7 gives 21");
    expect(card.querySelector("details")?.open).toBe(false);
    expect(card.querySelector("details")?.textContent).toContain("exactly");
  });
  it("leads to its shapes on the board, as a question about shapes does", () => {
    const wanted: unknown[] = [];
    const hear = (event: Event): unknown => wanted.push((event as CustomEvent).detail);
    document.body.addEventListener("panewanted", hear);
    const about = { seq: 3, step: null, answer: null, start: null, end: null, text: "1. blue line <b>\n2. point", document: "d", shapes: ["s"] };
    const list = line(answer({ about, tools: [call({ tool: "draw", drawing: PARABOLA.drawing, text: PARABOLA.alt, board: ["a", "b"] })] }));
    for (const button of list.querySelectorAll<HTMLButtonElement>(".tool-card > button, .about-shapes > button")) button.click();
    document.body.removeEventListener("panewanted", hear);
    expect(wanted).toEqual([{ pane: "board", aim: { shapes: ["s"] } }, { pane: "board", aim: { shapes: ["a", "b"] } }]);
    expect(list.querySelector(".about-shapes")?.textContent).toContain("<b>");
    expect(cards(line(answer({ tools: [call({ tool: "draw", drawing: PARABOLA.drawing })] })))[0]?.querySelector("button")).toBe(null);
  });
  it("shows what TeX cannot as text", () => {
    const card = cards(line(answer({ tools: [call({ asked: "Calculated: 2 boxes", tex: "" })] })))[0] as HTMLElement;
    expect(card.querySelector("code")?.textContent).toBe("2 boxes → 21");
  });
  it("quotes what it has looked up, as text", () => {
    const text = "Passages of the class's materials:\n[1] Handbook, Page 4: <b>A circle</b> $x$\n[2] 讲义, 圆: two";
    const card = cards(line(answer({ tools: [call({ tool: "look_up", asked: "Looked up: circle", text, tex: "" })] })))[0] as HTMLElement;
    expect([...card.querySelectorAll("details p")].map((one) => one.textContent)).toEqual(["[1] Handbook, Page 4: <b>A circle</b> $x$", "[2] 讲义, 圆: two"]);
    const nothing = cards(line(answer({ tools: [call({ tool: "look_up", asked: "Looked up: x", text: "Nothing.", tex: "" })] })))[0] as HTMLElement;
    expect(nothing.querySelector("p")?.textContent).toBe("Nothing.");
  });
  it("shows a picture with its words", () => {
    const card = cards(line(answer({ tools: [call({ tool: "plot", asked: "Plotted: x^2 - 4", drawing: PARABOLA.drawing, text: PARABOLA.alt })] })))[0] as HTMLElement;
    expect(card.querySelector("svg.drawing title")?.textContent).toBe(PARABOLA.alt);
    expect(card.querySelector("details p")?.textContent).toBe(PARABOLA.alt);
    expect(card.querySelector(".tool-verb")?.textContent).toBe("Plotted");
  });
  it.each([
    [call({ outcome: "failed", asked: "", tool: "", text: "There is no such tool." }), "The tutor tried a tool: There is no such tool."],
    [call({ outcome: "failed", text: "This is too large to work out." }), "The tutor tried a calculation: This is too large to work out."],
    [call({ outcome: "withheld", text: "no matter" }), "A result was withheld: it would give the answer away."],
    [call({ outcome: null }), "Calculating…"],
    [call({ outcome: null, tool: "new" }), "Working…"],
  ])("says what became of it: %#", (one, words) => {
    expect(toolSentence(one)).toBe(words);
    const list = line(answer({ state: "running", tools: [one] }));
    expect(cards(list)[0]?.textContent?.trim()).toBe(words);
  });
  it("does not wait for a result when the answer has ended or gone on", () => {
    expect(cards(line(answer({ state: "stopped", tools: [call({ outcome: null })] })))).toEqual([]);
    const tools = [call({ outcome: null }), call({ call: 2, outcome: null })];
    expect(cards(line(answer({ tools }))).length).toBe(1);
  });
  it("shows hostile words as words", () => {
    const tools = payloads.map((payload, at) => call({ call: at + 1, asked: `Calculated: ${payload}`, text: payload, tex: payload, outcome: at % 3 ? "done" : "failed" }));
    const list = line(answer({ tools }));
    expect(cards(list).length).toBe(payloads.length);
    expect(dangers(list)).toEqual([]);
  });
  it("has no faults that axe finds", async () => {
    const tools = [call(), call({ call: 2, tool: "draw", asked: "Drew a figure of 3 parts", drawing: DRAWINGS[3]?.drawing ?? null, text: "A figure." })];
    const found = await axe.run(line(answer({ state: "completed", tools })), { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(found.violations.map((one) => one.id)).toEqual([]);
  });
});

describe("pieces of a part", () => {
  it("never cut a letter, however the offsets are", () => {
    expect(piecesOf([..."𝔸b"], 5, [call({ offset: 6 }), call({ call: 2, offset: 1 })]).map((piece) => piece.text)).toEqual(["𝔸", "", "𝔸b"]);
    expect(piecesOf("plain", 0, [])).toEqual([{ call: null, text: "plain", start: 0 }]);
  });
});
