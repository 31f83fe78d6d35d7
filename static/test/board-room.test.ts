// The board as people share it: by keyboard and by ear, modes and rights, refusals, and the others at the table.

import axe from "axe-core";
import { describe, expect, it, vi } from "vitest";
import * as Y from "yjs";

import payloads from "../../tests/payloads.json";
import { BoardPage, info, onABoard } from "./board-page";
import { BoardSocket } from "./board-server";
import { dangers } from "./safe";
import { ALICE, BOB, LIN, you } from "./samples";

let page: BoardPage;

onABoard((made) => (page = made));

describe("by keyboard and by ear", () => {
  it("Enter goes from shape to shape, Space takes one, Escape lets go", async () => {
    page.put("11111111-1111-4111-8111-111111111111", { kind: "rectangle", w: 50, h: 50, stroke: "#b3261e" });
    page.put("22222222-2222-4222-8222-222222222222", { kind: "text", text: "x = 4", w: 50, h: 30, z: 2, x: 3000 });
    await page.settled();
    expect(page.svg.getAttribute("aria-label")).toMatch(/with 2 shapes/);
    expect(page.svg.querySelectorAll("[data-shape]").length).toBe(1);
    page.svg.focus();
    page.key("Enter");
    expect(document.activeElement?.getAttribute("aria-label")).toBe("Rectangle, red, by Alice Archer");
    page.key("ArrowRight");
    expect(document.activeElement?.getAttribute("aria-label")).toBe("Text, black: x = 4, by Alice Archer");
    page.key(" ");
    await page.settled();
    expect(page.board.desk.selection.ids.size).toBe(1);
    page.key("ArrowDown");
    page.key("Escape");
    page.key("Escape");
    await page.settled();
    expect(document.activeElement).toBe(page.svg);
    expect(page.shapes["22222222-2222-4222-8222-222222222222"]?.y).toBe(2);
  });
  it("letters choose tools, signs zoom, arrows move the view", async () => {
    page.svg.focus();
    for (const name of ["r", "+", "ArrowDown"]) page.key(name);
    await page.settled();
    expect(page.svg.dataset["tool"]).toBe("rectangle");
    expect(page.text(".zoom")).toBe("125 %");
    page.key("0");
    page.key("Enter");
    await page.settled();
    expect(page.text(".zoom")).toBe("100 %");
    expect(page.text("[role=status].visually-hidden")).toBe("There is nothing on this page yet.");
  });
  it("the tools are one stop, with arrows between them", () => {
    const stops = [...page.board.querySelectorAll<HTMLElement>(".board-tools button")].filter((button) => button.tabIndex === 0);
    expect(stops.map((button) => button.dataset["tool"])).toEqual(["pen"]);
    stops[0]?.focus();
    page.key("ArrowUp");
    expect((document.activeElement as HTMLElement).dataset["tool"]).toBe("hand");
  });
  it("the list says what is there, makes new shapes, and changes them", async () => {
    page.board.querySelector<HTMLButtonElement>("[aria-label='List of shapes']")?.click();
    await page.settled();
    expect(page.text(".board-list")).toContain("There is nothing on this page yet.");
    const field = page.board.querySelector("#board-add-text") as HTMLInputElement;
    field.value = "Area";
    field.form?.dispatchEvent(new SubmitEvent("submit", { cancelable: true }));
    await page.settled();
    expect(page.one).toMatchObject({ kind: "text", text: "Area" });
    const change = async (name: string, value: string): Promise<void> => {
      const input = page.board.querySelector(`.shape-fields [name=${name}]`) as HTMLInputElement;
      input.value = value;
      input.dispatchEvent(new Event("change"));
      await page.settled();
    };
    await change("alt", "the area of the field");
    await change("x", "40");
    await change("turn", "90");
    await change("text", "Area = 12");
    expect(page.one).toMatchObject({ alt: "the area of the field", rotation: 90, text: "Area = 12" });
    expect(page.text(".shape-row")).toBe("Text, violet: the area of the field, by you");
    [...page.board.querySelectorAll<HTMLButtonElement>(".list-add .row button")].find((button) => button.textContent?.includes("Ellipse"))?.click();
    await page.settled();
    await change("w", "300");
    expect(page.all.find(({ kind }) => kind === "ellipse")?.w).toBeGreaterThan(250);
    page.board.querySelector<HTMLButtonElement>(".shape-fields .danger")?.click();
    await page.settled();
    expect(page.all.length).toBe(1);
    page.key("Escape", {}, page.board.querySelector(".board-list") as Element);
    await page.settled();
    expect(page.board.querySelector(".board-list")).toBeNull();
  });
  it("has no fault that axe finds, with the list open", async () => {
    page.put("11111111-1111-4111-8111-111111111111", { kind: "pen", points: [0, 0, 0.5, 9, 9, 0.5] });
    page.mayManage = true;
    await page.enter(you(ALICE, { staff: true }));
    page.board.querySelector<HTMLButtonElement>("[aria-label='List of shapes']")?.click();
    for (const menu of page.board.querySelectorAll("details")) menu.open = true;
    await page.settled();
    const found = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(found.violations.map((fault) => `${fault.id}: ${fault.nodes[0]?.html}`)).toEqual([]);
  });
});

