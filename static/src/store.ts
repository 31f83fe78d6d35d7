// What the page knows of its room: a pure fold over frames. `reduce` mirrors the server's projection; both are held to
// tests/frames/fold.json.

import type { AnswerItem, Item, Limits, NoticeItem, Person, PutIn, Received, RoomState, ServerFrame, TutorState, You } from "./frames";
import { isTry, moved } from "./ladder";
import { EVERYBODY, highlighted, proposed } from "./passages";
import { callAdded, callReturned } from "./tools";

export const TYPING_MS = 6000;

export interface Typing {
  person: Person;
  until: number;
}
export interface RoomView {
  state: RoomState | null;
  /** The last event that has been folded in; null before the first snapshot. */
  seq: number | null;
  epoch: string | null;
  you: You | null;
  limits: Limits;
  present: Person[];
  tutor: TutorState;
  typing: Typing[];
  /** Whether the log is slow to keep what is written. */
  isBehind: boolean;
  /** Events are missing: join again after `seq`, or from nothing when even that does not help. */
  gap: "none" | "events" | "everything";
  unreadable: number;
}

export const EMPTY: RoomView = {
  state: null,
  seq: null,
  epoch: null,
  you: null,
  limits: { text: 8000, frame: 65536, heartbeat_s: 25 },
  present: [],
  tutor: { available: true, reason: "" },
  typing: [],
  isBehind: false,
  gap: "none",
  unreadable: 0,
};

/** The view after one frame. `now` in milliseconds: until when a typing sign lasts. */
export function reduce(view: RoomView, frame: Received, now: number): RoomView {
  switch (frame.type) {
    case "ack":
    case "error":
      return view;
    case "unreadable":
      return { ...view, unreadable: view.unreadable + 1 };
    case "hello":
      return { ...view, you: frame.data.you, limits: frame.data.limits };
    case "snapshot": {
      const { state, present, tutor, epoch } = frame.data;
      return { ...view, state, present, tutor, epoch: epoch ?? view.epoch, seq: frame.seq, gap: "none" };
    }
    default:
      return frame.seq === null ? passing(view, frame, now) : placed(view, frame);
  }
}

/** Frames outside the log: they change what is around the room, never what was said. */
function passing(view: RoomView, frame: Received, now: number): RoomView {
  switch (frame.type) {
    case "presence.changed":
      return { ...view, present: frame.data.present };
    case "tutor.changed":
      return { ...view, tutor: frame.data };
    case "saving.changed":
      return { ...view, isBehind: frame.data.behind };
    case "typing.shown": {
      const who = frame.by;
      if (!who || who.id === view.you?.id) return view;
      const others = view.typing.filter((sign) => sign.person.id !== who.id && sign.until > now);
      return { ...view, typing: [...others, { person: who, until: now + TYPING_MS }] };
    }
    default:
      return view;
  }
}

/** An event of the log: the next one is folded in, an old one dropped, one too far ahead opens a gap. */
function placed(view: RoomView, frame: Received & { seq: number | null }): RoomView {
  const seq = frame.seq as number;
  if (view.seq === null || view.state === null || seq <= view.seq) return view;
  if (seq > view.seq + 1) return view.gap === "none" ? { ...view, gap: "events" } : view;
  if (frame.type === "unknown") return { ...view, seq, gap: "none" };
  const event = frame as ServerFrame;
  if (event.type === "answer.delta" && leavesHole(view.state, event.data.answer, event.data.offset)) {
    return { ...view, gap: "everything" };
  }
  const writer = event.type === "message.posted" || event.type === "answer.asked" || event.type === "step.submitted" ? event.by?.id : undefined;
  const typing = writer ? view.typing.filter((sign) => sign.person.id !== writer) : view.typing;
  return { ...view, state: fold(view.state, event), seq, typing, gap: "none" };
}

