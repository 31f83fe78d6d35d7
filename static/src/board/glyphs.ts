// One SVG element for each shape. Text of people is put in as text, never as markup.

import { frameOf, middle } from "./geometry";
import { isInk, pathOf } from "./outline";
import { fontSize, LINE_HEIGHT, type NewShape, POINT_SIZE, type Shape } from "./shape";

export const SVG = "http://www.w3.org/2000/svg";
export type Drawable = NewShape & { id?: string };

/** A formula drawn by the server: its size and its outlines. */
export interface Drawing {
  w: number;
  h: number;
  paths: { d: string; transform: string }[];
}
/** What a shape needs from outside: drawings of formulas and the addresses of pictures. */
export interface Supplies {
  drawing: (latex: string) => Drawing | null;
  /** `sheet`: the document that the shape stands in, by whose readers the picture is seen. */
  picture: (image: string, sheet: string) => string;
}

export function svgNode<Name extends keyof SVGElementTagNameMap>(name: Name, attributes: Readonly<Record<string, string | number>> = {}): SVGElementTagNameMap[Name] {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  return node;
}

const TAGS: Readonly<Record<Shape["kind"], keyof SVGElementTagNameMap>> = {
  pen: "path", highlighter: "path", line: "path", arrow: "path", polygon: "path", rectangle: "rect", ellipse: "ellipse", text: "text", formula: "g", image: "image", point: "g",
};

export const glyphNew = (shape: Drawable): SVGElement => svgNode(TAGS[shape.kind]) as SVGElement;

/** How a shape is placed: moved to x, y, and turned about the middle of its box. */
export function placement(shape: Drawable, extra = ""): string {
  const centre = middle(frameOf(shape as Shape));
  const turn = shape.rotation % 360 ? `rotate(${shape.rotation} ${centre.x} ${centre.y}) ` : "";
  return `${extra}${turn}translate(${shape.x} ${shape.y})`;
}

/** Brings an element up to date with its shape, which stands in the document `sheet`. */
export function glyphDraw(node: SVGElement, shape: Drawable, supplies: Supplies, sheet = ""): void {
  const set = (attributes: Readonly<Record<string, string | number>>): void => {
    for (const [key, value] of Object.entries(attributes)) if (node.getAttribute(key) !== String(value)) node.setAttribute(key, String(value));
  };
  set({ transform: placement(shape), opacity: shape.opacity });
  switch (shape.kind) {
    case "rectangle":
      return set({ width: shape.w, height: shape.h, rx: 2, ...painted(shape) });
    case "ellipse":
      return set({ cx: shape.w / 2, cy: shape.h / 2, rx: shape.w / 2, ry: shape.h / 2, ...painted(shape) });
    case "text":
      return written(node, shape);
    case "formula":
      return formula(node, shape, supplies.drawing(shape.latex));
    case "image":
      return set({ width: shape.w, height: shape.h, href: shape.image ? supplies.picture(shape.image, sheet) : "", preserveAspectRatio: "none" });
    case "point":
      return dot(node, shape);
    default:
      return set({ d: pathOf(shape), ...painted(shape) });
  }
}

function painted(shape: Drawable): Record<string, string | number> {
  if (isInk(shape.kind)) return { fill: shape.stroke, stroke: "none" };
  return { fill: shape.fill ?? "none", "fill-opacity": shape.fill_opacity, stroke: shape.stroke, "stroke-width": shape.width, "stroke-linecap": "round", "stroke-linejoin": "round" };
}

function written(node: SVGElement, shape: Drawable): void {
  const size = fontSize(shape);
  for (const [key, value] of Object.entries({ fill: shape.stroke, "font-size": size, class: "board-text" })) node.setAttribute(key, String(value));
  if (node.dataset["text"] === shape.text && node.dataset["size"] === String(size)) return;
  node.dataset["text"] = shape.text;
  node.dataset["size"] = String(size);
  node.replaceChildren(
    ...shape.text.split("\n").map((line, at) => {
      const span = svgNode("tspan", { x: 0, y: at * size * LINE_HEIGHT + size });
      span.textContent = line;
      return span;
    }),
  );
}

function formula(node: SVGElement, shape: Drawable, drawing: Drawing | null): void {
  node.setAttribute("fill", shape.stroke);
  const key = `${shape.latex} ${drawing ? "drawn" : ""} ${shape.w} ${shape.h}`;
  if (node.dataset["drawn"] === key) return;
  node.dataset["drawn"] = key;
  if (drawing) {
    const inner = svgNode("g", { transform: `scale(${shape.w / drawing.w || 1} ${shape.h / drawing.h || 1})` });
    inner.append(...drawing.paths.map(({ d, transform }) => svgNode("path", transform ? { d, transform } : { d })));
    // Without an area of its own a formula could be touched on its lines alone.
    node.replaceChildren(svgNode("rect", { width: shape.w, height: shape.h, fill: "transparent" }), inner);
  } else {
    const words = svgNode("text", { y: shape.h * 0.7, "font-size": Math.max(8, Math.min(shape.h * 0.6, 18)), class: "board-source" });
    words.textContent = shape.latex;
    node.replaceChildren(words);
  }
}

function dot(node: SVGElement, shape: Drawable): void {
  const circle = svgNode("circle", { r: Math.max(3, shape.width * 1.5), fill: shape.stroke });
  const label = svgNode("text", { x: 8, y: -6, "font-size": POINT_SIZE, fill: shape.stroke, class: "board-text" });
  label.textContent = shape.text;
  node.replaceChildren(circle, label);
}
