// A room for tests: people, frames and a snapshot. Charlie is the outsider: never in the room.

import type { AnswerItem, ErrorFrame, Item, Person, Received, RoomState, ServerData, ServerFrame, ServerType, You } from "../src/frames";
import { EVERYBODY } from "../src/passages";
import type { ItemContext } from "../src/room/items";

export const ALICE: Person = { id: "a", name: "Alice Archer", role: "teacher" };
export const BOB: Person = { id: "b", name: "Bob Baker", role: "student" };
export const LIN: Person = { id: "l", name: "林小雨", role: "student" };
export const ROOM = "11111111-1111-4111-8111-111111111111";
export const AT = "2026-11-21T09:00:00.000Z";

export function frame<T extends ServerType>(type: T, data: ServerData[T], seq: number | null = null, by: Person | null = null): ServerFrame {
  return { type, seq, at: AT, by, ref: null, data } as ServerFrame;
}

export function you(person: Person, change: Partial<You> = {}): You {
  return { ...person, staff: false, can: { post: true, ask: true, stop: true }, ...change };
}

export function hello(who: You = you(BOB), seq = 0, epoch = "e"): ServerFrame {
  return frame("hello", { v: 1, room: ROOM, epoch, seq, you: who, limits: { text: 8000, frame: 65536, heartbeat_s: 25 } });
}

export function roomState(items: Item[] = [], change: Partial<RoomState> = {}): RoomState {
  return { room: { id: ROOM, title: "Table one", state: "open", class: "Year 9" }, problem: null, ladder: null, items, hands: [], controls: EVERYBODY, truncated: false, ...change };
}

export function message(seq: number, by: Item["by"], text: string): Item {
  return { kind: "message", seq, at: AT, by, text, checks: [] };
}

export function answer(change: Partial<AnswerItem> = {}): AnswerItem {
  return { kind: "answer", seq: 2, at: AT, by: BOB, answer: "x", question: "why?", state: "running", text: "Be", position: null, reason: "", ended_by: null, model: "demo", inserts: [], eta_s: null, hint: null, checks: [], search: null, sources: [], about: null, highlights: [], held_by: null, ...change };
}

export function snapshot(seq: number, state: RoomState = roomState(), change: Partial<ServerData["snapshot"]> = {}): ServerFrame {
  return frame("snapshot", { state, epoch: "e", present: [ALICE, BOB], tutor: { available: true, reason: "" }, ...change }, seq);
}

export function errorFrame(ref: string | null, change: Partial<ErrorFrame> = {}): ErrorFrame {
  return { type: "error", ref, code: "bad_field", message: "`data.text` is wrong.", field: "data.text", retryable: false, retry_ms: null, ...change };
}

export const json = (value: Received): string => JSON.stringify(value);

/** What the lines of a room are shown with: everything allowed, nothing played. */
export function itemContext(change: Partial<ItemContext> = {}): ItemContext {
  const nothing = (): void => undefined;
  return {
    you: "b", canStop: true, canAsk: true, may: () => true, playing: () => null, find: () => null, stop: nothing, pause: nothing, resume: nothing, putIn: nothing,
    again: nothing, edit: nothing, askAbout: nothing, play: nothing, showAll: nothing, ...change,
  };
}
