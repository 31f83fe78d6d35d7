// The pages of a board and what is locked or named on them, by buttons and by keyboard.

import { describe, expect, it } from "vitest";

import { BoardPage, info, onABoard } from "./board-page";

let page: BoardPage;

onABoard((made) => (page = made));

describe("pages", () => {
  const titles = (): string[] => (page.server.doc.getArray("pages").toJSON() as { title: string }[]).map(({ title }) => title);
  const open = async (): Promise<void> => {
    page.board.querySelector<HTMLButtonElement>(".page-of")?.click();
    await page.settled();
  };

  it("are named in their window, and the name is said where one turns them", async () => {
    await open();
    expect(document.activeElement?.getAttribute("aria-label")).toBe("Go to page 1");
    const field = page.board.querySelector<HTMLInputElement>("[aria-label='Title of page 1']") as HTMLInputElement;
    field.value = "Fractions 分数";
    field.dispatchEvent(new Event("change"));
    await page.settled();
    expect(titles()).toEqual(["Fractions 分数"]);
    expect(page.text(".page-of")).toBe("1 of 1Fractions 分数");
    page.key("Escape", {}, field);
    await page.settled();
    expect(page.board.querySelector(".board-pages")).toBeNull();
    expect(document.activeElement?.getAttribute("aria-label")).toBe("Pages, 1 of 1, Fractions 分数");
  });
  it("are taken away when that is confirmed, with what is on them, and undo brings all of it back", async () => {
    page.press("New page");
    await page.settled();
    await page.drag([140, 140], [240, 140]);
    await open();
    page.press("Remove page 2");
    await page.settled();
    expect(page.text(".page-question p")).toBe("Remove page 2 with the shape on it, for everybody? You can undo it.");
    expect(document.activeElement?.textContent).toBe("Keep it");
    page.key("Escape");
    await page.settled();
    expect([page.board.querySelector(".page-question"), titles().length]).toEqual([null, 2]);
    page.press("Remove page 2");
    await page.settled();
    page.board.querySelector<HTMLButtonElement>(".page-question .danger")?.click();
    await page.settled();
    expect(titles().length).toBe(1);
    expect(page.text(".page-of")).toBe("1 of 1");
    expect(page.svg.querySelector("[data-shape]")).toBeNull();
    page.press("Undo my last");
    await page.settled();
    page.key("PageDown", {}, page.svg);
    await page.settled();
    expect(page.text(".page-of")).toBe("2 of 2");
    expect(page.svg.querySelectorAll("[data-shape]").length).toBe(1);
    page.key("PageUp", {}, page.svg);
    expect(page.board.desk.page).toBe("1");
  });
  it("leave nobody on a page that somebody else took away", async () => {
    page.press("New page");
    await page.settled();
    page.server.doc.getArray("pages").delete(1);
    await page.again();
    expect(page.text(".page-of")).toBe("1 of 1");
    expect(page.board.desk.page).toBe("1");
  });
  it("are only turned by who may not write", async () => {
    page.documents = [info({ may_write: false })];
    page.server.rights("view", false);
    await page.settled();
    await open();
    expect(page.board.querySelectorAll(".board-pages input, .page-remove").length).toBe(0);
    expect(page.text(".page-row bdi")).toBe("Page 1");
    expect([page.board.querySelector("[aria-label='New page']"), page.board.querySelector(".board-pages > .button")]).toEqual([null, null]);
  });
});

describe("a locked shape", () => {
  it("stays where it is until it is unlocked, by button, key and list", async () => {
    page.tool("rectangle");
    await page.drag([140, 140], [240, 200]);
    page.tool("select");
    await page.drag([140, 170], [140, 170]);
    page.press("Locked");
    await page.settled();
    expect(page.one.locked).toBe(true);
    await page.drag([140, 170], [300, 170]);
    page.key("ArrowRight", {}, page.svg);
    page.key("Delete", {}, page.svg);
    await page.settled();
    expect(page.one).toMatchObject({ x: 100, locked: true });
    expect(page.text("[role=status].visually-hidden")).toBe("It is locked. K unlocks it.");
    expect(page.svg.querySelector("[data-shape]")?.getAttribute("aria-label")).toMatch(/, locked$/);
    page.key("k", {}, page.svg);
    await page.settled();
    expect(page.one.locked).toBe(false);
    page.key("k", {}, page.svg);
    page.press("List of shapes");
    await page.settled();
    expect(page.board.querySelectorAll(".shape-fields button").length).toBe(1);
    page.board.querySelector<HTMLButtonElement>(".shape-fields button")?.click();
    await page.settled();
    expect(page.one.locked).toBe(false);
    expect(page.board.querySelectorAll(".shape-fields input").length).toBeGreaterThan(3);
    page.press("Undo my last");
    await page.settled();
    expect(page.one.locked).toBe(true);
  });
  it("cannot be locked by who selects nothing, or may not write", async () => {
    page.key("k", {}, page.svg);
    page.put("11111111-1111-4111-8111-111111111111", { kind: "rectangle", w: 50, h: 50 });
    page.server.rights("view", false);
    await page.settled();
    page.svg.focus();
    page.key("Enter");
    page.key(" ");
    page.key("k");
    await page.settled();
    expect(page.one.locked ?? false).toBe(false);
  });
});

describe("a point", () => {
  it("is put where the finger lets go, has the next letter, and is named anew", async () => {
    page.key("d", {}, page.svg);
    await page.drag([140, 140], [240, 200]);
    page.point("pointerdown", 340, 340);
    page.point("pointerup", 340, 340);
    await page.settled();
    expect(page.all.map(({ kind, text, x }) => [kind, text, x]).sort()).toEqual([["point", "A", 200], ["point", "B", 300]]);
    page.tool("select");
    page.svg.dispatchEvent(new MouseEvent("dblclick", { clientX: 340, clientY: 340 }));
    await page.settled();
    const field = page.board.querySelector<HTMLTextAreaElement>(".board-textarea") as HTMLTextAreaElement;
    expect(field.value).toBe("B");
    Object.assign(field, { value: "S\n2" }).dispatchEvent(new InputEvent("input"));
    page.key("Escape", {}, field);
    await page.settled();
    expect(page.all.map(({ text }) => text).sort()).toEqual(["A", "S 2"]);
    expect(page.all.some((shape) => "h" in shape)).toBe(false);
    page.press("List of shapes");
    await page.settled();
    [...page.board.querySelectorAll<HTMLButtonElement>(".list-add .row button")].find((button) => button.textContent?.includes("Point"))?.click();
    await page.settled();
    expect(page.all.map(({ text }) => text).sort()).toEqual(["A", "B", "S 2"]);
  });
});
