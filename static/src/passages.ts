// Passages of a room on the wire: what a question points at (A11), key steps (Y1–Y3), and who may do what (C1–C3).

import type { Person, You } from "./frames";
import { flag, list, orMissing, orNull, person, type Shape, shaped, text, whole } from "./shapes";

/** A part of an answer's shown text, in code points. */
export interface Place {
  start: number;
  end: number;
}
/** What the client says it asks about. */
export type AboutWanted = { step: string } | { document: string; shapes: string[] } | { document: string } | ({ answer: string } & Place);
/** What the server found there; `seq` is the line that shows it. */
export interface About {
  seq: number;
  step: string | null;
  answer: string | null;
  start: number | null;
  end: number | null;
  text: string;
  /** Shapes of a board (A13): its document, and their ids. */
  document?: string | null;
  shapes?: string[] | null;
}
/** `by` null: proposed by the tutor. */
export interface Highlight extends Place {
  by: Person | null;
}
export type Action = "stop" | "pause" | "insert" | "highlight" | "about" | "run";
export type Who = "everybody" | "asker" | "staff";
export type Controls = Record<Action, Who>;

export interface PassageData {
  "highlight.changed": Place & { answer: string; on: boolean };
  "highlight.proposed": { answer: string; places: Place[] };
  "controls.changed": { controls: Controls };
}

// ---- reading

const place = { start: whole, end: whole };
export const about = shaped({ seq: whole, step: orNull(text), answer: orNull(text), start: orNull(whole), end: orNull(whole), text, document: orMissing(orNull(text)), shapes: orMissing(orNull(list(text))) });
export const highlights = list(shaped({ ...place, by: orNull(person) }));
export const controls = shaped({ stop: text, pause: text, insert: text, highlight: text, about: text, run: orMissing(text) });
export const PASSAGE_SHAPES: Record<keyof PassageData, Shape> = {
  "highlight.changed": { ...place, answer: text, on: flag },
  "highlight.proposed": { answer: text, places: list(shaped(place)) },
  "controls.changed": { controls },
};

// ---- folding

export const EVERYBODY: Controls = { stop: "everybody", pause: "everybody", insert: "everybody", highlight: "everybody", about: "everybody", run: "everybody" };

const sorted = (all: Highlight[]): Highlight[] => all.sort((one, other) => one.start - other.start || one.end - other.end);
const isAt = (one: Place, other: Place): boolean => one.start === other.start && one.end === other.end;

export function highlighted(before: Highlight[], at: Place, on: boolean, by: Person | null): Highlight[] {
  const kept = before.filter((one) => !isAt(one, at));
  return sorted(on ? [...kept, { start: at.start, end: at.end, by }] : kept);
}

export function proposed(before: Highlight[], places: Place[]): Highlight[] {
  return sorted([...before, ...places.filter((at) => !before.some((one) => isAt(one, at))).map(({ start, end }) => ({ start, end, by: null }))]);
}

// ---- rights

/** Whether the server would let this person do it; it decides, the page only hides what would be refused. */
export function may(controls: Controls, action: Action, you: You | null, owner: Person | null): boolean {
  if (!you?.can.post) return false;
  return you.staff || controls[action] === "everybody" || (controls[action] === "asker" && owner?.id === you.id);
}
