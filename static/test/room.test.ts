import axe from "axe-core";
import { beforeEach, describe, expect, it, vi } from "vitest";

import payloads from "../../tests/payloads.json";
import type { Received, RoomState } from "../src/frames";
import "../src/room/room-element";
import type { RoomElement } from "../src/room/room-element";
import { FakeSocket } from "./browser";
import { ALICE, answer, AT, BOB, errorFrame, frame, hello, LIN, message, ROOM, roomState, snapshot, you } from "./samples";
import { dangers } from "./safe";

let room: RoomElement;
const text = (selector: string): string => room.querySelector(selector)?.textContent?.replace(/\s+/g, " ").trim() ?? "";
const socket = (): FakeSocket => FakeSocket.opened.at(-1) as FakeSocket;
const sent = (type: string): Record<string, unknown>[] => socket().sentOf(type).map((one) => one.data);

async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    await new Promise((done) => setTimeout(done, 20));
    await room.updateComplete;
  }
}
async function enter(state: RoomState = roomState(), first: Received = hello(), change = {}): Promise<void> {
  await settled();
  socket().gives(first);
  socket().gives(snapshot(10, state, change));
  await settled();
}

beforeEach(() => {
  FakeSocket.opened = [];
  sessionStorage.clear();
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", async () => new Response('{"ticket":"t"}'));
  document.body.innerHTML = `<main><cs-room room-id="${ROOM}" heading="Table one" class-name="Year 9"><div data-staff-tools hidden><form data-when="open"></form><form data-when="closed"></form></div><p class="room-fallback">static</p></cs-room></main>`;
  room = document.querySelector("cs-room") as RoomElement;
  return () => {
    room.remove();
    vi.unstubAllGlobals();
  };
});

describe("the room", () => {
  it("shows its name while it connects, then the state", async () => {
    await settled();
    expect(text("h1")).toBe("Table one");
    expect(text(".line-state")).toBe("Connecting…");
    expect(room.querySelector(".room-fallback")).toBeNull();
    await enter(roomState([], { problem: { id: "p", title: "A sum", statement: "What is $1+1$?" } }));
    expect(text(".line-state")).toBe("Live");
    expect(text(".room-problem summary")).toBe("A sum");
    expect(room.querySelector(".room-problem .katex")).not.toBeNull();
    expect(text(".room-empty strong")).toBe("Nothing has been said yet");
    expect(document.title).toContain("Table one");
  });
  it("shows messages with names and roles, and joins those of one person", async () => {
    await enter(roomState([message(1, ALICE, "hello"), message(2, ALICE, "again"), message(3, LIN, "你好"), message(4, null, "x")]));
    const lines = [...room.querySelectorAll(".message")];
    expect(lines.map((line) => line.classList.contains("continued"))).toEqual([false, true, false, false]);
    expect(lines[0]?.querySelector(".role")?.textContent).toBe("teacher");
    expect(lines[2]?.querySelector(".avatar")?.textContent).toBe("林");
  });
  it("streams an answer and ends it with the whole text", async () => {
    await enter(roomState([answer()]));
    expect(text(".answer .badge")).toBe("Writing");
    socket().gives(frame("answer.delta", { answer: "x", offset: 2, text: "cause **bo", part: "text" }, 11));
    await settled();
    expect(text(".answer-text")).toBe("Because bo");
    socket().gives(frame("answer.completed", { answer: "x", text: "Because **both**.", sha256: "", length: 17, reason: "stop", model: "demo" }, 12));
    await settled();
    expect(text(".answer-text")).toBe("Because both.");
    expect(room.querySelector(".answer .badge")).toBeNull();
    expect(room.querySelector(".stop")).toBeNull();
  });
  it("stops an answer, and asks again what failed", async () => {
    await enter(roomState([answer(), answer({ seq: 3, answer: "y", state: "failed", text: "", question: "again?", reason: "lost" })]));
    room.querySelector<HTMLButtonElement>(".stop")?.click();
    expect(sent("answer.stop")).toEqual([{ answer: "x" }]);
    room.querySelector<HTMLButtonElement>(".answer-foot button")?.click();
    await settled();
    expect(room.querySelector("textarea")?.value).toBe("again?");
  });
  it("sends questions and messages, and empties the box with the ack", async () => {
    await enter();
    const box = room.querySelector("textarea") as HTMLTextAreaElement;
    box.value = "why?";
    box.dispatchEvent(new InputEvent("input", { bubbles: true }));
    expect(sessionStorage.getItem(`draft:${ROOM}`)).toBe("why?");
    box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    expect(sent("answer.ask")).toEqual([{ text: "why?" }]);
    expect(sent("typing.show").length).toBe(1);
    socket().gives({ type: "ack", ref: socket().sentOf("answer.ask")[0]?.id ?? "", seq: 11 });
    await settled();
    expect(box.value).toBe("");
    expect(sessionStorage.getItem(`draft:${ROOM}`)).toBeNull();
  });
  it("keeps what was refused, and says why at the box", async () => {
    await enter();
    const box = room.querySelector("textarea") as HTMLTextAreaElement;
    box.value = "why?";
    box.dispatchEvent(new InputEvent("input", { bubbles: true }));
    box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true, cancelable: true }));
    socket().gives(errorFrame(socket().sentOf("message.post")[0]?.id ?? "", { code: "slow_down" }));
    await settled();
    expect(box.value).toBe("why?");
    expect(text(".composer-fault")).toMatch(/very quick/);
  });
  it("asks again for what is missing", async () => {
    await enter();
    socket().gives(frame("message.posted", { text: "late" }, 15, LIN));
    await settled();
    expect(FakeSocket.opened.length).toBe(2);
    socket().gives(hello());
    expect(socket().sent[0]?.data).toEqual({ after: 10, epoch: "e" });
  });
  it("takes the draft and the mode of before", async () => {
    sessionStorage.setItem(`draft:${ROOM}`, "half a thought");
    sessionStorage.setItem("mode", "room");
    room.remove();
    room = document.createElement("cs-room") as RoomElement;
    room.setAttribute("room-id", ROOM);
    document.body.replaceChildren(room);
    await enter();
    expect(room.querySelector("textarea")?.value).toBe("half a thought");
    expect(room.querySelector<HTMLInputElement>("input[value=room]")?.checked).toBe(true);
  });
});

