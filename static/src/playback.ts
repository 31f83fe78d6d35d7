// An answer played back at its own pace (B1), on one's own page alone: which part of it stands there after so long.

import type { AnswerItem } from "./frames";
import type { Highlight } from "./passages";
import type { LineMark } from "./steps";
import { lengthOf, sliceOf } from "./store";

/** [milliseconds since the first piece, length of the shown text then]. */
export type Piece = readonly [number, number];
export const SPEEDS = [1, 2, 4] as const;
export type Speed = (typeof SPEEDS)[number];

const LONGEST_WAIT_MS = 4000;
const NO_MARKS: LineMark[] = [];
const NO_HIGHLIGHTS: Highlight[] = [];

/** The pieces of the server's answer; null for what is none. */
export function piecesRead(value: unknown): Piece[] | null {
  const pieces = typeof value === "object" && value !== null ? (value as Record<string, unknown>)["pieces"] : null;
  const isPiece = (one: unknown): one is Piece => Array.isArray(one) && one.length === 2 && one.every((part) => Number.isSafeInteger(part) && part >= 0);
  return Array.isArray(pieces) && pieces.every(isPiece) ? calm(pieces) : null;
}

/** Nobody waits again through a pause of minutes. */
function calm(pieces: Piece[]): Piece[] {
  let saved = 0;
  return pieces.map(([at, length], place) => {
    saved += Math.max(0, at - (pieces[place - 1]?.[0] ?? at) - LONGEST_WAIT_MS);
    return [at - saved, length] as const;
  });
}

/** One answer that is being played: `played` milliseconds of it are over. */
export class Playback {
  private played = 0;
  private since: number;

  constructor(
    readonly answer: string,
    private readonly pieces: readonly Piece[],
    private readonly whole: string,
    now: number,
    readonly isCalm = false,
    private pace: Speed = 1,
  ) {
    this.since = now;
  }

  get speed(): Speed {
    return this.pace;
  }

  setSpeed(speed: Speed, now: number): void {
    this.played += (now - this.since) * this.pace;
    this.since = now;
    this.pace = speed;
  }

  /** How many code points stand there. Who wants no motion gets whole paragraphs. */
  lengthAt(now: number): number {
    const ms = this.played + (now - this.since) * this.pace;
    const length = this.pieces.findLast(([at]) => at <= ms)?.[1] ?? 0;
    if (!this.isCalm) return length;
    const end = sliceOf(this.whole, 0, length).lastIndexOf("\n\n");
    return this.isOver(now) ? length : lengthOf(sliceOf(this.whole, 0, length).slice(0, Math.max(0, end)));
  }

  isOver(now: number): boolean {
    return this.played + (now - this.since) * this.pace >= (this.pieces.at(-1)?.[0] ?? 0);
  }
}

/** The answer as it stood when `length` code points of it were there. */
export function partly(item: AnswerItem, length: number): AnswerItem {
  const tools = item.tools ? { tools: item.tools.filter((call) => call.offset <= length) } : {};
  return { ...item, ...tools, state: "running", text: sliceOf(item.text, 0, length), inserts: item.inserts.filter((one) => one.offset <= length), checks: NO_MARKS, highlights: NO_HIGHLIGHTS };
}
