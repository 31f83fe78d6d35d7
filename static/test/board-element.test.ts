// The board as a person draws on it, over the contract's frames: every tool, writing, and the selection.

import { beforeEach, describe, expect, it } from "vitest";

import { BoardPage, drawn, info, onABoard } from "./board-page";
import { BOB } from "./samples";

let page: BoardPage;

onABoard((made) => (page = made));

describe("drawing", () => {
  it.each([
    ["pen", { kind: "pen" }],
    ["highlighter", { kind: "highlighter", opacity: 0.4 }],
    ["line", { kind: "line", points: [0, 0, 100, 60] }],
    ["arrow", { kind: "arrow" }],
    ["rectangle", { kind: "rectangle", w: 100, h: 60 }],
    ["ellipse", { kind: "ellipse", w: 100, h: 60 }],
  ])("with the %s puts one shape on the board, by this person", async (name, wanted) => {
    page.tool(name);
    await page.drag([140, 140], [240, 200]);
    await page.settled();
    expect(page.all.length).toBe(1);
    expect(page.one).toMatchObject({ ...wanted, page: "1", by: BOB.id, x: 100, y: 100 });
    expect(page.svg.querySelectorAll("[data-shape]").length).toBe(1);
    expect(page.text(".board-line")).toBe("Saved");
  });
  it("a polygon corner by corner, ended with Enter", async () => {
    page.tool("polygon");
    for (const [x, y] of [[140, 140], [240, 140], [240, 240]] as const) {
      page.point("pointermove", x, y);
      page.point("pointerdown", x, y);
      page.point("pointerup", x, y);
    }
    page.key("Enter", {}, page.svg);
    await page.settled();
    expect(page.one).toMatchObject({ kind: "polygon", points: [0, 0, 100, 0, 100, 100] });
  });
  it("is given up with Escape, and by a second finger, which moves and zooms", async () => {
    page.point("pointerdown", 100, 100);
    page.point("pointermove", 150, 150);
    page.key("Escape", {}, page.svg);
    page.point("pointerup", 150, 150);
    const touch = { pointerType: "touch" };
    page.point("pointerdown", 100, 100, touch);
    page.point("pointerdown", 200, 100, { ...touch, pointerId: 2 });
    page.point("pointermove", 300, 100, { ...touch, pointerId: 2 });
    page.point("pointerup", 300, 100, { ...touch, pointerId: 2 });
    page.point("pointerup", 100, 100, touch);
    await page.settled();
    expect(page.all).toEqual([]);
    expect(page.board.desk.view.zoom).toBe(2);
  });
  it("keeps to the grid, but not with the pen; without the grid nothing does", async () => {
    page.tool("rectangle");
    await page.drag([143, 138], [239, 201]);
    page.board.querySelector<HTMLButtonElement>("[aria-label^=Grid]")?.click();
    await page.drag([143, 138], [239, 201]);
    await page.settled();
    expect(page.all.map(({ x }) => x).sort()).toEqual([100, 103]);
  });
  it("takes away what the eraser touches, and undo brings it back", async () => {
    await page.drag([140, 140], [240, 140]);
    page.tool("erase");
    await page.drag([190, 100], [190, 142]);
    await page.settled();
    expect(page.all).toEqual([]);
    page.board.querySelector<HTMLButtonElement>("[aria-label^='Undo my']")?.click();
    await page.settled();
    expect(page.all.length).toBe(1);
    page.board.querySelector<HTMLButtonElement>("[aria-label=Redo]")?.click();
    await page.settled();
    expect(page.all).toEqual([]);
  });
  it("in another colour and width, filled or not", async () => {
    page.tool("rectangle");
    await page.settled();
    page.board.querySelector<HTMLButtonElement>("[data-colour=red]")?.click();
    page.board.querySelector<HTMLButtonElement>("[aria-label=Thick]")?.click();
    page.board.querySelector<HTMLButtonElement>("[aria-label=Filled]")?.click();
    await page.drag([140, 140], [240, 200]);
    await page.settled();
    expect(page.one).toMatchObject({ stroke: "#b3261e", fill: "#b3261e", width: 6 });
  });
});

