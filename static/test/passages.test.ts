import axe from "axe-core";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { render } from "lit";

import payloads from "../../tests/payloads.json";
import type { AnswerItem } from "../src/frames";
import { EVERYBODY, highlighted, may, proposed } from "../src/passages";
import { partly, Playback, piecesRead } from "../src/playback";
import { pressed } from "../src/room/block-tools";
import { itemLine, type ItemContext } from "../src/room/items";
import "../src/room/room-element";
import type { RoomElement } from "../src/room/room-element";
import { noticeWords } from "../src/words";
import { FakeSocket } from "./browser";
import { dangers } from "./safe";
import { ALICE, answer, AT, BOB, errorFrame, frame, hello, itemContext, LIN, ROOM, roomState, snapshot, you } from "./samples";

const TEXT = "First 😀.\n\n$$x = 4$$\n\n- a\n- b";
const DONE = answer({ state: "completed", text: TEXT, by: BOB });

function drawn(item: AnswerItem, context: Partial<ItemContext> = {}): HTMLElement {
  const list = document.createElement("ol");
  render(itemLine(item, undefined, itemContext(context)), list);
  return list;
}
async function line(item: AnswerItem, context: Partial<ItemContext> = {}): Promise<HTMLElement> {
  const list = drawn(item, context);
  document.body.replaceChildren(list);
  await new Promise((done) => setTimeout(done, 50));
  return list;
}
const labels = (node: Element): string[] => [...node.querySelectorAll(".block-tool")].map((one) => one.getAttribute("aria-label") ?? "");

