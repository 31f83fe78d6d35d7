// The wire, as the browser reads and writes it. The spec is PROTOCOL.md; the truth that this file and the server share is
// tests/frames/*.json. A frame that cannot be read is a value ("unreadable"), never an exception.

import { BOARD_SHAPES, type BoardData } from "./boards";
import { type HintGiven, type HintItem, hintGiven, hintItem, type Ladder, ladder, type LadderState, ladderState } from "./ladder";
import { type About, about, type Controls, controls, type Highlight, highlights, PASSAGE_SHAPES, type PassageData } from "./passages";
import { type Check, fault, flag, isRecord, list, orMissing, orNull, person, type Shape, shaped, text, whole } from "./shapes";
import { report, type Report, type RunItem } from "./runs";
import { type Checked, type LineMark, lineMarks, type LinesChecked, linesChecked, type StepItem } from "./steps";
import { searched, searchOf, type SearchPhase, source, type Source } from "./sources";
import { type ToolCards, type ToolData, toolItem, toolShapes } from "./tools";
import { uuid } from "./uuid";
export * from "./verbs";

export type { HintItem, LadderState } from "./ladder";
export type { SearchPhase, Source } from "./sources";
export type { RunItem } from "./runs";
export type { LineMark, StepItem } from "./steps";
export { uuid };

export type Role = "student" | "assistant" | "teacher" | "observer" | "admin";
export interface Person {
  id: string;
  name: string;
  role: Role;
}
export interface You extends Person {
  staff: boolean;
  can: { post: boolean; ask: boolean; stop: boolean };
}
export interface Limits {
  text: number;
  frame: number;
  heartbeat_s: number;
}
export interface Problem {
  id: string;
  title: string;
  statement: string;
}
export type AnswerState = "queued" | "running" | "paused" | "completed" | "stopped" | "failed";

export interface Placed {
  seq: number;
  at: string;
  by: Person | null;
}
export interface MessageItem extends Placed {
  kind: "message";
  text: string;
  /** Shapes that it points at (A16). */
  about?: About;
  checks: LineMark[];
}
/** What somebody put into an answer, behind `offset` code points of its text. */
export interface PutIn {
  offset: number;
  text: string;
  by: Person | null;
}
export interface AnswerItem extends Placed, ToolCards {
  kind: "answer";
  answer: string;
  question: string;
  state: AnswerState;
  text: string;
  position: number | null;
  reason: string;
  ended_by: Person | null;
  model: string;
  inserts: PutIn[];
  eta_s: number | null;
  /** The rung of the hint that this is, if it is one. */
  hint: number | null;
  checks: LineMark[];
  search: SearchPhase | null;
  sources: Source[];
  about: About | null;
  highlights: Highlight[];
  /** Who has paused it, while it is paused. */
  held_by: Person | null;
}
export interface NoticeItem extends Placed {
  kind: "notice";
  type: string;
  data: Record<string, unknown>;
}
export type Item = MessageItem | AnswerItem | StepItem | RunItem | HintItem | NoticeItem;

export interface RoomState {
  room: { id: string; title: string; state: "open" | "closed"; class: string };
  problem: Problem | null;
  ladder: LadderState | null;
  items: Item[];
  hands: Person[];
  controls: Controls;
  truncated: boolean;
}
export interface TutorState {
  available: boolean;
  reason: string;
}
interface Ended {
  answer: string;
  text: string;
  sha256: string;
  length: number;
  reason: string;
}

