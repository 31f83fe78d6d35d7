// @vitest-environment node
import { describe, expect, it } from "vitest";

import folds from "../../tests/frames/fold.json";
import { read, type Received, type RoomState, type ServerFrame } from "../src/frames";
import { EMPTY, fold, lengthOf, openAnswers, reduce, type RoomView, TYPING_MS } from "../src/store";
import { ALICE, BOB, errorFrame, frame, hello, LIN, roomState, snapshot } from "./samples";

function after(frames: Received[], start: RoomView = EMPTY, now = 0): RoomView {
  return frames.reduce((view, one) => reduce(view, one, now), start);
}

const STARTED = after([hello(), snapshot(10)]);
const ASKED = after([frame("answer.asked", { answer: "x", text: "why?" }, 11, BOB), frame("answer.started", { answer: "x", attempt: 1, model: "demo", engine: "scripted" }, 12)], STARTED);
const delta = (seq: number, offset: number, text: string): ServerFrame => frame("answer.delta", { answer: "x", offset, text, part: "text" }, seq);
const textOf = (view: RoomView): string => openAnswers(view.state)[0]?.text ?? "";

describe("fold", () => {
  it.each(folds as unknown as { name: string; start: RoomState; frames: unknown[]; end: RoomState }[])("as the server does: $name", ({ start, frames, end }) => {
    const got = frames.reduce<RoomState>((state, one) => fold(state, read(one) as ServerFrame), start);
    expect(got).toEqual(end);
  });
  it("changes no state that it was given", () => {
    const start = Object.freeze(roomState([]));
    fold(start, frame("message.posted", { text: "x" }, 1, BOB));
    expect(start.items).toEqual([]);
  });
  it("ignores a hand without a person", () => {
    expect(fold(roomState(), frame("hand.raised", {}, 1)).hands).toEqual([]);
  });
});

describe("the cursor", () => {
  it("stands at the snapshot's seq", () => {
    expect(STARTED).toMatchObject({ seq: 10, epoch: "e", gap: "none" });
  });
  it("drops what it has had", () => {
    const posted = frame("message.posted", { text: "x" }, 11, LIN);
    const once = after([posted], STARTED);
    expect(after([posted, frame("message.posted", { text: "old" }, 3, LIN)], once)).toBe(once);
  });
  it("takes nothing beyond a hole and says that events are missing", () => {
    const view = after([frame("message.posted", { text: "x" }, 13, LIN)], STARTED);
    expect(view).toMatchObject({ seq: 10, gap: "events" });
    expect(view.state?.items).toEqual([]);
    expect(after([frame("message.posted", { text: "y" }, 14, LIN)], view)).toBe(view);
  });
  it("goes on when the missing events come", () => {
    const view = after([frame("message.posted", { text: "c" }, 12, LIN), frame("message.posted", { text: "b" }, 11, LIN)], STARTED);
    expect(view).toMatchObject({ seq: 11, gap: "none" });
  });
  it("steps over hidden events and events of a newer server", () => {
    const view = after([frame("event.hidden", {}, 11), { type: "unknown", name: "new.thing", seq: 12 }], STARTED);
    expect(view).toMatchObject({ seq: 12, state: STARTED.state });
  });
  it("ignores events before the first snapshot", () => {
    expect(after([frame("message.posted", { text: "x" }, 1, BOB)]).state).toBeNull();
  });
  it("is replaced by a newer snapshot", () => {
    const view = after([snapshot(99, roomState([], { truncated: true }), { epoch: "f" })], { ...STARTED, gap: "everything" });
    expect(view).toMatchObject({ seq: 99, epoch: "f", gap: "none" });
  });
  it("keeps its epoch when a snapshot names none", () => {
    const bare = snapshot(11);
    delete (bare.data as { epoch?: string }).epoch;
    expect(after([bare], STARTED).epoch).toBe("e");
  });
});

describe("an answer's text", () => {
  it("grows at the offsets", () => {
    expect(textOf(after([delta(13, 0, "The "), delta(14, 4, "sum")], ASKED))).toBe("The sum");
  });
  it("counts code points, not halves of a sign", () => {
    expect(textOf(after([delta(13, 0, "👍🏽二"), delta(14, 3, "!")], ASKED))).toBe("👍🏽二!");
    expect(lengthOf("👍🏽二")).toBe(3);
    expect(lengthOf("abc")).toBe(3);
  });
  it("does not double what overlaps", () => {
    expect(textOf(after([delta(13, 0, "The sum"), delta(14, 4, "sum is")], ASKED))).toBe("The sum is");
  });
  it("asks for everything when a piece is missing", () => {
    const view = after([delta(13, 7, "x")], ASKED);
    expect(view).toMatchObject({ gap: "everything", seq: 12 });
  });
  it.each(["completed", "stopped", "failed"] as const)("is replaced when it is %s", (state) => {
    const data = { answer: "x", text: "whole", sha256: "", length: 5, reason: "r", model: "demo", message: "m" };
    const view = after([delta(13, 0, "par"), frame(`answer.${state}`, data, 14, ALICE)], ASKED);
    expect(view.state?.items[0]).toMatchObject({ state, text: "whole", reason: "r", ended_by: ALICE, position: null });
    expect(openAnswers(view.state)).toEqual([]);
  });
});

describe("what is around the room", () => {
  it("follows presence, the tutor and saving", () => {
    const view = after([frame("presence.changed", { present: [LIN] }), frame("tutor.changed", { available: false, reason: "gone" }), frame("saving.changed", { behind: true })], STARTED);
    expect(view).toMatchObject({ present: [LIN], tutor: { available: false, reason: "gone" }, isBehind: true, seq: 10 });
  });
  it("shows who types, for a while, until she posts", () => {
    const typing = reduce(STARTED, frame("typing.shown", {}, null, LIN), 1000);
    expect(typing.typing).toEqual([{ person: LIN, until: 1000 + TYPING_MS }]);
    expect(reduce(typing, frame("typing.shown", {}, null, ALICE), 1000 + TYPING_MS).typing.map((sign) => sign.person)).toEqual([ALICE]);
    expect(reduce(typing, frame("message.posted", { text: "x" }, 11, LIN), 2000).typing).toEqual([]);
  });
  it("does not tell me that I type", () => {
    expect(reduce(STARTED, frame("typing.shown", {}, null, BOB), 0)).toBe(STARTED);
    expect(reduce(STARTED, frame("typing.shown", {}), 0)).toBe(STARTED);
  });
  it("knows who I am and the limits", () => {
    expect(STARTED.you?.name).toBe("Bob Baker");
    expect(STARTED.limits.text).toBe(8000);
  });
  it("leaves acks, errors and pongs to others, and counts what it could not read", () => {
    expect(after([{ type: "ack", ref: "x", seq: 1 }, errorFrame("x"), frame("pong", {})], STARTED)).toBe(STARTED);
    expect(after([{ type: "unreadable", why: "x" }], STARTED).unreadable).toBe(1);
    expect(after([{ type: "unknown", name: "x", seq: null }], STARTED)).toBe(STARTED);
  });
  it("closes and reopens the room with a notice each", () => {
    const view = after([frame("room.closed", {}, 11, ALICE), frame("room.reopened", {}, 12, ALICE), frame("member.joined", { user: LIN }, 13)], STARTED);
    expect(view.state?.room.state).toBe("open");
    expect(view.state?.items.map((item) => item.kind)).toEqual(["notice", "notice", "notice"]);
  });
});
