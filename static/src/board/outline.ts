// What a shape looks like as SVG path data. Strokes of pens are costly: each is computed once for its points.

import { getStroke } from "perfect-freehand";

import { pointsOf } from "./geometry";
import type { Shape } from "./shape";

type Drawn = Pick<Shape, "kind" | "points" | "x" | "y" | "w" | "h" | "width">;

const known = new WeakMap<readonly number[], { width: number; path: string }>();
const short = (value: number): string => String(Math.round(value * 10) / 10);

/** The outline of a pen's stroke, relative to the shape's x and y. */
function strokePath(shape: Drawn): string {
  const kept = known.get(shape.points);
  if (kept?.width === shape.width) return kept.path;
  const isMarker = shape.kind === "highlighter";
  const outline = getStroke(dense(shape.points, Math.max(2, shape.width)), { size: shape.width * (isMarker ? 1 : 1.6), thinning: isMarker ? 0 : 0.55, smoothing: 0.5, streamline: 0.35, simulatePressure: false });
  const path = closedPath(outline as [number, number][]);
  known.set(shape.points, { width: shape.width, path });
  return path;
}

/** The stroke's points, with more of them between those that lie far apart: only so are corners as thick as the rest. */
function dense(points: readonly number[], most: number): [number, number, number][] {
  const found: [number, number, number][] = [];
  for (let at = 0; at + 2 < points.length; at += 3) {
    const [x, y, pressure] = [points[at] as number, points[at + 1] as number, points[at + 2] as number];
    const last = found.at(-1);
    const steps = last ? Math.min(200, Math.ceil(Math.hypot(x - last[0], y - last[1]) / most)) : 1;
    for (let step = 1; last && step < steps; step++) {
      const part = step / steps;
      found.push([last[0] + (x - last[0]) * part, last[1] + (y - last[1]) * part, last[2] + (pressure - last[2]) * part]);
    }
    found.push([x, y, pressure]);
  }
  return found;
}

function closedPath(outline: [number, number][]): string {
  const [first] = outline;
  if (!first) return "";
  let path = `M${short(first[0])} ${short(first[1])}Q`;
  for (let at = 0; at < outline.length; at++) {
    const [x0, y0] = outline[at] as [number, number];
    const [x1, y1] = outline[(at + 1) % outline.length] as [number, number];
    path += `${short(x0)} ${short(y0)} ${short((x0 + x1) / 2)} ${short((y0 + y1) / 2)} `;
  }
  return `${path.trimEnd()}Z`;
}

function linePath(shape: Drawn, isClosed: boolean): string {
  const points = pointsOf({ ...shape, x: 0, y: 0 });
  return points.length ? `M${points.map(({ x, y }) => `${short(x)} ${short(y)}`).join("L")}${isClosed ? "Z" : ""}` : "";
}

/** The two strokes of an arrow's head, as large as its line is thick. */
function headPath(shape: Drawn): string {
  const points = pointsOf({ ...shape, x: 0, y: 0 });
  const [from, to] = [points.at(-2), points.at(-1)];
  if (!from || !to) return "";
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const length = 6 + shape.width * 3;
  const wing = (turn: number): string => `${short(to.x - length * Math.cos(angle + turn))} ${short(to.y - length * Math.sin(angle + turn))}`;
  return `M${wing(0.5)}L${short(to.x)} ${short(to.y)}L${wing(-0.5)}`;
}

/** Path data relative to the shape's x and y; for kinds that are drawn by paths. */
export function pathOf(shape: Drawn): string {
  switch (shape.kind) {
    case "pen":
    case "highlighter":
      return strokePath(shape);
    case "arrow":
      return linePath(shape, false) + headPath(shape);
    case "polygon":
      return linePath(shape, true);
    default:
      return linePath(shape, false);
  }
}

/** Whether a path is filled with the stroke's colour: pens are outlines of their strokes. */
export const isInk = (kind: Shape["kind"]): boolean => kind === "pen" || kind === "highlighter";