describe("writing", () => {
  it("a text, and changes it", async () => {
    page.tool("text");
    page.point("pointerdown", 140, 140);
    page.point("pointerup", 140, 140);
    await page.settled();
    const box = page.board.querySelector<HTMLTextAreaElement>(".board-textarea");
    expect(document.activeElement).toBe(box);
    const press = new MouseEvent("mousedown", { bubbles: true, cancelable: true });
    page.svg.dispatchEvent(press);
    expect(press.defaultPrevented).toBe(true); // what comes behind a finger takes no focus
    Object.assign(box as HTMLTextAreaElement, { value: "two\nlines" }).dispatchEvent(new InputEvent("input"));
    page.key("Escape", {}, box as Element);
    await page.settled();
    expect(page.one).toMatchObject({ kind: "text", text: "two\nlines", h: 60 });
    expect([...page.svg.querySelectorAll("tspan")].map((span) => span.textContent)).toEqual(["two", "lines"]);
    page.tool("select");
    page.svg.dispatchEvent(new MouseEvent("dblclick", { clientX: 150, clientY: 150 }));
    await page.settled();
    Object.assign(page.board.querySelector(".board-textarea") as HTMLTextAreaElement, { value: "one" }).dispatchEvent(new InputEvent("input"));
    page.board.querySelector(".board-textarea")?.dispatchEvent(new FocusEvent("blur"));
    await page.settled();
    expect(page.one).toMatchObject({ text: "one", h: 30 });
  });
  it("a formula as the server draws it, and says what is wrong with one that it cannot", async () => {
    page.tool("formula");
    page.point("pointerdown", 140, 140);
    page.point("pointerup", 140, 140);
    await page.settled();
    const field = page.board.querySelector("#board-latex") as HTMLInputElement;
    page.formula = () => new Response(JSON.stringify({ latex: ["There is a brace too many."] }), { status: 400 });
    Object.assign(field, { value: "x}" }).dispatchEvent(new InputEvent("input"));
    await page.settled();
    page.board.querySelector(".board-formula")?.dispatchEvent(new SubmitEvent("submit", { cancelable: true }));
    await page.settled();
    expect(page.text("#board-latex-fault")).toBe("There is a brace too many.");
    expect(page.all).toEqual([]);
    page.formula = drawn;
    Object.assign(field, { value: "x^2" }).dispatchEvent(new InputEvent("input"));
    await page.settled();
    page.board.querySelector(".board-formula")?.dispatchEvent(new SubmitEvent("submit", { cancelable: true }));
    await page.settled();
    expect(page.one).toMatchObject({ kind: "formula", latex: "x^2", w: 40, h: 20 });
    expect(page.svg.querySelector("[data-shape] path")?.getAttribute("d")).toBe("M0 0L9 9");
  });
  it("a picture, in the middle of what is seen", async () => {
    const drop = new Event("drop", { cancelable: true });
    Object.assign(drop, { dataTransfer: { files: [new File(["x"], "a graph.png")] } });
    page.svg.dispatchEvent(drop);
    await page.settled();
    expect(page.one).toMatchObject({ kind: "image", w: 480, h: 240, alt: "a graph.png" });
    expect(page.svg.querySelector("image")?.getAttribute("href")).toBe("/api/boards/d/images/11111111-1111-4111-8111-111111111111/");
  });
  it("a picture, on the sheet that is drawn on and read from there: others may not see it", async () => {
    page.documents = [info({ may_write: false }), info({ id: "o", kind: "layer", owner: { id: BOB.id, name: "Bob" } })];
    page.server.rights((page.mode = "isolated"), true);
    await page.settled();
    const put = (): void => {
      const drop = new Event("drop", { cancelable: true });
      Object.assign(drop, { dataTransfer: { files: [new File(["x"], "mine.png")] } });
      page.svg.dispatchEvent(drop);
    };
    put();
    await page.settled();
    expect(page.uploads).toEqual(["/api/boards/o/images/"]);
    expect(page.svg.querySelector("image")?.getAttribute("href")).toMatch(/^\/api\/boards\/o\/images\//);
    expect([page.all.length, page.server.of("o").getMap("shapes").size]).toEqual([0, 1]);
    put();
    page.documents = [info()];
    page.server.rights((page.mode = "open"), true);
    await page.settled();
    expect(page.all.length).toBe(0);
    expect(page.text(".board-fault")).toMatch(/another sheet now/);
  });
});

describe("the selection", () => {
  beforeEach(async () => {
    page.tool("rectangle");
    await page.drag([140, 140], [240, 200]);
    page.tool("select");
    await page.settled();
  });
  it("moves, by mouse and by arrow keys", async () => {
    await page.drag([140, 170], [180, 170]);
    await page.settled();
    expect(page.one).toMatchObject({ x: 140, y: 100 });
    page.key("ArrowDown", {}, page.svg);
    page.key("ArrowRight", { shiftKey: true }, page.svg);
    await page.settled();
    expect(page.one).toMatchObject({ x: 160, y: 102 });
    page.key("z", { ctrlKey: true }, page.svg);
    await page.settled();
    expect(page.one).toMatchObject({ x: 140 });
  });
  it("scales at its corner, turns at its grip, and by keys", async () => {
    await page.drag([140, 170], [140, 170]);
    await page.settled();
    expect(page.svg.querySelectorAll(".board-marks .grip").length).toBe(5);
    await page.drag([241.5, 201.5], [341.5, 261.5]);
    await page.settled();
    expect(page.one.w).toBeGreaterThan(190);
    page.key("]", {}, page.svg);
    await page.settled();
    expect(page.one.rotation).toBe(15);
    page.key("<", {}, page.svg);
    await page.settled();
    expect(page.one.w).toBeLessThan(185);
  });
  it("is framed, duplicated, lifted, and deleted", async () => {
    await page.drag([100, 100], [300, 300]);
    await page.settled();
    expect(page.board.desk.selection.ids.size).toBe(1);
    page.board.querySelector<HTMLButtonElement>("[aria-label=Duplicate]")?.click();
    await page.settled();
    expect(page.all.length).toBe(2);
    page.board.querySelector<HTMLButtonElement>("[aria-label='To the back']")?.click();
    await page.settled();
    expect(page.all.map(({ z }) => z).sort()).toEqual([-1, 1]);
    page.key("a", { ctrlKey: true }, page.svg);
    page.key("Delete", {}, page.svg);
    await page.settled();
    expect(page.all).toEqual([]);
  });
  it("loses what somebody else deletes", async () => {
    await page.drag([140, 170], [140, 170]);
    await page.settled();
    expect(page.board.desk.selection.ids.size).toBe(1);
    page.put(Object.keys(page.shapes)[0] as string, null);
    await page.settled();
    expect(page.board.desk.selection.ids.size).toBe(0);
    expect(page.svg.querySelector("[data-shape]")).toBeNull();
  });
});

describe("a file of the board", () => {
  it("comes from the server, of the sheet and page that one draws on", async () => {
    await page.settled();
    const links = [...page.board.querySelectorAll<HTMLAnchorElement>("[data-name=export] a")];
    expect(links.map((link) => link.getAttribute("href"))).toEqual(["/api/boards/d/export.png?page=1", "/api/boards/d/export.svg?page=1", "/api/boards/d/export.pdf"]);
    expect(links.every((link) => link.hasAttribute("download"))).toBe(true);
    expect(page.board.querySelector("[data-name=export] summary")?.getAttribute("title")).toBe("Save as a file");
  });
});

describe("what the tutor draws and is asked", () => {
  const A = "11111111-1111-4111-8111-111111111111";
  it("is asked about a selection by its ids: the server reads it", async () => {
    page.tool("rectangle");
    await page.drag([140, 140], [240, 200]);
    await page.settled();
    const [id] = Object.keys(page.shapes) as [string];
    page.board.desk.select(page.board.desk.sheets.target, [id]);
    await page.settled();
    page.board.querySelector<HTMLButtonElement>(".board-ask")?.click();
    expect(page.asked).toEqual([[{ document: "d", shapes: [id] }, expect.stringContaining("ectangle")]]);
  });
  it("is lit up when a card of an answer points at it, also where it comes later", async () => {
    page.board.aim = { shapes: [A] };
    await page.settled();
    expect(page.svg.querySelector(".lit")).toBe(null);
    page.put(A, { kind: "rectangle", page: "1", x: 10, y: 10, w: 30, h: 30, by: "tutor", z: 1 });
    await page.settled();
    expect(page.svg.querySelector(`[data-shape="${A}"]`)?.classList.contains("lit")).toBe(true);
  });
});