describe("modes and rights", () => {
  it("who may only look has no tools that draw, and is told", async () => {
    page.documents = [info({ may_write: false })];
    page.server.mode = page.mode = "view";
    page.server.mayWrite = false;
    await page.enter();
    expect(page.text(".board-mode")).toBe("Only the teacher draws just now. You can look.");
    expect([...page.board.querySelectorAll<HTMLElement>(".board-tools button")].map((button) => button.dataset["tool"])).toEqual(["select", "hand", "laser"]);
    await page.drag([140, 140], [240, 200]);
    await page.settled();
    expect(page.server.doc.getMap("shapes").size).toBe(0);
    expect(page.text(".board-fault")).toMatch(/but not draw/);
  });
  it("changes at once, and the list is asked for anew", async () => {
    page.documents = [info(), info({ id: "o", kind: "layer", owner: { id: BOB.id, name: "Bob" } })];
    page.server.rights((page.mode = "isolated"), true);
    await page.settled();
    expect(page.text(".board-mode")).toMatch(/on your own sheet/);
    expect(page.board.desk.sheets.target?.info.id).toBe("o");
    await page.drag([140, 140], [240, 140]);
    await page.settled();
    expect(page.server.of("o").getMap("shapes").size).toBe(1);
    expect(page.server.doc.getMap("shapes").size).toBe(0);
    page.documents = [info()];
    for (const ear of page.ears) ear({ type: "unknown", name: "board.changed", seq: 9 });
    await page.settled();
    expect(page.board.desk.sheets.all.length).toBe(1);
  });
  it("the teacher switches them, gives the pen, shows a sheet, and hears what was refused", async () => {
    page.mayManage = true;
    page.documents = [info(), info({ id: "t", kind: "teacher" }), info({ id: "o", kind: "layer", owner: { id: BOB.id, name: "Bob" } })];
    await page.enter(you(ALICE, { staff: true }));
    expect(page.board.desk.sheets.all.map((sheet) => sheet.info.id)).toEqual(["d", "t"]);
    const manage = page.board.querySelector("[data-name=manage]") as HTMLElement;
    manage.querySelector<HTMLInputElement>("input[value=locked]")?.click();
    const pen = manage.querySelector("select") as HTMLSelectElement;
    pen.value = "yes";
    pen.dispatchEvent(new Event("change"));
    manage.querySelector<HTMLInputElement>("input[type=checkbox]")?.click();
    expect(page.sent).toEqual([["board.mode", { mode: "locked" }], ["board.grant", { person: BOB.id, write: true }], ["board.reveal", { document: "o", on: true }]]);
    for (const ear of page.ears) {
      ear({ type: "ack", ref: "ref-2", seq: 4 });
      ear({ type: "error", ref: "ref-1", code: "forbidden", message: "Not now.", field: null, retryable: false, retry_ms: null });
    }
    await page.settled();
    expect(page.text(".board-fault")).toBe("Not now.");
    [...(page.board.querySelector("[data-name=sheets]")?.querySelectorAll<HTMLInputElement>("input[type=checkbox]") ?? [])][0]?.click();
    await page.settled();
    expect(page.board.desk.sheets.all.map((sheet) => sheet.info.id)).toEqual(["d", "t", "o"]);
  });
  it("[Q6] the teacher sees who has a right of her own, whoever gave it, also of who is away", async () => {
    page.mayManage = true;
    page.grants = [{ person: { id: BOB.id, name: "Bob" }, write: false }, { person: { id: "z", name: "Zoë away" }, write: true }];
    await page.enter(you(ALICE, { staff: true }));
    const chosen = (): string[] => [...page.board.querySelectorAll(".grant")].map((line) => `${line.querySelector("bdi")?.textContent}: ${line.querySelector<HTMLOptionElement>("option[selected]")?.value || line.querySelector("select")?.value}`);
    expect(chosen()).toEqual(expect.arrayContaining([expect.stringMatching(/Bob.*: no$/), "Zoë away: yes"]));
    page.grants = [];
    for (const ear of page.ears) ear({ type: "unknown", name: "board.granted", seq: 9 });
    await page.settled();
    expect(chosen().some((line) => line.endsWith(": no") || line.startsWith("Zoë"))).toBe(false);
  });
  it("a refused change is taken back and said, and the next one is kept", async () => {
    page.server.answers = "refused";
    await page.drag([140, 140], [240, 140]);
    await page.settled();
    expect(page.text(".board-fault")).toMatch(/your last change was taken back/);
    expect(page.svg.querySelector("[data-shape]")).toBeNull();
    page.server.answers = "saved";
    await page.drag([140, 140], [240, 140]);
    await page.settled();
    expect(page.all.length).toBe(1);
  });
  it("work without a line is kept and said to be", async () => {
    page.server.answers = "silent";
    await page.drag([140, 140], [240, 140]);
    await page.settled();
    expect(page.text(".board-line")).toBe("Saving…");
    for (const socket of [...page.server.sockets]) socket.drops();
    await page.settled();
    expect(page.text(".board-line")).toMatch(/kept here/);
  });
  it("an outsider sees no board", async () => {
    vi.stubGlobal("fetch", async () => new Response("{}", { status: 404 }));
    await page.enter();
    expect(page.text(".board-empty")).toMatch(/cannot be reached/);
    expect(BoardSocket.opened.filter(({ url }) => url.includes("undefined"))).toEqual([]);
  });
});

