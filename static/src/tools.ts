// Calls of tools on the wire (rules K1–K8): what the tutor asked for, what came back, and drawings as data.

import { type Check, flag, isRecord, list, orMissing, orNull, type Shape, shaped, text, whole } from "./shapes";

export type Outcome = "done" | "failed" | "withheld";
export type Place = [number, number];
interface Toned {
  tone: number;
}
export type DrawnShape =
  | (Toned & { kind: "line" | "polygon"; points: Place[] })
  | (Toned & { kind: "circle"; at: Place; r: number })
  | (Toned & { kind: "point"; at: Place })
  | (Toned & { kind: "text"; at: Place; text: string; side: string });
/** As `Drawing.data` in tutor/tools/drawing.py makes it: everything lies in the window [left, right, bottom, top]. */
export interface Drawing {
  width: number;
  height: number;
  window: [number, number, number, number];
  axes: boolean;
  ticks: { x: number[]; y: number[] };
  shapes: DrawnShape[];
}
export interface ToolCalled {
  call: number;
  tool: string;
  asked: string;
  offset: number;
}
export interface ToolFound {
  outcome: Outcome;
  text: string;
  tex: string;
  drawing: Drawing | null;
  /** Ids of its shapes, where it was put on the room's board (K8). */
  board?: string[];
}
/** What an answer has of them; nothing before the first call. */
export interface ToolCards {
  tools?: ToolItem[];
}
/** The data of the frames of tools, by type. */
export interface ToolData {
  "answer.tool_called": ToolCalled & { answer: string };
  "answer.tool_returned": ToolFound & { answer: string; call: number };
}
/** A call in an answer; `outcome` null until its result has come. `put_ins`: how many words were put in before it. */
export interface ToolItem extends ToolCalled, Omit<ToolFound, "outcome"> {
  outcome: Outcome | null;
  put_ins: number;
}

// ---- reading

const number: Check = (value) => typeof value === "number" && Number.isFinite(value);
const place: Check = (value) => Array.isArray(value) && value.length === 2 && value.every(number);
const shapes: Record<string, Check> = {
  line: shaped({ tone: whole, points: list(place) }),
  polygon: shaped({ tone: whole, points: list(place) }),
  circle: shaped({ tone: whole, at: place, r: number }),
  point: shaped({ tone: whole, at: place }),
  text: shaped({ tone: whole, at: place, text, side: text }),
};
const shape: Check = (value) => isRecord(value) && Object.hasOwn(shapes, String(value["kind"])) && (shapes[String(value["kind"])]?.(value) ?? false);
const drawing: Check = shaped({
  width: number,
  height: number,
  window: (value) => Array.isArray(value) && value.length === 4 && value.every(number) && value[0] < value[1] && value[2] < value[3],
  axes: flag,
  ticks: shaped({ x: list(number), y: list(number) }),
  shapes: list(shape),
});
const CALLED: Shape = { call: whole, tool: text, asked: text, offset: whole };
const FOUND: Shape = { outcome: text, text, tex: text, drawing: orNull(drawing), board: orMissing(list(text)) };
export const toolShapes: Record<keyof ToolData, Shape> = {
  "answer.tool_called": { answer: text, ...CALLED },
  "answer.tool_returned": { answer: text, call: whole, ...FOUND },
};
export const toolItem: Check = shaped({ ...CALLED, ...FOUND, outcome: orNull(text), put_ins: whole });

// ---- folding

/** The calls of an answer after another one. */
export function callAdded(calls: readonly ToolItem[], { call, tool, asked, offset }: ToolCalled, putIns: number): ToolItem[] {
  return [...calls, { call, tool, asked, offset, put_ins: putIns, outcome: null, text: "", tex: "", drawing: null }];
}

export function callReturned(calls: readonly ToolItem[], call: number, { outcome, text: said, tex, drawing: picture, board }: ToolFound): ToolItem[] {
  return calls.map((one) => (one.call === call ? { ...one, outcome, text: said, tex, drawing: picture, ...(board && { board }) } : one));
}

/** A part of an answer that no word put in divides, cut where the tutor called a tool: each piece but the first follows a call. */
export function piecesOf(text: string[] | string, begin: number, calls: readonly ToolItem[]): { call: ToolItem | null; text: string; start: number }[] {
  const places = [0, ...calls.map((call) => Math.max(0, call.offset - begin))];
  return places.map((start, at) => {
    const piece = text.slice(start, places[at + 1]);
    return { call: calls[at - 1] ?? null, text: typeof piece === "string" ? piece : piece.join(""), start: begin + start };
  });
}