/** The data of every frame of the server, by type. */
export interface ServerData extends BoardData, ToolData, PassageData {
  hello: { v: number; room: string; epoch: string; seq: number; you: You; limits: Limits };
  snapshot: { state: RoomState; epoch?: string; present: Person[]; tutor: TutorState };
  "message.posted": { text: string; about?: About };
  "answer.asked": { answer: string; text: string; about?: About | null; supersedes?: string | null };
  "answer.queued": { answer: string; position: number; eta_s: number | null };
  "answer.status": { answer: string; phase: SearchPhase; latency_ms: number | null };
  "answer.source": Source & { answer: string };
  "answer.started": { answer: string; attempt: number; model: string; engine: string };
  "answer.delta": { answer: string; offset: number; text: string; part: "text" | "code" | "result" };
  "answer.paused": { answer: string; length: number };
  "answer.resumed": { answer: string };
  "answer.inserted": { answer: string; text: string; offset: number };
  "answer.completed": Ended & { model: string };
  "answer.stopped": Ended;
  "answer.failed": Ended & { message: string };
  "step.submitted": { step: string; text: string; after: string | null };
  "step.checked": Checked & { step: string };
  "lines.checked": LinesChecked;
  "code.ran": Report;
  "hint.requested": { rung: number };
  "hint.given": HintGiven;
  "rung.moved": { rung: number; before: number; ladder: Ladder };
  "rules.changed": { ladder: Ladder };
  "memory.changed": { text: string; upto: number; how: "model" | "list" | "staff" };
  "hand.raised": Record<string, never>;
  "hand.lowered": { user: Person };
  "member.joined": { user: Person };
  "member.removed": { user: Person };
  "room.closed": Record<string, never>;
  "room.reopened": Record<string, never>;
  "room.changed": { title: string; problem: Problem | null; ladder?: Ladder | null };
  "event.hidden": Record<string, never>;
  "presence.changed": { present: Person[] };
  "typing.shown": Record<string, never>;
  "tutor.changed": TutorState;
  "saving.changed": { behind: boolean };
  pong: Record<string, never>;
}
export type ServerType = keyof ServerData;
export type ServerFrame = {
  [Type in ServerType]: { type: Type; seq: number | null; at: string; by: Person | null; ref: string | null; data: ServerData[Type] };
}[ServerType];
export interface AckFrame {
  type: "ack";
  ref: string;
  seq: number | null;
}
export interface ErrorFrame {
  type: "error";
  ref: string | null;
  code: string;
  message: string;
  field: string | null;
  retryable: boolean;
  retry_ms: number | null;
}
/** A frame of a newer server: kept for its seq, otherwise ignored. */
export interface UnknownFrame {
  type: "unknown";
  name: string;
  seq: number | null;
}
export interface Unreadable {
  type: "unreadable";
  why: string;
}
export type Received = ServerFrame | AckFrame | ErrorFrame | UnknownFrame | Unreadable;

export const SUBPROTOCOL = "classroom.v1";

// ---- reading

const you = shaped({ id: text, name: text, role: text, staff: flag, can: shaped({ post: flag, ask: flag, stop: flag }) });
const limits = shaped({ text: whole, frame: whole, heartbeat_s: whole });
const problem = shaped({ id: text, title: text, statement: text });
const room = shaped({ id: text, title: text, state: text, class: text });
const placed: Shape = { seq: whole, at: text, by: orNull(person) };
const putIn = shaped({ offset: whole, text, by: orNull(person) });
const items: Record<string, Check> = {
  message: shaped({ ...placed, text, checks: lineMarks, about: orMissing(about) }),
  answer: shaped({ ...placed, answer: text, question: text, state: text, text, position: orNull(whole), reason: text, ended_by: orNull(person), model: text, inserts: list(putIn), eta_s: orNull(whole), hint: orNull(whole), tools: orMissing(list(toolItem)), checks: lineMarks, about: orNull(about), highlights, held_by: orNull(person), ...searchOf }),
  step: shaped({ ...placed, step: text, text, after: orNull(text), verdict: orNull(text), reason: text, witness: orNull(text), column: orNull(whole) }),
  run: shaped({ ...placed, ...report }),
  hint: hintItem(placed),
  notice: shaped({ ...placed, type: text, data: isRecord }),
};
const item: Check = (value) => isRecord(value) && (items[String(value["kind"])]?.(value) ?? false);
const state = shaped({ room, problem: orNull(problem), ladder: orNull(ladderState), items: list(item), hands: list(person), controls, truncated: flag });
const tutor: Shape = { available: flag, reason: text };
const ended: Shape = { answer: text, text, sha256: text, length: whole, reason: text };
const user: Shape = { user: person };