describe("others", () => {
  it("are seen where they point, named, and followed", async () => {
    const other = new Y.Doc();
    const { Awareness, encodeAwarenessUpdate } = await import("y-protocols/awareness");
    const sign = new Awareness(other);
    sign.setLocalState({ user: { id: LIN.id, name: LIN.name, colour: "#112233" }, pointer: { page: "1", x: 50, y: 50 }, laser: true, view: { page: "1", x: 500, y: 500, w: 400, h: 300 } });
    BoardSocket.opened[0]?.points(encodeAwarenessUpdate(sign, [sign.clientID]));
    await page.settled();
    expect(page.svg.querySelector(".pointer text")?.textContent).toBe(LIN.name);
    expect(page.svg.querySelector(".pointer")?.classList.contains("laser")).toBe(true);
    page.board.querySelector<HTMLButtonElement>("[data-name=people] li button")?.click();
    await page.settled();
    expect(page.board.desk.view).toMatchObject({ zoom: 2, x: 500, y: 500 });
    expect(page.text(".board-following span")).toBe(`You follow ${LIN.name}`);
    page.svg.dispatchEvent(new WheelEvent("wheel", { deltaY: 40, cancelable: true }));
    await page.settled();
    expect(page.board.querySelector(".board-following")).toBeNull();
    sign.setLocalState(null);
    BoardSocket.opened[0]?.points(encodeAwarenessUpdate(sign, [sign.clientID]));
    await page.settled();
    expect(page.svg.querySelector(".pointer")).toBeNull();
    sign.destroy();
  });
  it("a second page is everybody's, and each turns to it alone", async () => {
    page.board.querySelector<HTMLButtonElement>("[aria-label='New page']")?.click();
    await page.settled();
    expect(page.text(".page-of")).toBe("2 of 2");
    await page.drag([140, 140], [240, 140]);
    await page.settled();
    expect(page.one.page).not.toBe("1");
    page.board.querySelector<HTMLButtonElement>("[aria-label='Page before']")?.click();
    await page.settled();
    expect(page.svg.querySelector("[data-shape]")).toBeNull();
  });
  it("what the room points at is shown", async () => {
    page.put("11111111-1111-4111-8111-111111111111", { kind: "rectangle", w: 50, h: 50, x: 4000 });
    page.board.aim = { shape: "11111111-1111-4111-8111-111111111111" };
    await page.settled();
    expect(page.svg.querySelector(".lit")).not.toBeNull();
  });
  it("no payload runs in a text, a name or a picture's words", async () => {
    payloads.slice(0, 40).forEach((payload, at) => page.put(`11111111-1111-4111-8111-1111111111${10 + at}`, { kind: at % 2 ? "text" : "formula", text: payload, latex: payload, alt: payload, w: 90, h: 30, z: at }));
    page.formula = () => new Response("{}", { status: 404 });
    page.board.querySelector<HTMLButtonElement>("[aria-label='List of shapes']")?.click();
    await page.settled();
    expect(page.svg.querySelectorAll("[data-shape]").length).toBe(40);
    expect(dangers(page.svg as unknown as HTMLElement)).toEqual([]);
  });
});
