// The ladder of hints on the wire and in words (rules N1–N8): how far the room has come, and whether it may ask for more.

import type { Person, Placed } from "./frames";
import { type Check, flag, orNull, person, type Shape, shaped, text, whole } from "./shapes";
import { locale, t } from "./translate";

export const SOLUTION = 5;

export interface Ladder {
  rung: number;
  /** The rung of the last hint; below `rung` when staff have opened it. */
  reached: number;
  /** Whether a further written hint belongs to this rung. */
  more: boolean;
  given: number;
  ceiling: number;
  budget: number | null;
  attempt_first: boolean;
  solution_at: string | null;
}
export interface LadderState extends Ladder {
  tried: boolean;
}
export interface HintGiven {
  rung: number;
  text: string;
  answer: string | null;
  asked_by: Person;
  ladder: Ladder;
}
/** A hint that was given as it was written; those that the tutor phrases are answers. */
export interface HintItem extends Placed {
  kind: "hint";
  rung: number;
  text: string;
  asked_by: Person;
}

// ---- reading

const RUNGS: Shape = { rung: whole, reached: whole, more: flag, given: whole, ceiling: whole, budget: orNull(whole), attempt_first: flag, solution_at: orNull(text) };
export const ladder = shaped(RUNGS);
export const ladderState = shaped({ ...RUNGS, tried: flag });
export const hintGiven: Shape = { rung: whole, text, answer: orNull(text), asked_by: person, ladder };
export const hintItem = (placed: Shape): Check => shaped({ ...placed, rung: whole, text, asked_by: person });

// ---- folding

const MATHS = /[0-9\uff10-\uff19=<>+^\u221a\u2264\u2265\u2260\u00d7\u00f7]|\\[a-z]/;
const WORDS_MIN = 6;
const SIGNS_MIN = 12;

/** Whether a line is a try of the students; as `is_try` in `classroom/rooms/tries.py`, which says why so. */
export function isTry(kind: string, by: Person | null, said: string): boolean {
  if (by?.role !== "student") return false;
  if (kind === "step.submitted" || kind === "code.ran") return true;
  if (kind !== "message.posted" && kind !== "answer.asked") return false;
  if (MATHS.test(said)) return true;
  return (said.match(/[^ \t\r\n]+/g)?.length ?? 0) >= WORDS_MIN || (said.match(/[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/g)?.length ?? 0) >= SIGNS_MIN;
}

/** The ladder that an event carries; `isFresh`: tries of before do not count any more. */
export function moved(before: LadderState | null, now: Ladder | null, isFresh: boolean): LadderState | null {
  return now && { ...now, tried: !isFresh && (before?.tried ?? false) };
}

// ---- words

const NAMES: readonly string[] = [t("What have you tried?"), t("A nudge"), t("Where to look"), t("The idea of the next step"), t("A similar example"), t("The solution")];

export function rungName(rung: number): string {
  return NAMES[rung] ?? t("Level {n}", { n: rung });
}

export const RUNG_NAMES: readonly string[] = NAMES;

export interface HintChance {
  /** Where the room stands and what is left: beside the button. */
  words: string;
  /** Why no hint can be asked for; empty if one can. */
  why: string;
}

/** Whether a hint can be asked for, as the server will see it (N3, N4); `now` in milliseconds, only a guess at its clock. */
export function hintChance(state: LadderState, isStaff: boolean, now: number): HintChance {
  const isOpened = state.reached < state.rung;
  const isDue = state.solution_at !== null && Date.parse(state.solution_at) <= now;
  const next = isOpened || state.more ? state.rung : state.rung + 1;
  const top = isDue ? SOLUTION : Math.max(state.ceiling, state.rung);
  const left = state.budget === null || isDue || isOpened ? null : Math.max(0, state.budget - state.given);
  if (next > SOLUTION) return { words: "", why: t("The solution has been given.") };
  if (next > top || left === 0) return { words: "", why: isStaff ? t("No hints left: set another level.") : t("No hints left: ask your teacher.") };
  const words = [t("Hint {n} of {top}", { n: next, top }), left === null ? "" : t("{n} left", { n: left })].filter(Boolean).join(" · ");
  const needsTry = state.attempt_first && !isStaff && !isDue && !isOpened && !state.tried;
  return { words: needsTry ? `${words} · ${t("Show a try first")}` : words, why: "" };
}

/** A date of the rules, as people here write it. */
export function dateWords(at: string): string {
  return new Date(at).toLocaleString(locale(), { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}
