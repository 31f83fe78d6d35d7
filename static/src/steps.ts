// Steps on the wire: a line of maths that somebody showed, and the verdict on it (rules V1–V6).

import type { Placed } from "./frames";

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
