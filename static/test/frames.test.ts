// @vitest-environment node
import { describe, expect, it, vi } from "vitest";

import { clientFrame, decode, encode, read, SERVER_TYPES, uuid } from "../src/frames";

interface Case {
  name: string;
  direction?: "client" | "server";
  valid?: boolean;
  frame?: Record<string, unknown>;
  frames?: Record<string, unknown>[];
}
const files = import.meta.glob<Case[]>("../../tests/frames/*.json", { eager: true, import: "default" });
const cases = Object.entries(files).flatMap(([path, list]) => list.map((one) => ({ ...one, file: path.split("/").at(-1) ?? "" })));
const serverCases = cases.filter((one) => one.direction === "server" && one.frame);
const clientCases = cases.filter((one) => one.direction === "client" && one.valid && one.frame);

describe("the shared fixtures", () => {
  it("are there", () => {
    expect(serverCases.length).toBeGreaterThan(20);
    expect(clientCases.length).toBeGreaterThan(8);
  });

  it.each(serverCases)("of the server are read: $file $name", ({ frame, valid }) => {
    const found = decode(JSON.stringify(frame));
    if (valid === false) return expect(found.type).toBe("unreadable");
    expect(found.type).toBe(frame?.["type"]);
    if ("data" in found) expect(found.data).toEqual(frame?.["data"]);
    if ("seq" in found) expect(found.seq).toBe(frame?.["seq"] ?? null);
  });

  it("cover every frame that this page knows", () => {
    const seen = new Set(serverCases.map((one) => one.frame?.["type"]));
    expect(SERVER_TYPES.filter((type) => !seen.has(type))).toEqual([]);
  });

  it.each(clientCases)("of the client are written: $file $name", ({ frame }) => {
    const { type, id, data } = frame as { type: "ping"; id: string; data?: Record<string, never> };
    const written = JSON.parse(encode(clientFrame(type, data ?? {}, id))) as unknown;
    expect(written).toEqual({ data: {}, ...frame });
  });

  it.each(cases.filter((one) => one.frames))("of folds are read: $name", ({ frames }) => {
    for (const frame of frames ?? []) expect(read(frame).type).toBe(frame["type"]);
  });
});

describe("decode", () => {
  it.each(["", "{", "null", "[]", "7", '"x"', "{}", '{"type":7}', "\u0000", '{"type":"message.posted","seq":-1,"data":{}}', '{"type":"message.posted","seq":1.5,"data":{}}'])("reports and does not throw: %j", (json) => {
    const found = decode(json);
    expect(found.type).toBe("unreadable");
  });

  it.each([
    ["message.posted", { text: 7 }, "message.posted: data.text"],
    ["message.posted", {}, "message.posted: data.text"],
    ["answer.delta", { answer: "a", offset: -1, text: "x" }, "answer.delta: data.offset"],
    ["hand.lowered", { user: { id: "x", name: "y" } }, "hand.lowered: data.user"],
    ["snapshot", { state: { room: {}, problem: null, items: [], hands: [], truncated: false }, present: [], tutor: {} }, "snapshot: data.state"],
    ["tutor.changed", { available: "yes", reason: "" }, "tutor.changed: data.available"],
  ])("names the field that is wrong in %s", (type, data, why) => {
    expect(read({ type, seq: 1, data })).toEqual({ type: "unreadable", why });
  });

  it("refuses a wrong `by` and data that is no object", () => {
    expect(read({ type: "hand.raised", seq: 1, by: { id: 1 }, data: {} })).toEqual({ type: "unreadable", why: "hand.raised: by" });
    expect(read({ type: "hand.raised", seq: 1, data: [] })).toEqual({ type: "unreadable", why: "hand.raised: data" });
  });

  it("refuses an item that it does not know inside a snapshot", () => {
    const state = { room: { id: "r", title: "t", state: "open", class: "c" }, problem: null, items: [{ kind: "video", seq: 1 }], hands: [], truncated: false };
    expect(read({ type: "snapshot", seq: 1, data: { state, present: [], tutor: { available: true, reason: "" } } }).type).toBe("unreadable");
  });

  it("keeps the seq of a frame from a newer server", () => {
    expect(read({ type: "answer.step", seq: 9, data: { n: 1 } })).toEqual({ type: "unknown", name: "answer.step", seq: 9 });
    expect(read({ type: "toString", seq: null })).toEqual({ type: "unknown", name: "toString", seq: null });
  });

  it("fills what an error may leave out", () => {
    expect(read({ type: "error", ref: null, code: "busy", message: "m" })).toEqual({ type: "error", ref: null, code: "busy", message: "m", field: null, retryable: false, retry_ms: null });
    expect(read({ type: "error", code: "busy", message: "m" }).type).toBe("unreadable");
    expect(read({ type: "ack", ref: "x" }).type).toBe("unreadable");
  });
});

describe("uuid", () => {
  const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  it("is random", () => {
    expect(uuid()).toMatch(FORM);
    expect(uuid()).not.toBe(uuid());
  });
  it("is made by hand where the page has no secure origin", () => {
    vi.stubGlobal("crypto", { getRandomValues: (bytes: Uint8Array) => bytes.fill(255) });
    expect(uuid()).toMatch(FORM);
    vi.unstubAllGlobals();
  });
});
