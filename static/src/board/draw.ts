// Drawing with a tool, as a pure fold: a press begins a draft, each move extends it, letting go ends it.

import { uuid } from "../uuid";
import { distanceToLine, type Point } from "./geometry";
import { BLANK, type NewShape, NUMBERS_MOST, quarter, type ShapeKind, tidyPressure } from "./shape";

export type DrawTool = "pen" | "highlighter" | "line" | "arrow" | "rectangle" | "ellipse" | "polygon" | "point";
export type Tool = DrawTool | "select" | "hand" | "erase" | "text" | "formula" | "image" | "laser";
export const DRAW_TOOLS: ReadonlySet<Tool> = new Set<Tool>(["pen", "highlighter", "line", "arrow", "rectangle", "ellipse", "polygon", "point"]);

export interface Style {
  stroke: string;
  fill: boolean;
  width: number;
}
/** A place with the pen's pressure (0 to 1; 0.5 from a mouse). */
export interface Sample extends Point {
  pressure: number;
}
/** What is being drawn: its shape so far, and where it began. */
export interface Draft {
  /** The id that the shape will have. */
  id: string;
  shape: NewShape;
  from: Point;
  /** Corners of a polygon that are set; its last point follows the pointer. */
  corners: Point[];
}

const LEAST = 4;
const FILL_OPACITY = 0.25;

function dressed(kind: ShapeKind, style: Style): NewShape {
  const isMarker = kind === "highlighter";
  const canFill = kind === "rectangle" || kind === "ellipse" || kind === "polygon";
  return {
    ...BLANK, kind, stroke: style.stroke, width: isMarker ? Math.min(40, style.width * 6) : style.width, opacity: isMarker ? 0.4 : 1,
    fill: canFill && style.fill ? style.stroke : null, fill_opacity: FILL_OPACITY,
  };
}

export function draftBegin(tool: DrawTool, at: Sample, style: Style): Draft {
  const from = { x: quarter(at.x), y: quarter(at.y) };
  const shape = { ...dressed(tool, style), ...from };
  const id = uuid();
  if (tool === "pen" || tool === "highlighter") return { shape: { ...shape, points: [0, 0, tidyPressure(at.pressure)] }, from, corners: [], id };
  if (tool === "line" || tool === "arrow") return { shape: { ...shape, points: [0, 0, 0, 0] }, from, corners: [], id };
  if (tool === "polygon") return { shape: { ...shape, points: [0, 0, 0, 0] }, from, corners: [from], id };
  return { shape, from, corners: [], id };
}

/** `isStraight`: lines in steps of 15°, boxes as squares (the Shift key). */
export function draftExtend(draft: Draft, samples: readonly Sample[], isStraight: boolean): Draft {
  const last = samples.at(-1);
  if (!last) return draft;
  const { shape, from } = draft;
  switch (shape.kind) {
    case "pen":
    case "highlighter":
      return { ...draft, shape: { ...shape, points: inked(shape.points, samples, from, isStraight) } };
    case "line":
    case "arrow": {
      const to = isStraight ? straight(from, last) : last;
      return { ...draft, shape: { ...shape, points: [0, 0, quarter(to.x - from.x), quarter(to.y - from.y)] } };
    }
    case "polygon": {
      const corner = draft.corners.at(-1) as Point;
      return { ...draft, shape: { ...shape, points: flat([...draft.corners, isStraight ? straight(corner, last) : last], from) } };
    }
    case "point":
      return { ...draft, shape: { ...shape, x: quarter(last.x), y: quarter(last.y) } };
    default:
      return { ...draft, shape: { ...shape, ...boxed(from, last, isStraight) } };
  }
}

function inked(points: readonly number[], samples: readonly Sample[], from: Point, isStraight: boolean): number[] {
  if (isStraight) {
    const last = samples.at(-1) as Sample;
    return [...points.slice(0, 3), quarter(last.x - from.x), quarter(last.y - from.y), tidyPressure(last.pressure)];
  }
  const more = samples.flatMap(({ x, y, pressure }) => [quarter(x - from.x), quarter(y - from.y), tidyPressure(pressure)]);
  return points.length + more.length > NUMBERS_MOST - 3 ? [...points] : [...points, ...more];
}

function boxed(from: Point, to: Point, isSquare: boolean): Pick<NewShape, "x" | "y" | "w" | "h"> {
  let [w, h] = [to.x - from.x, to.y - from.y];
  if (isSquare) {
    const side = Math.max(Math.abs(w), Math.abs(h));
    [w, h] = [side * (w < 0 ? -1 : 1), side * (h < 0 ? -1 : 1)];
  }
  return { x: quarter(Math.min(from.x, from.x + w)), y: quarter(Math.min(from.y, from.y + h)), w: quarter(Math.abs(w)), h: quarter(Math.abs(h)) };
}

function straight(from: Point, to: Point): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const angle = (Math.round(Math.atan2(to.y - from.y, to.x - from.x) / (Math.PI / 12)) * Math.PI) / 12;
  return { x: from.x + length * Math.cos(angle), y: from.y + length * Math.sin(angle) };
}

const flat = (points: readonly Point[], from: Point): number[] => points.flatMap(({ x, y }) => [quarter(x - from.x), quarter(y - from.y)]);

/** Sets the polygon's next corner. Null: it is complete, `draftEnd` gives it. `reach`: how near its first corner closes it. */
export function cornerAdd(draft: Draft, at: Point, reach: number): Draft | null {
  const [first] = draft.corners as [Point];
  if (draft.corners.length > 2 && Math.hypot(at.x - first.x, at.y - first.y) <= reach) return null;
  const corners = [...draft.corners, { x: quarter(at.x), y: quarter(at.y) }];
  return { ...draft, corners, shape: { ...draft.shape, points: flat([...corners, at], draft.from) } };
}

/** What stands on the board in the end; null where it is too small to be meant. */
export function draftEnd({ shape, corners, from }: Draft, zoom: number): NewShape | null {
  const least = LEAST / zoom;
  switch (shape.kind) {
    case "pen":
    case "highlighter":
      return { ...shape, points: thinned(shape.points, 0.6 / zoom) };
    case "line":
    case "arrow":
      return Math.hypot(shape.points[2] ?? 0, shape.points[3] ?? 0) < least ? null : shape;
    case "polygon":
      return corners.length < 3 ? null : { ...shape, points: flat(corners, from) };
    case "point":
      return shape;
    default:
      return shape.w < least && shape.h < least ? null : shape;
  }
}

/** Leaves out what lies on the line between its neighbours (Douglas–Peucker); `tolerance` in world units. */
export function thinned(points: readonly number[], tolerance: number): number[] {
  const count = points.length / 3;
  if (count < 3) return [...points];
  const at = (index: number): Point => ({ x: points[index * 3] as number, y: points[index * 3 + 1] as number });
  const kept = new Uint8Array(count);
  kept[0] = kept[count - 1] = 1;
  const parts: [number, number][] = [[0, count - 1]];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [first, last] = part;
    let [worst, far] = [0, tolerance];
    for (let index = first + 1; index < last; index++) {
      const off = distanceToLine(at(index), at(first), at(last));
      if (off > far) [worst, far] = [index, off];
    }
    if (!worst) continue;
    kept[worst] = 1;
    parts.push([first, worst], [worst, last]);
  }
  return points.filter((_, index) => kept[Math.floor(index / 3)] === 1);
}