/** The state of a room after one event of its log. */
export function fold(before: RoomState, frame: ServerFrame): RoomState {
  const said = "text" in frame.data ? String(frame.data.text) : "";
  const state = before.ladder && !before.ladder.tried && isTry(frame.type, frame.by, said) ? { ...before, ladder: { ...before.ladder, tried: true } } : before;
  const at = { seq: frame.seq ?? 0, at: frame.at, by: frame.by };
  switch (frame.type) {
    case "message.posted":
      return added(state, { kind: "message", ...at, ...frame.data, checks: [] });
    case "answer.asked":
      return added(state, {
        kind: "answer", ...at, answer: frame.data.answer, question: frame.data.text, state: "queued",
        text: "", position: null, reason: "", ended_by: null, model: "", inserts: [], eta_s: null, hint: null, checks: [],
        search: null, sources: [],
        about: frame.data.about ?? null, highlights: [], held_by: null,
      });
    case "answer.queued":
      return answered(state, frame.data.answer, () => ({ position: frame.data.position, eta_s: frame.data.eta_s }));
    case "answer.status":
      return answered(state, frame.data.answer, () => ({ search: frame.data.phase }));
    case "answer.source": {
      const { answer, ...source } = frame.data;
      return answered(state, answer, (item) => ({ sources: [...item.sources, source] }));
    }
    case "answer.started":
      return answered(state, frame.data.answer, () => ({ state: "running", position: null, eta_s: null, model: frame.data.model }));
    case "answer.paused":
      return answered(state, frame.data.answer, () => ({ state: "paused", held_by: frame.by }));
    case "answer.resumed":
      return answered(state, frame.data.answer, () => ({ state: "running", held_by: null }));
    case "answer.inserted": {
      const { answer, offset, text } = frame.data;
      return answered(state, answer, (item) => ({ state: "running", held_by: null, inserts: [...item.inserts, { offset, text, by: frame.by }] }));
    }
    case "answer.tool_called":
      return answered(state, frame.data.answer, (item) => ({ tools: callAdded(item.tools ?? [], frame.data, item.inserts.length) }));
    case "answer.tool_returned":
      return answered(state, frame.data.answer, (item) => ({ tools: callReturned(item.tools ?? [], frame.data.call, frame.data) }));
    case "answer.delta":
      return answered(state, frame.data.answer, (item) => ({ text: startOf(item.text, frame.data.offset) + frame.data.text }));
    case "answer.completed":
      return answered(state, frame.data.answer, (item) => ({ ...ending(frame), state: "completed", model: frame.data.model || item.model }));
    case "answer.stopped":
      return answered(state, frame.data.answer, () => ({ ...ending(frame), state: "stopped" }));
    case "answer.failed":
      return answered(state, frame.data.answer, () => ({ ...ending(frame), state: "failed" }));
    case "step.submitted":
      return added(state, { kind: "step", ...at, ...frame.data, verdict: null, reason: "", witness: null, column: null });
    case "step.checked": {
      const { step, verdict, reason, witness, column } = frame.data;
      const items = state.items.map((item) => (item.kind === "step" && item.step === step ? { ...item, verdict, reason, witness, column } : item));
      return { ...state, items };
    }
    case "lines.checked": {
      const { message, answer, checks } = frame.data;
      const isIts = (item: Item): boolean => (message === null ? item.kind === "answer" && item.answer === answer : item.seq === message);
      return { ...state, items: state.items.map((item) => ("checks" in item && isIts(item) ? { ...item, checks: [...item.checks, ...checks] } : item)) };
    }
    case "code.ran":
      return added(state, { kind: "run", ...at, ...frame.data });
    case "highlight.changed":
      return answered(state, frame.data.answer, (item) => ({ highlights: highlighted(item.highlights, frame.data, frame.data.on, frame.by) }));
    case "highlight.proposed":
      return answered(state, frame.data.answer, (item) => ({ highlights: proposed(item.highlights, frame.data.places) }));
    case "hint.given": {
      const { rung, text, answer, asked_by, ladder } = frame.data;
      const risen = { ...state, ladder: moved(state.ladder, ladder, rung > 0) };
      return answer === null ? added(risen, { kind: "hint", ...at, rung, text, asked_by }) : answered(risen, answer, () => ({ hint: rung }));
    }
    case "hand.raised":
      return frame.by ? { ...state, hands: [...without(state.hands, frame.by), frame.by] } : state;
    case "hand.lowered":
      return { ...state, hands: without(state.hands, frame.data.user) };
    default:
      return noticed(state, frame, at);
  }
}

