// Boards on the room's wire: who may write on them (Q5–Q8). What is on them comes over a socket of their own.

import type { Person } from "./frames";
import { flag, orNull, person, type Shape, shaped, text } from "./shapes";

export type BoardMode = "open" | "view" | "isolated" | "locked";

export interface BoardData {
  "board.changed": { mode: BoardMode };
  "board.granted": { person: Person; write: boolean | null };
  "board.revealed": { document: string; owner: { id: string; name: string }; on: boolean };
}

export const BOARD_SHAPES: Record<keyof BoardData, Shape> = {
  "board.changed": { mode: text },
  "board.granted": { person, write: orNull(flag) },
  "board.revealed": { document: text, owner: shaped({ id: text, name: text }), on: flag },
};
