import { describe, expect, it } from "vitest";

import type { Received } from "../src/frames";
import { news } from "../src/room/announcer";
import { EMPTY, reduce } from "../src/store";
import { ALICE, answer, BOB, frame, hello, LIN, message, roomState, snapshot } from "./samples";

describe("what a screen reader is told", () => {
  const before = reduce(reduce(EMPTY, hello(), 0), snapshot(10, roomState([answer({ seq: 2 })])), 0);
  const told = (one: Received): string[] => news(before, reduce(before, one, 0));
  it("is what others say, not what I say", () => {
    expect(told(frame("message.posted", { text: "**hi** $x$" }, 11, LIN))).toEqual(["林小雨: hi x"]);
    expect(told(frame("message.posted", { text: "hi" }, 11, BOB))).toEqual([]);
  });
  it("is a finished answer, never a piece", () => {
    expect(told(frame("answer.delta", { answer: "x", offset: 2, text: "y", part: "text" }, 11))).toEqual([]);
    const end = { answer: "x", text: "All of it.", sha256: "", length: 10, reason: "stop", model: "m", message: "" };
    expect(told(frame("answer.completed", end, 11))).toEqual(["The tutor has answered: All of it."]);
    expect(told(frame("answer.stopped", end, 11))).toEqual(["The answer was stopped."]);
    expect(told(frame("answer.failed", end, 11))).toEqual(["The tutor could not answer."]);
  });
  it("is a question, a notice, a hand", () => {
    expect(told(frame("answer.asked", { answer: "n", text: "why" }, 11, LIN))).toEqual(["林小雨 asks the tutor: why"]);
    expect(told(frame("room.closed", {}, 11, ALICE))).toEqual(["Alice Archer closed the room."]);
    expect(told(frame("hand.raised", {}, 11, LIN))).toEqual(["林小雨 raised a hand."]);
    expect(told(frame("hand.raised", {}, 11, BOB))).toEqual([]);
  });
  it("is not the past", () => {
    expect(news(EMPTY, before)).toEqual([]);
    expect(news(before, reduce(before, snapshot(99, roomState([message(50, LIN, "x")]), { epoch: "f" }), 0))).toEqual([]);
  });
  it("is cut where nobody would listen any more", () => {
    expect(told(frame("message.posted", { text: "x ".repeat(400) }, 11, LIN))[0]?.length).toBeLessThan(640);
  });
});