function noticed(state: RoomState, frame: ServerFrame, at: Omit<NoticeItem, "kind" | "type" | "data">): RoomState {
  switch (frame.type) {
    case "room.closed":
    case "room.reopened":
      state = { ...state, room: { ...state.room, state: frame.type === "room.closed" ? "closed" : "open" } };
      break;
    case "room.changed": {
      const { title, problem, ladder } = frame.data;
      const isNew = problem?.id !== state.problem?.id;
      state = { ...state, room: { ...state.room, title }, problem, ladder: ladder === undefined ? state.ladder : moved(state.ladder, ladder, isNew) };
      break;
    }
    case "controls.changed":
      state = { ...state, controls: { ...EVERYBODY, ...frame.data.controls } };
      break;
    case "rung.moved":
    case "rules.changed":
      state = { ...state, ladder: moved(state.ladder, frame.data.ladder, false) };
      break;
    case "member.removed":
      state = { ...state, hands: without(state.hands, frame.data.user) };
      break;
    case "member.joined":
    case "memory.changed":
      break;
    default:
      return state;
  }
  const { ladder: _, ...told } = frame.data as Record<string, unknown>;
  return added(state, { kind: "notice", ...at, type: frame.type, data: told });
}

function ending(frame: ServerFrame & { data: { text: string; reason: string } }): Partial<AnswerItem> {
  return { held_by: null, position: null, eta_s: null, text: frame.data.text, reason: frame.data.reason, ended_by: frame.by };
}

function added(state: RoomState, item: Item): RoomState {
  return { ...state, items: [...state.items, item] };
}

function without(people: Person[], who: Person): Person[] {
  return people.filter((person) => person.id !== who.id);
}

function answerAt(state: RoomState, answer: string): number {
  return state.items.findLastIndex((item) => item.kind === "answer" && item.answer === answer);
}

function answered(state: RoomState, answer: string, change: (item: AnswerItem) => Partial<AnswerItem>): RoomState {
  const at = answerAt(state, answer);
  if (at < 0) return state; // its question is older than what this state holds
  const items = [...state.items];
  const item = items[at] as AnswerItem;
  items[at] = { ...item, ...change(item) };
  return { ...state, items };
}

function leavesHole(state: RoomState, answer: string, offset: number): boolean {
  const item = state.items[answerAt(state, answer)];
  return item?.kind === "answer" && offset > lengthOf(item.text);
}

const PAIRS = /[\ud800-\udfff]/;

/** Length in code points, as the wire counts. */
export function lengthOf(text: string): number {
  return PAIRS.test(text) ? [...text].length : text.length;
}

/** An answer in its parts: each begins with what somebody put in, but for the first. */
export function partsOf(item: AnswerItem): { putIn: PutIn | null; text: string; start: number }[] {
  const places = [0, ...item.inserts.map((insert) => insert.offset)];
  const letters = PAIRS.test(item.text) ? [...item.text] : item.text;
  return places.map((begin, at) => {
    const part = letters.slice(begin, places[at + 1]);
    return { putIn: item.inserts[at - 1] ?? null, text: typeof part === "string" ? part : part.join(""), start: begin };
  });
}

/** Code points `start` to `end`. */
export function sliceOf(text: string, start: number, end: number): string {
  return PAIRS.test(text) ? [...text].slice(start, end).join("") : text.slice(start, end);
}

/** The first `count` code points. */
function startOf(text: string, count: number): string {
  return PAIRS.test(text) ? [...text].slice(0, count).join("") : text.slice(0, count);
}

export function answerOf(state: RoomState | null, answer: string): AnswerItem | null {
  const found = state?.items[answerAt(state, answer)];
  return found?.kind === "answer" ? found : null;
}

/** Whether an answer has not ended. */
export function isOpen(item: AnswerItem): boolean {
  return item.state === "queued" || item.state === "running" || item.state === "paused";
}

/** Answers that have not ended, oldest first. */
export function openAnswers(state: RoomState | null): AnswerItem[] {
  return (state?.items ?? []).filter((item): item is AnswerItem => item.kind === "answer" && isOpen(item));
}
