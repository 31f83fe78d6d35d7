// What a press on the selection means, and what a drag from there does, as pure functions.

import { boundsOfAll, type Box, type Change, edgesOf, keepsProportions, middle, moved, type Point, rotated, scaled } from "./geometry";
import type { Shape } from "./shape";
import { type Guide, snap } from "./snap";

export type Corner = "nw" | "ne" | "se" | "sw";
export type Grip = Corner | "turn" | "inside";

export const GRIP_REACH = 12;
const TURN_AWAY = 28;
const OPPOSITE: Readonly<Record<Corner, Corner>> = { nw: "se", ne: "sw", se: "nw", sw: "ne" };
export const CORNERS: readonly Corner[] = ["nw", "ne", "se", "sw"];

export function cornerOf(box: Box, corner: Corner): Point {
  return { x: corner.endsWith("w") ? box.x : box.x + box.w, y: corner.startsWith("n") ? box.y : box.y + box.h };
}

/** Where the grip for turning is, above the box; `zoom` keeps it at the same distance on the screen. */
export const turnGrip = (box: Box, zoom: number): Point => ({ x: box.x + box.w / 2, y: box.y - TURN_AWAY / zoom });

/** The grip at a point of the world, or null. Fingers (`isCoarse`) reach further. */
export function gripAt(box: Box, at: Point, zoom: number, isCoarse: boolean): Grip | null {
  const reach = ((isCoarse ? 2 : 1) * GRIP_REACH) / zoom;
  const near = (point: Point): boolean => Math.hypot(point.x - at.x, point.y - at.y) <= reach;
  if (near(turnGrip(box, zoom))) return "turn";
  const corner = CORNERS.find((one) => near(cornerOf(box, one)));
  if (corner) return corner;
  const slack = 4 / zoom;
  return at.x >= box.x - slack && at.x <= box.x + box.w + slack && at.y >= box.y - slack && at.y <= box.y + box.h + slack ? "inside" : null;
}

export interface Drag {
  grip: Grip;
  from: Point;
  shapes: readonly Shape[];
  box: Box;
  /** The same without the widths of lines. */
  edges: Box;
  /** Edges of shapes that stay where they are: what is moved lines up with them. */
  others: readonly Box[];
}
export interface Dragged {
  changes: Map<string, Change>;
  guides: Guide[];
}
export interface DragOptions {
  zoom: number;
  isGrid: boolean;
  isSnapping: boolean;
  /** Shift: straight moves, square steps of turning, proportions kept. */
  isStraight: boolean;
}

export function dragBegin(grip: Grip, from: Point, shapes: readonly Shape[], others: readonly Box[]): Drag {
  const none = { ...from, w: 0, h: 0 };
  return { grip, from, shapes, others, box: boundsOfAll(shapes) ?? none, edges: boundsOfAll(shapes, edgesOf) ?? none };
}

export function dragTo(drag: Drag, to: Point, options: DragOptions): Dragged {
  if (drag.grip === "inside") return movedTo(drag, to, options);
  if (drag.grip === "turn") return turnedTo(drag, to, options);
  return scaledTo(drag, to, options, drag.grip);
}

function each(drag: Drag, change: (shape: Shape) => Change): Map<string, Change> {
  return new Map(drag.shapes.map((shape) => [shape.id, change(shape)]));
}

function movedTo(drag: Drag, to: Point, options: DragOptions): Dragged {
  let [dx, dy] = [to.x - drag.from.x, to.y - drag.from.y];
  if (options.isStraight) [dx, dy] = Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy];
  let guides: Guide[] = [];
  if (options.isSnapping) {
    const snapped = snap({ ...drag.edges, x: drag.edges.x + dx, y: drag.edges.y + dy }, drag.others, 6 / options.zoom, options.isGrid);
    [dx, dy, guides] = [dx + snapped.dx, dy + snapped.dy, snapped.guides];
  }
  return { changes: each(drag, (shape) => moved(shape, dx, dy)), guides };
}

function turnedTo(drag: Drag, to: Point, { isStraight }: DragOptions): Dragged {
  const about = middle(drag.box);
  const angle = (point: Point): number => (Math.atan2(point.y - about.y, point.x - about.x) * 180) / Math.PI;
  const by = angle(to) - angle(drag.from);
  const step = isStraight ? 15 : 1;
  return { changes: each(drag, (shape) => rotated(shape, Math.round(by / step) * step, about)), guides: [] };
}

function scaledTo(drag: Drag, to: Point, { isStraight }: DragOptions, corner: Corner): Dragged {
  const fixed = cornerOf(drag.box, OPPOSITE[corner]);
  const held = cornerOf(drag.box, corner);
  const ratio = (now: number, before: number): number => (Math.abs(before) < 0.01 ? 1 : Math.max(0.05, now / before));
  let sx = ratio(to.x - fixed.x, held.x - fixed.x);
  let sy = ratio(to.y - fixed.y, held.y - fixed.y);
  if (isStraight || drag.shapes.length > 1 || drag.shapes.some(keepsProportions)) sx = sy = Math.max(sx, sy);
  return { changes: each(drag, (shape) => scaled(shape, sx, sy, fixed)), guides: [] };
}

/** The same for the keyboard: moved by a step, turned, or scaled about the middle. */
export function stepped(shapes: readonly Shape[], step: { dx?: number; dy?: number; turn?: number; scale?: number }): Map<string, Change> {
  const box = boundsOfAll(shapes);
  if (!box) return new Map();
  const centre = middle(box);
  return new Map(
    shapes.map((shape) => {
      if (step.turn) return [shape.id, rotated(shape, step.turn, centre)];
      if (step.scale) return [shape.id, scaled(shape, step.scale, step.scale, centre)];
      return [shape.id, moved(shape, step.dx ?? 0, step.dy ?? 0)];
    }),
  );
}

