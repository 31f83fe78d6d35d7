// Lines of the solution on the board, and the way back: the shape carries its step, and the room knows it.

import { beforeEach, describe, expect, it, vi } from "vitest";

import type { StepItem } from "../src/frames";
import "../src/panes/solution-element";
import type { SolutionElement } from "../src/panes/solution-element";
import { BoardPage, info } from "./board-page";
import { ALICE, AT, BOB, message, roomState } from "./samples";

const STEP = "33333333-3333-4333-8333-333333333333";
const OTHER = "44444444-4444-4444-8444-444444444444";
const item = (step = STEP, text = "2x = 4"): StepItem => ({ kind: "step", seq: 1, at: AT, by: BOB, step, text, after: null, verdict: "verified", reason: "", witness: null, column: null });

let page: BoardPage;
beforeEach(async () => {
  page = await new BoardPage().enter();
  page.board.context = { ...page.board.context, view: { ...page.board.context.view, state: roomState([item(), message(2, ALICE, "hm")]) } };
  await page.settled();
  return () => {
    page.leave();
    vi.unstubAllGlobals();
  };
});
async function aim(step: string, text: string): Promise<void> {
  page.board.aim = { step, text };
  await page.settled();
}

describe("a line of the solution", () => {
  it("is put on the board once, as a formula that carries it, and from then on shown", async () => {
    await aim(STEP, "2x = 4");
    expect(page.all).toHaveLength(1);
    expect(page.one).toMatchObject({ kind: "formula", latex: "2x = 4", step: STEP, by: BOB.id, w: 40, h: 20 });
    await aim(STEP, "2x = 4");
    expect(page.all).toHaveLength(1);
    expect(page.board.querySelector(".lit, [data-lit]") ?? page.board.desk.selection.ids.size).toBeTruthy();
    await aim(OTHER, "20 apples + 3");
    const [first, second] = page.all.toSorted((one, other) => (one.y ?? 0) - (other.y ?? 0));
    expect(second).toMatchObject({ kind: "text", text: "20 apples + 3", step: OTHER, x: first?.x });
    expect(second?.y).toBeGreaterThanOrEqual((first?.y ?? 0) + (first?.h ?? 0));
  });
  it("is written as text where the server cannot draw it", async () => {
    page.formula = () => new Response('{"latex":["no"]}', { status: 400 });
    await aim(STEP, "2x = 4");
    expect(page.one).toMatchObject({ kind: "text", text: "2x = 4", step: STEP });
  });
  it("is not put where one only looks", async () => {
    page.documents = [info({ may_write: false })];
    page.server.mayWrite = false;
    await page.enter();
    await aim(STEP, "2x = 4");
    expect(page.all).toEqual([]);
    expect(page.text(".board-fault")).toBe("You can look at the board, but not draw.");
  });
  it("leads back to the solution from its shape, if the room has it", async () => {
    const heard: unknown[] = [];
    page.board.addEventListener("panewanted", (event) => heard.push((event as CustomEvent).detail));
    await aim(STEP, "2x = 4");
    expect(page.text(".board-line-of")).toBe("To the line of the solution");
    page.board.querySelector<HTMLButtonElement>(".board-line-of")?.click();
    expect(heard).toEqual([{ pane: "solution", aim: STEP }]);
    await aim(OTHER, "x = 2");
    expect(page.board.desk.selected[0]?.step).toBe(OTHER);
    expect(page.board.querySelector(".board-line-of"), "a step that the room does not have").toBeNull();
  });
  it("comes from anywhere, and what is no step is none", async () => {
    page.put("55555555-5555-4555-8555-555555555555", { kind: "text", text: "x", w: 50, h: 30, step: "<b>" });
    page.put("66666666-6666-4666-8666-666666666666", { kind: "text", text: "y", w: 50, h: 30, step: STEP });
    await page.settled();
    const steps = [...(page.board.desk.sheets.base?.scene.shapes.values() ?? [])].map(({ step }) => step);
    expect(steps).toEqual([null, STEP]);
    await aim(STEP, "2x = 4");
    expect(page.all).toHaveLength(2);
  });
});

describe("the solution's pane", () => {
  it("has a button at each line that leads to the board", async () => {
    Element.prototype.scrollTo = (): void => undefined;
    const pane = document.createElement("cs-solution") as SolutionElement;
    pane.context = page.board.context;
    document.body.append(pane);
    await pane.updateComplete;
    const heard: unknown[] = [];
    pane.addEventListener("panewanted", (event) => heard.push((event as CustomEvent).detail));
    pane.querySelector<HTMLButtonElement>(`[data-line="${STEP}"] [title^="Put it on the board"]`)?.click();
    expect(heard).toEqual([{ pane: "board", aim: { step: STEP, text: "2x = 4" } }]);
    pane.remove();
  });
});
