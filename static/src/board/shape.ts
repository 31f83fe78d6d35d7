// A shape of the board as plain data: what the shared document holds, checked field by field, because others write it too.

export type ShapeKind = "pen" | "highlighter" | "line" | "arrow" | "rectangle" | "ellipse" | "polygon" | "text" | "formula" | "image" | "point";

export interface Shape {
  id: string;
  kind: ShapeKind;
  page: string;
  z: number;
  /** World units, of the unrotated shape. */
  x: number;
  y: number;
  w: number;
  h: number;
  /** Flat and relative to x, y: [x, y, pressure, …] of pens, [x, y, …] of lines, arrows and polygons. */
  points: readonly number[];
  /** Degrees, about the middle of the box. */
  rotation: number;
  stroke: string;
  fill: string | null;
  fill_opacity: number;
  opacity: number;
  width: number;
  text: string;
  latex: string;
  image: string | null;
  alt: string;
  by: string;
  locked: boolean;
  /** The line of a solution that it shows. */
  step: string | null;
}
export type NewShape = Omit<Shape, "z" | "id" | "by" | "page" | "locked" | "step"> & { step?: string | null };

export const KINDS: readonly ShapeKind[] = ["pen", "highlighter", "line", "arrow", "rectangle", "ellipse", "polygon", "text", "formula", "image", "point"];
export const TEXT_MOST = 2000;
export const LATEX_MOST = 500;
export const ALT_MOST = 300;
export const NUMBERS_MOST = 10_000;
export const SHAPES_MOST = 2000;
export const PAGES_MOST = 20;
export const TITLE_MOST = 120;
export const LINE_HEIGHT = 1.25;
/** How large the name of a point is written. */
export const POINT_SIZE = 16;

/** Which fields a kind has beside those that all have. */
const OWN: Readonly<Record<ShapeKind, readonly (keyof Shape)[]>> = {
  pen: ["points"],
  highlighter: ["points"],
  line: ["points"],
  arrow: ["points"],
  polygon: ["points", "fill", "fill_opacity"],
  rectangle: ["w", "h", "fill", "fill_opacity"],
  ellipse: ["w", "h", "fill", "fill_opacity"],
  text: ["w", "h", "text"],
  formula: ["w", "h", "latex"],
  image: ["w", "h", "image"],
  point: ["text"],
};
const COMMON: readonly (keyof Shape)[] = ["kind", "page", "z", "x", "y", "rotation", "stroke", "opacity", "width", "alt", "by", "locked"];

export const fieldsOf = (kind: ShapeKind): readonly (keyof Shape)[] => [...COMMON, ...OWN[kind]];

const number = (value: unknown, fallback: number, least = -1e6, most = 1e6): number =>
  typeof value === "number" && Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : fallback;
const words = (value: unknown, most: number): string => (typeof value === "string" ? value.slice(0, most) : "");
const COLOUR = /^#[0-9a-f]{6}$/i;
const colour = (value: unknown): string | null => (typeof value === "string" && COLOUR.test(value) ? value.toLowerCase() : null);
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The shape that stands under `id`, or null where its kind is unknown: whatever is wrong in it becomes harmless. */
export function shapeRead(id: string, get: (field: string) => unknown): Shape | null {
  const kind = get("kind") as ShapeKind;
  if (!KINDS.includes(kind)) return null;
  const points = get("points");
  const [image, step] = [get("image"), get("step")];
  return {
    id,
    kind,
    page: words(get("page"), 64) || "1",
    z: number(get("z"), 0, -1e9, 1e9),
    x: number(get("x"), 0),
    y: number(get("y"), 0),
    w: number(get("w"), 0, 0),
    h: number(get("h"), 0, 0),
    points: Array.isArray(points) ? points.slice(0, NUMBERS_MOST).map((value) => number(value, 0)) : [],
    rotation: number(get("rotation"), 0),
    stroke: colour(get("stroke")) ?? "#182726",
    fill: colour(get("fill")),
    fill_opacity: number(get("fill_opacity"), 1, 0, 1),
    opacity: number(get("opacity"), 1, 0, 1),
    width: number(get("width"), 2, 0.5, 40),
    text: words(get("text"), TEXT_MOST),
    latex: words(get("latex"), LATEX_MOST),
    image: typeof image === "string" && UUID.test(image) ? image : null,
    alt: words(get("alt"), ALT_MOST),
    by: words(get("by"), 64),
    locked: get("locked") === true,
    step: typeof step === "string" && UUID.test(step) ? step : null,
  };
}

/** Numbers per point of `points`. */
export const strideOf = (kind: ShapeKind): number => (kind === "pen" || kind === "highlighter" ? 3 : 2);

/** Quarter units and 64ths of a pressure: half the bytes on the wire, and nobody sees it. */
export const quarter = (value: number): number => Math.round(value * 4) / 4;
export const tidyPressure = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 64) / 64;

export const BLANK: NewShape = {
  kind: "rectangle", x: 0, y: 0, w: 0, h: 0, points: [], rotation: 0, stroke: "#182726", fill: null, fill_opacity: 1, opacity: 1, width: 2,
  text: "", latex: "", image: null, alt: "",
};

/** The height of one line of text: the box's height is all that says how large it is written. */
export const fontSize = (shape: Pick<Shape, "text" | "h">): number => Math.max(4, shape.h / (shape.text.split("\n").length * LINE_HEIGHT));