const SHAPES: Record<ServerType, Shape> = {
  hello: { v: whole, room: text, epoch: text, seq: whole, you, limits },
  snapshot: { state, epoch: orMissing(text), present: list(person), tutor: shaped(tutor) },
  "message.posted": { text, about: orMissing(about) },
  "answer.asked": { answer: text, text, about: orMissing(orNull(about)), supersedes: orMissing(orNull(text)) },
  "answer.queued": { answer: text, position: whole, eta_s: orNull(whole) },
  "answer.status": searched,
  "answer.source": { answer: text, ...source },
  "answer.started": { answer: text, model: text },
  "answer.delta": { answer: text, offset: whole, text },
  "answer.paused": { answer: text, length: whole },
  "answer.resumed": { answer: text },
  "answer.inserted": { answer: text, text, offset: whole },
  "answer.completed": { ...ended, model: text },
  "answer.stopped": ended,
  "answer.failed": { ...ended, message: text },
  "step.submitted": { step: text, text, after: orNull(text) },
  "step.checked": { step: text, verdict: text, reason: text, witness: orNull(text), column: orNull(whole) },
  "lines.checked": linesChecked,
  ...PASSAGE_SHAPES,
  "code.ran": report,
  ...BOARD_SHAPES,
  "hint.requested": { rung: whole },
  "hint.given": hintGiven,
  "rung.moved": { rung: whole, before: whole, ladder },
  "rules.changed": { ladder },
  "memory.changed": { text, upto: whole, how: text },
  "hand.raised": {},
  "hand.lowered": user,
  "member.joined": user,
  "member.removed": user,
  "room.closed": {},
  "room.reopened": {},
  "room.changed": { title: text, problem: orNull(problem), ladder: orMissing(orNull(ladder)) },
  "event.hidden": {},
  "presence.changed": { present: list(person) },
  "typing.shown": {},
  "tutor.changed": tutor,
  "saving.changed": { behind: flag },
  ...toolShapes, pong: {},
};
export const SERVER_TYPES = Object.keys(SHAPES) as ServerType[];

const ACK: Shape = { ref: text, seq: orNull(whole) };
const ERROR: Shape = { ref: orNull(text), code: text, message: text };

/** One frame from its JSON text. */
export function decode(json: string): Received {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { type: "unreadable", why: "not JSON" };
  }
  return read(value);
}

/** One frame that has been parsed already (long-poll brings several in one JSON text). */
export function read(value: unknown): Received {
  if (!isRecord(value) || typeof value["type"] !== "string") return { type: "unreadable", why: "no frame" };
  const name = value["type"];
  if (name === "ack") return checked(value, ACK, name) ?? (value as unknown as AckFrame);
  if (name === "error") return checked(value, ERROR, name) ?? errorOf(value);
  const seq = value["seq"] ?? null;
  if (!orNull(whole)(seq)) return { type: "unreadable", why: `${name}: seq` };
  if (!Object.hasOwn(SHAPES, name)) return { type: "unknown", name, seq: seq as number | null };
  const data = value["data"] ?? {};
  const by = value["by"] ?? null;
  if (!isRecord(data)) return { type: "unreadable", why: `${name}: data` };
  if (!orNull(person)(by)) return { type: "unreadable", why: `${name}: by` };
  const wrong = checked(data, SHAPES[name as ServerType], `${name}: data`);
  return wrong ?? ({ type: name, seq, at: String(value["at"] ?? ""), by, ref: value["ref"] ?? null, data } as ServerFrame);
}

function checked(value: Record<string, unknown>, shape: Shape, name: string): Unreadable | null {
  const field = fault(shape, value);
  return field === null ? null : { type: "unreadable", why: `${name}.${field}` };
}

function errorOf(value: Record<string, unknown>): ErrorFrame {
  const frame = value as unknown as ErrorFrame;
  return { ...frame, field: frame.field ?? null, retryable: frame.retryable === true, retry_ms: frame.retry_ms ?? null };
}