describe("people", () => {
  it("are shown with roles and hands; a student lowers only her own", async () => {
    await enter(roomState([], { hands: [LIN, BOB] }));
    expect([...room.querySelectorAll("section[aria-labelledby=people-title] .person-name")].map((node) => node.textContent?.replace(/\s+/g, " ").trim())).toEqual(["Alice Archer", "Bob Baker (you)"]);
    expect(room.querySelectorAll("section[aria-labelledby=hands-title] button").length).toBe(1);
    room.querySelector<HTMLButtonElement>(".hand")?.click();
    expect(sent("hand.lower")).toEqual([{}]);
  });
  it("a student raises a hand; staff do not, but lower others' and have their tools", async () => {
    await enter();
    room.querySelector<HTMLButtonElement>(".hand")?.click();
    expect(sent("hand.raise")).toEqual([{}]);
    socket().gives(hello(you(ALICE, { staff: true })));
    socket().gives(frame("hand.raised", {}, 11, LIN));
    await settled();
    expect(room.querySelector(".button.hand")).toBeNull();
    room.querySelector<HTMLButtonElement>("section[aria-labelledby=hands-title] button")?.click();
    expect(sent("hand.lower")).toEqual([{ user: "l" }]);
    const forms = [...room.querySelectorAll<HTMLElement>("[data-staff-tools] form")];
    expect(forms.map((form) => form.hidden)).toEqual([false, true]);
  });
  it("open and close on a small screen, also by Escape", async () => {
    await enter();
    const opener = room.querySelector<HTMLButtonElement>("[aria-controls=room-side]");
    opener?.click();
    await settled();
    expect(opener?.getAttribute("aria-expanded")).toBe("true");
    room.querySelector(".room-side")?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    await settled();
    expect(opener?.getAttribute("aria-expanded")).toBe("false");
    expect(document.activeElement).toBe(opener);
  });
  it("who write are named for a while", async () => {
    await enter();
    socket().gives(frame("typing.shown", {}, null, LIN));
    await settled();
    expect(text(".typing")).toBe("林小雨 is writing…");
  });
});

