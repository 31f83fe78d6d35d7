// Runs of the room's code on the wire (rules Z1–Z4): what somebody's browser says of one.

import type { Placed } from "./frames";
import { flag, list, orNull, type Shape, shaped, text, whole } from "./shapes";

export interface TestsSaid {
  passed: number;
  total: number;
  failed: string[];
}
export interface Report {
  /** Of the code's UTF-8 bytes. */
  sha256: string;
  /** The code ran to its end without an error. */
  ok: boolean;
  output: string;
  cut: boolean;
  ending: "done" | "stopped" | "time";
  tests: TestsSaid | null;
}
export interface RunItem extends Placed, Report {
  kind: "run";
}

export const report: Shape = { sha256: text, ok: flag, output: text, cut: flag, ending: text, tests: orNull(shaped({ passed: whole, total: whole, failed: list(text) })) };
