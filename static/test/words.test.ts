// @vitest-environment node
import { describe, expect, it } from "vitest";

import type { Status } from "../src/connection";
import type { AnswerItem, NoticeItem } from "../src/frames";
import { answerWords, clockTime, dayOf, dayWords, errorWords, hue, initials, noticeWords, peopleWords, statusWords } from "../src/words";
import { ALICE, BOB, errorFrame, LIN } from "./samples";

const status = (change: Partial<Status>): Status => ({ phase: "live", kind: "socket", retryAt: null, reason: null, ...change });
const answer = (change: Partial<AnswerItem>): AnswerItem => ({ kind: "answer", seq: 1, at: "", by: BOB, answer: "x", question: "?", state: "completed", text: "t", position: null, reason: "stop", ended_by: null, model: "m", inserts: [], eta_s: null, hint: null, checks: [], search: null, sources: [], about: null, highlights: [], held_by: null, ...change });
const notice = (type: string, data: Record<string, unknown> = {}, by: NoticeItem["by"] = ALICE): NoticeItem => ({ kind: "notice", seq: 1, at: "", by, type, data });

describe("names", () => {
  it.each([["Alice Archer", "AA"], ["mia", "M"], ["林小雨", "林"], ["  ", "?"], ["Ada Maria Lovelace", "AL"], ["שרה כהן", "ש"], ["👩‍🏫 Teacher", "👩"]])("%j → %j", (name, letters) => expect(initials(name)).toBe(letters));
  it("keep their colour", () => {
    expect(hue("a")).toBe(hue("a"));
    for (const id of ["a", "b", "👍", ""]) expect(hue(id)).toBeLessThan(8);
  });
  it("say who writes", () => {
    expect(peopleWords([])).toBe("");
    expect(peopleWords([BOB])).toBe("Bob Baker is writing…");
    expect(peopleWords([BOB, LIN])).toBe("Bob Baker and 林小雨 are writing…");
    expect(peopleWords([BOB, LIN, ALICE])).toBe("3 people are writing…");
  });
});

describe("times", () => {
  it("say nothing about what is no time", () => {
    expect([clockTime("x"), dayOf("x")]).toEqual(["", ""]);
  });
  it("name the day", () => {
    const now = Date.parse("2026-11-21T12:00:00");
    expect(dayWords("2026-11-21T09:00:00", now)).toBe("Today");
    expect(dayWords("2026-11-20T09:00:00", now)).toBe("Yesterday");
    expect(dayWords("2026-11-02T09:00:00", now)).toMatch(/2/);
    expect(clockTime("2026-11-21T09:05:00")).toMatch(/05/);
  });
});

describe("the connection in words", () => {
  it.each([
    [status({}), true, "Live"],
    [status({ kind: "sse" }), true, "Live"],
    [status({ kind: "poll" }), true, "Polling"],
    [status({ phase: "connecting" }), true, "Connecting…"],
    [status({ phase: "waiting", retryAt: 3_500 }), true, "Reconnecting in 4 s"],
    [status({ phase: "waiting", retryAt: 0 }), true, "Connecting…"],
    [status({ phase: "waiting", retryAt: 3_500 }), false, "Offline"],
    [status({ phase: "paused" }), true, "Paused"],
    [status({ phase: "ended", reason: "removed" }), true, "Left"],
    [status({ phase: "ended", reason: "missing" }), true, "No room"],
    [status({ phase: "ended", reason: "signed_out" }), true, "Signed out"],
  ])("%o", (now, isOnline, short) => expect(statusWords(now, 0, isOnline).short).toBe(short));
});

describe("errors", () => {
  it("say it in the page's own words where it has some", () => {
    expect(errorWords(errorFrame("x", { code: "room_closed" }))).toMatch(/closed/);
  });
  it("name the text box in plain words", () => expect(errorWords(errorFrame("x"))).toBe("The text is wrong."));
  it("name another field", () => {
    expect(errorWords(errorFrame("x", { field: "data.user", message: "Nobody has that id." }))).toBe("Nobody has that id. (data.user)");
    expect(errorWords(errorFrame("x", { field: "data.user", message: "`data.user` is missing." }))).toBe("data.user is missing.");
  });
  it("never are empty", () => expect(errorWords(errorFrame("x", { code: "new", message: "", field: null }))).not.toBe(""));
});

describe("notices", () => {
  it.each([
    [notice("member.joined", { user: LIN }), "林小雨 joined the class"],
    [notice("member.joined", {}), "Alice Archer joined the class"],
    [notice("member.removed", { user: LIN }), "林小雨 is not in this class any more"],
    [notice("room.closed"), "Alice Archer closed the room"],
    [notice("room.closed", {}, null), "The room was closed"],
    [notice("room.reopened"), "Alice Archer opened the room again"],
    [notice("room.reopened", {}, null), "The room is open again"],
    [notice("room.changed", { title: "t", problem: { title: "A sum" } }), "Alice Archer changed the room: the problem is “A sum”"],
    [notice("room.changed", { title: "t", problem: null }, null), "The teacher changed the room: there is no problem set"],
    [notice("memory.changed", { text: "x", upto: 1, how: "staff" }), "Alice Archer changed what the tutor remembers of this room (staff alone see this)"],
    [notice("memory.changed", { text: "x", upto: 1, how: "list" }, null), "The tutor now remembers the oldest questions in short (staff alone see this)"],
    [notice("new.thing"), "Something happened that this page is too old to show"],
  ])("%#", (item, words) => expect(noticeWords(item)).toBe(words));
});

describe("an answer's state", () => {
  it.each([
    [answer({ state: "queued", position: 2 }), "Waiting, 2 ahead", ""],
    [answer({ state: "queued", position: null }), "Waiting for the tutor", ""],
    [answer({ state: "running", text: "" }), "Thinking", ""],
    [answer({ state: "running" }), "Writing", ""],
    [answer({ state: "paused" }), "Paused", ""],
    [answer({ state: "queued", position: 2, eta_s: 42 }), "Waiting, 2 ahead, about 40 s", ""],
    [answer({ state: "queued", position: 1, eta_s: 1 }), "Waiting, 1 ahead, about 5 s", ""],
    [answer({ state: "queued", position: 9, eta_s: 100 }), "Waiting, 9 ahead, about 2 min", ""],
    [answer({ state: "stopped", ended_by: ALICE }), "Stopped", "Stopped by Alice Archer."],
    [answer({ state: "stopped" }), "Stopped", "Stopped."],
    [answer({ state: "failed", reason: "lost" }), "No answer", "The tutor was interrupted and could not go on."],
    [answer({ state: "failed", reason: "new" }), "No answer", "The tutor could not answer."],
    [answer({ reason: "length" }), "", "The answer reached its longest length and ends here."],
    [answer({}), "", ""],
  ])("%#", (item, badge, note) => expect(answerWords(item)).toEqual({ badge, note }));
});