describe("what everybody must know", () => {
  it("the tutor is away and chat goes on", async () => {
    await enter(roomState(), hello(), { tutor: { available: false, reason: "model.safetensors is missing." } });
    expect(text(".alert.warning")).toContain("The tutor is unavailable. model.safetensors is missing. You can still talk to each other.");
    expect(room.querySelector("textarea")).not.toBeNull();
  });
  it("saving is slow", async () => {
    await enter();
    socket().gives(frame("saving.changed", { behind: true }));
    await settled();
    expect(text(".alert.info")).toMatch(/Nothing is lost/);
  });
  it("a closed room cannot be written in", async () => {
    await enter(roomState([message(1, BOB, "x")], { room: { ...roomState().room, state: "closed" } }));
    expect(text("cs-composer")).toMatch(/closed/);
    expect(room.querySelector("[data-when=closed]")).toHaveProperty("hidden", false);
  });
  it("an observer reads", async () => {
    await enter(roomState(), hello(you(LIN, { can: { post: false, ask: false, stop: false } })));
    expect(text("cs-composer")).toMatch(/watching/);
    expect(room.querySelector(".hand")).toBeNull();
  });
  it("who was removed sees no tools and no box", async () => {
    await enter();
    socket().drops(4403);
    await settled();
    expect(text(".alert.error")).toMatch(/not in this room any more/);
    expect(room.querySelector("textarea")).toBeNull();
    expect(room.querySelector("[data-staff-tools]")).toBeNull();
  });
  it("an outsider gets nothing but the reason", async () => {
    await settled();
    socket().drops(4404);
    await settled();
    expect(text(".alert.error")).toMatch(/does not exist, or it is not one of yours/);
    expect(room.querySelectorAll(".line, .people li").length).toBe(0);
  });
  it("a lost line counts down and can be tried at once", async () => {
    await enter();
    socket().drops(1012, "retry_ms=9000");
    await settled();
    expect(text(".line-state")).toMatch(/Reconnecting in \d+ s/);
    room.querySelector<HTMLButtonElement>(".line-state button")?.click();
    await settled();
    expect(FakeSocket.opened.length).toBe(2);
  });
});

describe("safety and access", () => {
  it("no payload runs, in any field", async () => {
    for (const payload of payloads.filter((_, at) => at % 6 === 0)) {
      const who = { ...LIN, name: payload };
      const state = roomState([message(1, who, payload), answer({ by: who, question: payload, text: payload }), { kind: "notice", seq: 9, at: AT, by: who, type: "room.changed", data: { title: payload, problem: { title: payload } } }], {
        room: { ...roomState().room, title: payload, class: payload }, problem: { id: "p", title: payload, statement: payload }, hands: [who],
      });
      await settled();
      if (FakeSocket.opened.length && socket().sent.length === 0) socket().gives(hello());
      socket().gives(snapshot(10, state, { present: [who], tutor: { available: false, reason: payload } }));
      await settled();
      const outside = [...room.querySelectorAll("textarea, input, form")];
      for (const node of outside) node.remove();
      expect(dangers(room).filter((danger) => !danger.startsWith("A href=/") && !danger.startsWith("use"))).toEqual([]);
      document.body.innerHTML = `<main><cs-room room-id="${ROOM}"></cs-room></main>`;
      room = document.querySelector("cs-room") as RoomElement;
    }
  }, 120_000);
  it("has no fault that axe finds", async () => {
    await enter(roomState([message(1, ALICE, "hello"), answer(), answer({ seq: 5, answer: "z", state: "completed", text: "```\nx\n```" })], { hands: [LIN], problem: { id: "p", title: "A sum", statement: "x" } }));
    const found = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(found.violations.map((one) => `${one.id}: ${one.nodes[0]?.html}`)).toEqual([]);
  });
});
