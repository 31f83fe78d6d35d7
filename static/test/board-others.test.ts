// What others see of a hand before the document has it: their strokes as they grow, over the sheet that is drawn on alone.

import { beforeEach, describe, expect, it } from "vitest";
import { Awareness, encodeAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";

import { draftBegin, draftEnd, draftExtend, type DrawTool } from "../src/board/draw";
import { draftLayer, Drafts, draftSign } from "../src/board/drafts";
import { BoardPage, info, onABoard } from "./board-page";
import { BoardSocket } from "./board-server";
import { BOB, LIN } from "./samples";

const STYLE = { stroke: "#24568f", fill: false, width: 3 };
const at = (x: number, y: number) => ({ x, y, pressure: 0.5 });

describe("a stroke that grows", () => {
  let hers: Awareness;
  let mine: Awareness;
  let layer: SVGGElement;
  let drafts: Drafts;
  let now: number;
  const there = new Set<string>();
  /** Her state arrives here, as the server passes it on. */
  const says = (draft: object | null): void => {
    hers.setLocalState({ draft });
    arrives();
  };
  const arrives = (): void => {
    const states = new Map(mine.getStates());
    const state = hers.getLocalState();
    if (state) states.set(hers.clientID, state);
    else states.delete(hers.clientID);
    Object.assign(mine, { states });
    drafts.take("d", mine, now);
    show();
  };
  const show = (page = "1"): void => drafts.draw(page, now, (_, id) => there.has(id));
  const lines = (): string[] => [...layer.children].map((node) => node.getAttribute("d") ?? "");

  beforeEach(() => {
    [hers, mine] = [new Awareness(new Y.Doc()), new Awareness(new Y.Doc())];
    layer = draftLayer();
    drafts = new Drafts(layer, () => undefined);
    now = 1000;
    there.clear();
    return () => {
      drafts.stop();
      for (const one of [hers, mine]) one.destroy();
    };
  });

  it.each<[DrawTool, string]>([["pen", "path"], ["highlighter", "path"], ["line", "path"], ["arrow", "path"], ["polygon", "path"], ["rectangle", "rect"], ["ellipse", "ellipse"], ["point", "g"]])("of the %s is seen as it will be", (tool, tag) => {
    const draft = draftExtend(draftBegin(tool, at(10, 10), STYLE), [at(40.25, 30), at(60, 50)], false);
    says(draftSign(draft, "1"));
    const [node] = layer.children;
    expect(node?.tagName).toBe(tag);
    expect(node?.getAttribute("transform")).toBe(tool === "point" ? "translate(60 50)" : "translate(10 10)");
    expect(draftSign(draft, "1").id).toBe(draft.id);
  });
  it("is told by its newest points in less than a frame, and is whole for who saw all of it", () => {
    let draft = draftBegin("pen", at(0, 0), STYLE);
    for (let part = 1; part <= 60; part++) {
      draft = draftExtend(draft, Array.from({ length: 20 }, (_, step) => at(part * 20 + step, 100 * Math.sin(part))), false);
      const sign = draftSign(draft, "1");
      expect(JSON.stringify(sign).length).toBeLessThan(2000);
      says(sign);
    }
    expect(draftSign(draft, "1").at).toBeGreaterThan(800);
    const whole = lines()[0] as string;
    expect(whole).toMatch(/^M-?\d/);
    const late = new Drafts(layer, () => undefined);
    late.take("d", mine, now);
    late.draw("1", now, () => false);
    expect((lines()[1] as string).length).toBeLessThan(whole.length / 2);
    expect(lines()[1]).not.toContain("NaN");
    late.stop();
    // What was lost between two signs is a gap, and nothing worse.
    says({ ...draftSign(draft, "1"), at: 1500 });
    expect(lines()[0]).not.toContain("NaN");
  });
  it("goes when the shape is there, when it is given up, with its author, and is on its page alone", () => {
    const draft = draftExtend(draftBegin("rectangle", at(0, 0), STYLE), [at(50, 50)], false);
    says(draftSign(draft, "1"));
    show("2");
    expect(layer.childElementCount).toBe(0);
    show();
    expect(layer.childElementCount).toBe(1);
    expect(draftEnd(draft, 1)).not.toBeNull();
    says(null);
    expect(layer.childElementCount).toBe(1);
    there.add(draft.id);
    show();
    expect(layer.childElementCount).toBe(0);
    const second = draftSign(draftBegin("line", at(0, 0), STYLE), "1");
    says(second);
    says(null);
    now += 800;
    show();
    expect(layer.childElementCount).toBe(0);
    says({ ...second, id: "third" });
    hers.setLocalState(null);
    arrives();
    expect(layer.childElementCount).toBe(0);
  });
  it("is nothing where it is no drawing, and harmless where it is no number", () => {
    for (const draft of [5, { kind: "image", id: "a" }, { kind: "text", id: "a", text: "x" }, { id: "a" }]) says(draft as object);
    expect(layer.childElementCount).toBe(0);
    says({ id: "b", kind: "pen", at: "x", ink: "1,2,3,a,Infinity,9,4", x: "<svg>", stroke: "url(javascript:1)", width: 9e9, page: "1" });
    expect(layer.innerHTML).not.toMatch(/NaN|Infinity|javascript|&lt;svg/);
  });
});

describe("on the board", () => {
  let page: BoardPage;
  onABoard((made) => (page = made));
  /** What this page says of itself at a document. */
  const said = (sheet: string): Record<string, unknown> => page.board.desk.sheets.get(sheet)?.awareness.getLocalState() ?? {};

  it("a stroke is told while it is drawn, under the id that its shape gets", async () => {
    page.point("pointerdown", 140, 140);
    page.point("pointermove", 200, 160);
    await page.settled();
    const draft = said("d")["draft"] as { id: string };
    expect(draft).toMatchObject({ kind: "pen", page: "1", x: 100, y: 100, at: 0 });
    expect(page.all).toEqual([]);
    page.point("pointerup", 200, 160);
    await page.settled();
    expect(Object.keys(page.shapes)).toEqual([draft.id]);
    expect(said("d")["draft"]).toBeNull();
  });
  it("somebody else's is seen, until it is hers in the document", async () => {
    const hers = new Awareness(new Y.Doc());
    const tells = (draft: object | null): void => {
      hers.setLocalState({ user: { id: LIN.id, name: LIN.name, colour: "#112233" }, draft });
      BoardSocket.opened[0]?.points(encodeAwarenessUpdate(hers, [hers.clientID]));
    };
    const draft = draftExtend(draftBegin("rectangle", at(0, 0), STYLE), [at(50, 50)], false);
    const id = "11111111-1111-4111-8111-111111111111";
    tells({ ...draftSign(draft, "1"), id });
    await page.settled();
    expect(page.svg.querySelector(".board-coming rect")?.getAttribute("width")).toBe("50");
    page.put(id, { kind: "rectangle", w: 50, h: 50 });
    await page.settled();
    expect(page.svg.querySelector(".board-coming rect")).toBeNull();
    expect(page.svg.querySelector(`[data-shape="${id}"]`)).not.toBeNull();
    hers.destroy();
  });
  it("who draws on a sheet of her own tells her hand there alone", async () => {
    page.point("pointermove", 150, 150);
    await page.settled();
    expect(said("d")["pointer"]).toMatchObject({ x: 110 });
    page.documents = [info({ may_write: false }), info({ id: "o", kind: "layer", owner: { id: BOB.id, name: "Bob" } })];
    page.server.rights((page.mode = "isolated"), true);
    await page.settled();
    page.point("pointerdown", 140, 140);
    page.point("pointermove", 200, 160);
    await page.settled();
    expect(said("o")).toMatchObject({ pointer: { x: 160 }, draft: { kind: "pen" } });
    expect(said("d")).toMatchObject({ pointer: null, draft: null, selection: [], view: { page: "1" } });
    expect(said("o")["view"]).toBeUndefined();
  });
});
