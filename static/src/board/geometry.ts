// Boxes, distances and changes of shapes, as pure functions in world units.

import { quarter, type Shape, strideOf } from "./shape";

export interface Point {
  x: number;
  y: number;
}
export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

export const middle = (box: Box): Point => ({ x: box.x + box.w / 2, y: box.y + box.h / 2 });

export function boxAround(points: readonly Point[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return points.length ? { x: left, y: top, w: right - left, h: bottom - top } : { x: 0, y: 0, w: 0, h: 0 };
}

export const boxOfCorners = (one: Point, other: Point): Box => boxAround([one, other]);
export const overlaps = (one: Box, other: Box): boolean => one.x <= other.x + other.w && other.x <= one.x + one.w && one.y <= other.y + other.h && other.y <= one.y + one.h;
export const contains = (outer: Box, inner: Box): boolean => inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.w <= outer.x + outer.w && inner.y + inner.h <= outer.y + outer.h;
export const grown = (box: Box, by: number): Box => ({ x: box.x - by, y: box.y - by, w: box.w + 2 * by, h: box.h + 2 * by });

/** The points of a shape in world units, unrotated. */
export function pointsOf(shape: Pick<Shape, "kind" | "points" | "x" | "y">): Point[] {
  const stride = strideOf(shape.kind);
  const found: Point[] = [];
  for (let at = 0; at + 1 < shape.points.length; at += stride) found.push({ x: shape.x + (shape.points[at] as number), y: shape.y + (shape.points[at + 1] as number) });
  return found;
}

/** The box of the unrotated shape, without the width of its line. */
export function frameOf(shape: Shape): Box {
  if (shape.points.length) return boxAround(pointsOf(shape));
  if (shape.kind === "point") return { x: shape.x - 4, y: shape.y - 4, w: 8, h: 8 };
  return { x: shape.x, y: shape.y, w: shape.w, h: shape.h };
}

export function turned(point: Point, about: Point, degrees: number): Point {
  if (!degrees) return point;
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [dx, dy] = [point.x - about.x, point.y - about.y];
  return { x: about.x + dx * cos - dy * sin, y: about.y + dx * sin + dy * cos };
}

const corners = (box: Box): Point[] => [{ x: box.x, y: box.y }, { x: box.x + box.w, y: box.y }, { x: box.x + box.w, y: box.y + box.h }, { x: box.x, y: box.y + box.h }];

/** The upright box of a shape without the width of its line: what is lined up with others and with the grid. */
export function edgesOf(shape: Shape): Box {
  const frame = frameOf(shape);
  return shape.rotation % 360 ? boxAround(corners(frame).map((corner) => turned(corner, middle(frame), shape.rotation))) : frame;
}

/** The upright box that holds all of a shape as it is drawn. */
export function boundsOf(shape: Shape): Box {
  const upright = edgesOf(shape);
  const hasLine = shape.kind !== "text" && shape.kind !== "formula" && shape.kind !== "image";
  const extra = shape.kind === "arrow" ? shape.width * 3 + 6 : shape.kind === "point" && shape.text ? 20 : 0;
  return hasLine ? grown(upright, shape.width / 2 + extra) : upright;
}

export function boundsOfAll(shapes: Iterable<Shape>, box: (shape: Shape) => Box = boundsOf): Box | null {
  const boxes = [...shapes].map(box);
  if (!boxes.length) return null;
  return boxAround(boxes.flatMap((box) => [{ x: box.x, y: box.y }, { x: box.x + box.w, y: box.y + box.h }]));
}

export function distanceToLine(point: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const part = length ? Math.min(1, Math.max(0, ((point.x - from.x) * dx + (point.y - from.y) * dy) / length)) : 0;
  return Math.hypot(point.x - from.x - part * dx, point.y - from.y - part * dy);
}

function isInside(point: Point, outline: readonly Point[]): boolean {
  let inside = false;
  for (let at = 0, before = outline.length - 1; at < outline.length; before = at++) {
    const [one, other] = [outline[at] as Point, outline[before] as Point];
    if (one.y > point.y !== other.y > point.y && point.x < ((other.x - one.x) * (point.y - one.y)) / (other.y - one.y) + one.x) inside = !inside;
  }
  return inside;
}

function nearOutline(point: Point, outline: readonly Point[], reach: number, isClosed: boolean): boolean {
  if (outline.length === 1) return Math.hypot(point.x - (outline[0] as Point).x, point.y - (outline[0] as Point).y) <= reach;
  const last = isClosed ? outline.length : outline.length - 1;
  for (let at = 0; at < last; at++) if (distanceToLine(point, outline[at] as Point, outline[(at + 1) % outline.length] as Point) <= reach) return true;
  return false;
}

function nearEllipse(point: Point, box: Box, reach: number, isFilled: boolean): boolean {
  const { x, y } = middle(box);
  const at = (rx: number, ry: number): boolean => rx > 0 && ry > 0 && ((point.x - x) / rx) ** 2 + ((point.y - y) / ry) ** 2 <= 1;
  return at(box.w / 2 + reach, box.h / 2 + reach) && (isFilled || !at(box.w / 2 - reach, box.h / 2 - reach));
}

/** Whether a point touches a shape; `slack` is how near counts. An outline without a fill is touched on its line alone. */
export function hits(shape: Shape, at: Point, slack: number): boolean {
  const frame = frameOf(shape);
  const point = turned(at, middle(frame), -shape.rotation);
  const reach = slack + shape.width / 2;
  const within = contains(grown(frame, reach), { ...point, w: 0, h: 0 });
  if (!within) return false;
  switch (shape.kind) {
    case "pen":
    case "highlighter":
    case "line":
    case "arrow":
      return nearOutline(point, pointsOf(shape), reach, false);
    case "polygon":
      return nearOutline(point, pointsOf(shape), reach, true) || (shape.fill !== null && isInside(point, pointsOf(shape)));
    case "rectangle":
      return shape.fill !== null || nearOutline(point, corners(frame), reach, true);
    case "ellipse":
      return nearEllipse(point, frame, reach, shape.fill !== null);
    default:
      return true;
  }
}

// ---- changes: each gives the fields that are different

export type Change = Partial<Pick<Shape, "x" | "y" | "w" | "h" | "points" | "rotation">>;

export const moved = (shape: Shape, dx: number, dy: number): Change => ({ x: quarter(shape.x + dx), y: quarter(shape.y + dy) });

/** Scaled about a fixed point of the world. Turned shapes keep their proportions: `sx` counts for both ways. */
export function scaled(shape: Shape, sx: number, sy: number, fixed: Point): Change {
  const stride = strideOf(shape.kind);
  const frame = frameOf(shape);
  const old = middle(frame);
  const to = { x: fixed.x + (old.x - fixed.x) * sx, y: fixed.y + (old.y - fixed.y) * sy };
  const [kx, ky] = shape.rotation % 180 ? [Math.abs(sx), Math.abs(sx)] : [sx, sy];
  const x = quarter(to.x + (shape.x - old.x) * kx);
  const y = quarter(to.y + (shape.y - old.y) * ky);
  if (shape.points.length) {
    const points = shape.points.map((value, at) => (at % stride === 0 ? quarter(value * kx) : at % stride === 1 ? quarter(value * ky) : value));
    return { x, y, points };
  }
  if (shape.kind === "point") return { x, y };
  const [w, h] = [quarter(shape.w * Math.abs(kx)), quarter(shape.h * Math.abs(ky))];
  return { x: quarter(to.x - w / 2), y: quarter(to.y - h / 2), w, h };
}

/** Turned by `degrees` about a point of the world. */
export function rotated(shape: Shape, degrees: number, about: Point): Change {
  const centre = middle(frameOf(shape));
  const to = turned(centre, about, degrees);
  const rotation = (((shape.rotation + degrees) % 360) + 360) % 360;
  return { x: quarter(shape.x + to.x - centre.x), y: quarter(shape.y + to.y - centre.y), rotation: Math.round(rotation * 10) / 10 };
}

/** Whether a shape must keep its proportions: what is written or pictured in it would be squeezed. */
export const keepsProportions = (shape: Shape): boolean => shape.rotation % 180 !== 0 || ["text", "formula", "image"].includes(shape.kind);

/** How large a text of this size is about to be: letters half as wide as high, CJK as wide as high. */
export function textBox(text: string, size: number): { w: number; h: number } {
  const lines = text.split("\n");
  const widths = lines.map((line) => [...line].reduce((sum, letter) => sum + ((letter.codePointAt(0) ?? 0) > 0x2e7f ? 1 : 0.55), 0));
  return { w: quarter(Math.max(0.5, ...widths) * size), h: quarter(lines.length * size * 1.25) };
}

