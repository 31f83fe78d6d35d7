// What the tutor has found in the class's documents for an answer: frames and their checks.

import { amount, list, orNull, type Shape, shaped, text, whole } from "./shapes";

/** "nothing": the question asked for the materials, and they have nothing; "done": it did not, and they have nothing. */
export type SearchPhase = "searching" | "found" | "nothing" | "done";

/** A passage that went along with the question; `passage` is its place in the document. */
export interface Source {
  n: number;
  document: string;
  title: string;
  page: number | null;
  anchor: string;
  passage: number;
  score: number;
}

export const source: Shape = { n: whole, document: text, title: text, page: orNull(whole), anchor: text, passage: whole, score: amount };
export const searched: Shape = { answer: text, phase: text, latency_ms: orNull(whole) };
/** The two fields of an answer's item. */
export const searchOf: Shape = { search: orNull(text), sources: list(shaped(source)) };
