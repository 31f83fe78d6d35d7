// The steps of a room as solutions: lines that follow one another, as the log has them. Pure; the element shows it.

import type { Item, StepItem } from "../frames";

export interface Line {
  item: StepItem;
  /** 1, 2 … in its solution. */
  number: number;
  /** The number of the line that it was compared with, where that is not the one right before it; else null. */
  follows: number | null;
  /** It was compared with a line that is not shown here: one of a message, or one older than what the page has. */
  isAfterElsewhere: boolean;
  /** The seq of the message that has this line, where the page knows it. */
  saidAt: number | null;
}
export interface Solution {
  /** The id of its first step. */
  id: string;
  lines: Line[];
}
export interface Tally {
  verified: number;
  refuted: number;
  unknown: number;
  waiting: number;
}

/** Every step stands in one solution: that of the step it follows, else one of its own. In the order of their first lines. */
export function solutionsOf(items: readonly Item[]): Solution[] {
  const found: Solution[] = [];
  const home = new Map<string, Solution>();
  const said = saidIn(items);
  for (const item of items) {
    if (item.kind !== "step" || home.has(item.step)) continue;
    let solution = item.after === null ? undefined : home.get(item.after);
    const isAfterElsewhere = item.after !== null && !solution;
    if (!solution) found.push((solution = { id: item.step, lines: [] }));
    const before = solution.lines.at(-1);
    const at = solution.lines.findIndex((line) => line.item.step === item.after);
    const follows = before && before.item.step !== item.after ? at + 1 : null;
    solution.lines.push({ item, number: solution.lines.length + 1, follows, isAfterElsewhere, saidAt: (isAfterElsewhere && said.get(item.after ?? "")) || null });
    home.set(item.step, solution);
  }
  return found;
}

/** Which message has which line of maths, by the line's step. */
export function saidIn(items: readonly Item[]): Map<string, number> {
  return new Map(items.flatMap((item) => (item.kind === "message" ? item.checks.flatMap((mark): [string, number][] => (mark.step ? [[mark.step, item.seq]] : [])) : [])));
}

/** What the next line of this person follows, if she says nothing else: the end of the solution that she wrote in last, else
 * of the one that anybody wrote in last. Null in an empty room. */
export function nextAfter(solutions: readonly Solution[], you: string | null): Line | null {
  const last = (isHers: boolean): Line | null => {
    const lines = solutions.flatMap((solution) => solution.lines).filter((line) => !isHers || line.item.by?.id === you);
    return lines.reduce<Line | null>((newest, line) => (newest && newest.item.seq > line.item.seq ? newest : line), null);
  };
  const line = last(true) ?? last(false);
  return solutions.find((solution) => line !== null && solution.lines.includes(line))?.lines.at(-1) ?? null;
}

export function lineOf(solutions: readonly Solution[], step: string | null): Line | null {
  for (const { lines } of solutions) {
    const found = lines.find((line) => line.item.step === step);
    if (found) return found;
  }
  return null;
}

export function tallyOf(solution: Solution): Tally {
  const tally: Tally = { verified: 0, refuted: 0, unknown: 0, waiting: 0 };
  for (const { item } of solution.lines) tally[item.verdict ?? "waiting"] += 1;
  return tally;
}
