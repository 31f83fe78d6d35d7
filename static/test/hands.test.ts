import axe from "axe-core";
import { beforeEach, describe, expect, it, vi } from "vitest";

import payloads from "../../tests/payloads.json";
import type { Item } from "../src/frames";
import { partsOf } from "../src/store";
import "../src/room/room-element";
import type { RoomElement } from "../src/room/room-element";
import { FakeSocket } from "./browser";
import { dangers } from "./safe";
import { answer, errorFrame, frame, hello, LIN, ROOM, roomState, snapshot } from "./samples";

// A hand on a running answer: pause, go on, put in a word, and what becomes of it on the screen.

let room: RoomElement;
const socket = (): FakeSocket => FakeSocket.opened.at(-1) as FakeSocket;
const sent = (type: string): Record<string, unknown>[] => socket().sentOf(type).map((one) => one.data);
const buttons = (): string[] => [...room.querySelectorAll<HTMLButtonElement>(".hands button")].map((one) => one.querySelector(".hand-words")?.textContent ?? "");
const press = (words: string): void => [...room.querySelectorAll<HTMLButtonElement>(".hands button")].find((one) => one.textContent?.startsWith(words))?.click();
const box = (): HTMLTextAreaElement => room.querySelector("textarea") as HTMLTextAreaElement;

async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    await new Promise((done) => setTimeout(done, 20));
    await room.updateComplete;
  }
}
async function enter(...items: Item[]): Promise<void> {
  await settled();
  socket().gives(hello());
  socket().gives(snapshot(10, roomState(items)));
  await settled();
}
function write(text: string): void {
  box().value = text;
  box().dispatchEvent(new InputEvent("input", { bubbles: true }));
}
function key(name: string): void {
  box().dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
}

beforeEach(() => {
  FakeSocket.opened = [];
  sessionStorage.clear();
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", async () => new Response('{"ticket":"t"}'));
  document.body.innerHTML = `<main><cs-room room-id="${ROOM}" heading="Table one" class-name="Year 9"></cs-room></main>`;
  room = document.querySelector("cs-room") as RoomElement;
  return () => {
    room.remove();
    vi.unstubAllGlobals();
  };
});

describe("an answer's hands", () => {
  it.each([
    ["running", ["Put in a word", "Pause", "Stop"]],
    ["paused", ["Put in a word", "Go on", "Stop"]],
    ["queued", ["Stop"]],
    ["completed", []],
    ["stopped", []],
    ["failed", []],
  ] as const)("that is %s: %j", async (state, names) => {
    await enter(answer({ state }));
    expect(buttons()).toEqual(names);
  });
  it("pauses and goes on", async () => {
    await enter(answer());
    press("Pause");
    expect(sent("answer.pause")).toEqual([{ answer: "x" }]);
    socket().gives(frame("answer.paused", { answer: "x", length: 2 }, 11));
    await settled();
    expect(room.querySelector(".answer .badge")?.textContent).toBe("Paused");
    expect(room.querySelector(".answer")?.getAttribute("aria-busy")).toBe("false");
    press("Go on");
    expect(sent("answer.resume")).toEqual([{ answer: "x" }]);
    socket().gives(frame("answer.resumed", { answer: "x" }, 12));
    socket().gives(frame("answer.delta", { answer: "x", offset: 2, text: "cause", part: "text" }, 13));
    await settled();
    expect(room.querySelector(".answer-text")?.textContent).toBe("Because");
  });
  it("says why a pupil cannot let go on what a teacher has paused", async () => {
    await enter(answer({ state: "paused" }));
    press("Go on");
    socket().gives(errorFrame(socket().sentOf("answer.resume")[0]?.id ?? "", { code: "forbidden", message: "A teacher has paused this answer.", field: "data.answer" }));
    await settled();
    expect(room.querySelector(".composer-fault")?.textContent).toContain("A teacher has paused this answer.");
  });
});

describe("a word put in", () => {
  it("goes into the answer, not into a question", async () => {
    await enter(answer());
    press("Put in a word");
    await settled();
    expect(room.querySelector(".composer-into")?.textContent).toContain("Into the answer to Bob Baker");
    expect(document.activeElement).toBe(box());
    write("Why symmetry here?");
    key("Enter");
    expect(sent("answer.insert")).toEqual([{ answer: "x", text: "Why symmetry here?" }]);
    expect(sent("answer.ask")).toEqual([]);
    socket().gives({ type: "ack", ref: socket().sentOf("answer.insert")[0]?.id ?? "", seq: 11 });
    await settled();
    expect([box().value, room.querySelector(".composer-into")]).toEqual(["", null]);
  });
  it.each(["Escape", "the cross", "another mode"])("is given up with %s, and the text stays", async (way) => {
    await enter(answer());
    press("Put in a word");
    await settled();
    write("Why?");
    if (way === "Escape") key("Escape");
    else if (way === "the cross") room.querySelector<HTMLButtonElement>(".composer-into button")?.click();
    else room.querySelector<HTMLInputElement>("input[value=room]")?.click();
    await settled();
    expect([room.querySelector(".composer-into"), box().value]).toEqual([null, "Why?"]);
  });
  it("becomes a question when the answer ends first", async () => {
    await enter(answer());
    press("Put in a word");
    await settled();
    write("Why?");
    socket().gives(frame("answer.completed", { answer: "x", text: "Be", sha256: "", length: 2, reason: "stop", model: "demo" }, 11));
    await settled();
    key("Enter");
    expect([sent("answer.insert"), sent("answer.ask")]).toEqual([[], [{ text: "Why?" }]]);
  });
  it("stands between the parts of the answer, and the first part is never touched again", async () => {
    await enter(answer({ text: "The **sum** 二\n\n" }));
    const first = room.querySelector(".answer-text p");
    socket().gives(frame("answer.inserted", { answer: "x", text: "为什么？", offset: 13 }, 11, LIN));
    socket().gives(frame("answer.delta", { answer: "x", offset: 13, text: "Because $1$", part: "text" }, 12));
    await settled();
    const parts = [...room.querySelectorAll(".answer-text")].map((part) => part.textContent?.trim());
    expect(parts[0]).toBe("The sum 二");
    expect(parts[1]).toContain("Because");
    expect(room.querySelector(".answer-text p")).toBe(first);
    expect(room.querySelector(".put-in")?.textContent).toContain("为什么？");
    expect(room.querySelector(".put-in .name")?.textContent).toBe("林小雨");
    const found = await axe.run(room, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(found.violations.map((violation) => violation.id)).toEqual([]);
  });
  it("is cut by code points", () => {
    const parts = partsOf(answer({ text: "𝔸𝔹|𝔹", inserts: [{ offset: 3, text: "?", by: null }, { offset: 4, text: "!", by: null }] }));
    expect(parts.map((part) => part.text)).toEqual(["𝔸𝔹|", "𝔹", ""]);
    expect(parts.map((part) => part.putIn?.text ?? null)).toEqual([null, "?", "!"]);
  });
  it("runs nothing, whatever it says and whoever says it", async () => {
    const inserts = payloads.slice(0, 60).map((payload, at) => ({ offset: at, text: payload, by: { id: `p${at}`, name: payload, role: "student" as const } }));
    await enter(answer({ text: "x".repeat(60), inserts }));
    expect(room.querySelectorAll(".put-in").length).toBe(60);
    expect([...room.querySelectorAll(".put-in")].flatMap((part) => dangers(part))).toEqual([]);
  });
});