describe("[Y1] blocks of a finished answer", () => {
  it("can be asked about and highlighted, each at its place", async () => {
    const list = await line(DONE);
    expect(labels(list)).toEqual(Array(3).fill(["Ask about this passage", "Highlight this passage"]).flat());
    const heard: unknown[] = [];
    list.addEventListener("click", (event) => heard.push(pressed(event)));
    list.querySelectorAll<HTMLElement>(".block-tool").forEach((one) => one.click());
    list.click();
    const places = [[0, 8], [10, 19], [21, 28]].map(([start, end]) => [{ start, end }]);
    expect(heard).toEqual([...places.flatMap((at) => ["about", "on"].map((act) => ({ act, answer: "x", places: at }))), null]);
    expect(list.querySelector("ul > .block-tools"), "a list holds lines only").toBeNull();
  });
  it("show who has highlighted them, and let it be taken back", async () => {
    const list = await line({ ...DONE, highlights: [{ start: 10, end: 19, by: LIN }] });
    const block = list.querySelector(".key-step") as Element;
    expect(block.querySelector(".key-note")?.textContent).toBe("Key step: 林小雨");
    expect(labels(block)).toEqual(["No key step", "Ask about this passage"]);
  });
  it("[Y2] say what the tutor proposes", async () => {
    const block = (await line({ ...DONE, highlights: [{ start: 10, end: 19, by: null }] })).querySelector(".key-step") as Element;
    expect(block.querySelector(".key-note")?.textContent).toBe("Key step, proposed by the tutor");
    expect(labels(block)).toEqual(["Keep this key step", "No key step", "Ask about this passage"]);
  });
  it("[C1] have no buttons for who may not, nor while the tutor writes", async () => {
    expect(labels(await line(DONE, { may: () => false }))).toEqual([]);
    expect(labels(await line(DONE, { may: (action) => action === "about" }))).toEqual(Array(3).fill("Ask about this passage"));
    expect(labels(await line({ ...DONE, state: "running" }))).toEqual([]);
    const open = await line({ ...DONE, state: "running" }, { may: (action) => action === "pause" });
    expect([...open.querySelectorAll(".hands .hand-words")].map((one) => one.textContent)).toEqual(["Pause"]);
  });
  it("have no faults that axe finds, and show names as text", async () => {
    const list = await line({ ...DONE, highlights: [{ start: 0, end: 8, by: { ...BOB, name: String((payloads as string[])[0]) } }, { start: 21, end: 28, by: null }] });
    expect(dangers(list)).toEqual([]);
    const found = await axe.run(list, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(found.violations.map((one) => one.id)).toEqual([]);
  });
});

describe("highlights folded", () => {
  it("are one for each place, in order", () => {
    const once = highlighted([], { start: 5, end: 9 }, true, BOB);
    expect(proposed(once, [{ start: 0, end: 2 }, { start: 5, end: 9 }])).toEqual([{ start: 0, end: 2, by: null }, { start: 5, end: 9, by: BOB }]);
    expect(highlighted(once, { start: 5, end: 9 }, false, ALICE)).toEqual([]);
  });
});

describe("[C1] who may", () => {
  it.each([
    ["everybody", BOB, LIN, true],
    ["asker", BOB, BOB, true],
    ["asker", BOB, LIN, false],
    ["asker", BOB, null, false],
    ["staff", BOB, BOB, false],
    ["staff", ALICE, BOB, true],
  ] as const)("%s: %j about what %j owns", (who, person, owner, allowed) => {
    expect(may({ ...EVERYBODY, stop: who }, "stop", you(person, { staff: person === ALICE }), owner)).toBe(allowed);
  });
  it("is told in words", () => {
    expect(noticeWords({ kind: "notice", seq: 1, at: AT, by: ALICE, type: "controls.changed", data: {} })).toContain("Alice Archer changed who may stop");
    expect(may(EVERYBODY, "stop", null, BOB)).toBe(false);
  });
});

describe("[A11] [A12] a question's own marks", () => {
  it("a quotation that leads to its line, as text", async () => {
    const about = (text: string) => ({ seq: 7, step: "s", answer: null, start: null, end: null, text });
    const lists = (payloads as string[]).map((text) => drawn({ ...DONE, about: about(text) }));
    document.body.replaceChildren(...lists);
    await new Promise((done) => setTimeout(done, 50));
    for (const list of lists) expect(dangers(list.querySelector(".about-text") as Element)).toEqual([]);
    const quoted = await line({ ...DONE, about: { seq: 7, step: null, answer: "y", start: 0, end: 4, text: "so *it*" } });
    expect(quoted.querySelector(".about-quote a")?.getAttribute("href")).toBe("#seq-7");
    expect(quoted.querySelector(".about-quote em")?.textContent).toBe("it");
  });
  it("one in other words leaves a line", async () => {
    const list = await line({ ...DONE, text: "", state: "stopped", reason: "superseded" });
    expect(list.querySelector(".notice")?.textContent).toContain("Bob Baker put a question in other words");
  });
});

describe("[B1] playing back", () => {
  const pieces = piecesRead({ pieces: [[0, 8], [1000, 20], [61000, 28]] }) ?? [];
  it("reads the pace, and waits through no long pause", () => {
    expect(pieces).toEqual([[0, 8], [1000, 20], [5000, 28]]);
    for (const wrong of [null, {}, { pieces: 7 }, { pieces: [[0]] }, { pieces: [[0, -1]] }, { pieces: [["a", 1]] }]) expect(piecesRead(wrong)).toBeNull();
  });
  it("goes at its own pace, faster, and to its end", () => {
    const play = new Playback("x", pieces, TEXT, 100);
    expect([play.lengthAt(100), play.lengthAt(1099), play.lengthAt(1100)]).toEqual([8, 8, 20]);
    play.setSpeed(4, 1100);
    expect([play.isOver(2099), play.isOver(2100), play.lengthAt(2100)]).toEqual([false, true, 28]);
    expect(new Playback("x", [], TEXT, 0).isOver(0)).toBe(true);
  });
  it("shows whole paragraphs to who wants no motion", () => {
    const play = new Playback("x", pieces, TEXT, 0, true);
    expect([play.lengthAt(0), play.lengthAt(1000), play.lengthAt(5000)]).toEqual([0, 8, 28]);
  });
  it("shows a part without its marks", () => {
    const part = partly({ ...DONE, inserts: [{ offset: 9, text: "why", by: BOB }], highlights: [{ start: 0, end: 3, by: null }] }, 7);
    expect([part.text, part.inserts, part.highlights, part.state]).toEqual(["First 😀", [], [], "running"]);
  });
});

describe("in the room", () => {
  let room: RoomElement;
  const socket = (): FakeSocket => FakeSocket.opened.at(-1) as FakeSocket;
  const sent = (type: string): unknown[] => socket().sentOf(type).map((one) => one.data);
  const box = (): HTMLTextAreaElement => room.querySelector("textarea") as HTMLTextAreaElement;
  const find = (label: string): HTMLElement => room.querySelector<HTMLElement>(`[aria-label="${label}"]`) as HTMLElement;
  const buttons = (words: string): HTMLElement => [...room.querySelectorAll<HTMLElement>("button")].find((one) => one.textContent?.includes(words)) as HTMLElement;
  async function settled(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) {
      await new Promise((done) => setTimeout(done, 25));
      await room.updateComplete;
    }
  }
  async function ask(text: string): Promise<void> {
    box().value = text;
    box().dispatchEvent(new InputEvent("input", { bubbles: true }));
    await settled();
    box().dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    await settled();
  }
  async function enter(...items: AnswerItem[]): Promise<void> {
    await settled();
    socket().gives(hello());
    socket().gives(snapshot(10, roomState(items)));
    await settled();
  }
  beforeEach(() => {
    FakeSocket.opened = [];
    sessionStorage.clear();
    vi.stubGlobal("WebSocket", FakeSocket);
    vi.stubGlobal("fetch", async (path: string) => new Response(String(path).includes("/pace/") ? '{"pieces":[[0,5],[9000,28]]}' : '{"ticket":"t"}'));
    document.body.innerHTML = `<main><cs-room room-id="${ROOM}" heading="Table one" class-name="Year 9"></cs-room></main>`;
    room = document.querySelector("cs-room") as RoomElement;
    return () => {
      room.remove();
      vi.unstubAllGlobals();
    };
  });
  it("asks about a passage, and highlights", async () => {
    await enter(DONE);
    find("Highlight this passage").click();
    expect(sent("highlight.set")).toEqual([{ answer: "x", start: 0, end: 8, on: true }]);
    find("Ask about this passage").click();
    await settled();
    expect(room.querySelector(".composer-into")?.textContent).toContain("First 😀.");
    await ask("Why?");
    expect(sent("answer.ask")).toEqual([{ text: "Why?", about: { answer: "x", start: 0, end: 8 } }]);
  });
  it("asks in other words, by the button or the arrow", async () => {
    const waiting = answer({ state: "queued", text: "", question: "Is it ritgh?" });
    await enter(waiting);
    buttons("Edit").click();
    await settled();
    expect(box().value).toBe("Is it ritgh?");
    box().dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    await ask("");
    expect(room.querySelector(".composer-into")).toBeNull();
    box().dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true }));
    await settled();
    await ask("Is it right?");
    expect(sent("answer.ask")).toEqual([{ text: "Is it right?", supersedes: "x" }]);
    const ref = socket().sentOf("answer.ask")[0]?.id ?? null;
    socket().gives(errorFrame(ref, { code: "not_running", field: "data.supersedes", message: "The tutor has answered this question already." }));
    await settled();
    expect(room.querySelector(".composer-fault")?.textContent).toContain("answered this question already");
  });
  it("hides buttons as soon as the room's rule is another", async () => {
    await enter({ ...DONE, by: LIN });
    expect(find("Highlight this passage")).not.toBeNull();
    socket().gives(frame("controls.changed", { controls: { ...EVERYBODY, highlight: "staff" } }, 11, ALICE));
    await settled();
    expect(find("Highlight this passage")).toBeNull();
    expect(room.textContent).toContain("changed who may stop");
  });
  it("plays an answer back until all is shown", async () => {
    await enter(DONE);
    buttons("Play back").click();
    await settled();
    const shown = (): string => (room.querySelector("cs-stream") as HTMLElement & { text: string }).text;
    expect(shown()).toBe("First");
    buttons("×2").click();
    await settled();
    expect(buttons("×2").getAttribute("aria-pressed")).toBe("true");
    buttons("Show all").click();
    await settled();
    expect(shown()).toBe(TEXT);
  });
});
