// Steps on the wire: a line of maths that somebody showed, and the verdict on it (rules V1–V6).

import type { Placed } from "./frames";
import { list, orMissing, orNull, type Shape, shaped, text, whole } from "./shapes";

export type StepVerdict = "verified" | "refuted" | "unknown";
export interface Checked {
  verdict: StepVerdict;
  reason: string;
  witness: string | null;
  column: number | null;
}
/** A line of maths that somebody showed; `verdict` null while it is being checked. */
export interface StepItem extends Placed, Omit<Checked, "verdict"> {
  kind: "step";
  step: string;
  text: string;
  after: string | null;
  verdict: StepVerdict | null;
}
/** What the checker said of a line of maths inside a message or an answer: code points `start` to `end` (rules V7, V8). */
export interface LineMark extends Omit<Checked, "column"> {
  start: number;
  end: number;
  /** Of a line in a message: the id by which steps follow it. */
  step?: string | null;
}
export interface LinesChecked {
  message: number | null;
  answer: string | null;
  checks: LineMark[];
}

export const lineMarks = list(shaped({ start: whole, end: whole, verdict: text, reason: text, witness: orNull(text), step: orMissing(orNull(text)) }));
export const linesChecked: Shape = { message: orNull(whole), answer: orNull(text), checks: lineMarks };
