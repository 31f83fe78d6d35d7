// A drawing from its data: SVG made of nodes, a handful of elements and attributes. The same as tutor/tools/svg.py writes;
// tests/tutor/tools/drawings.json holds both to each other.

import type { Drawing, DrawnShape } from "../tools";

const NAMESPACE = "http://www.w3.org/2000/svg";
const POINT_R = 3;
const LETTER = 12;
const GAP = 6;
const TICK = 3;

export function drawingNode(drawing: Drawing, alt: string): SVGSVGElement {
  const { width, height } = drawing;
  const [left, right, bottom, top] = drawing.window;
  const x = (value: number): number => ((value - left) / (right - left)) * width;
  const y = (value: number): number => ((top - value) / (top - bottom)) * height;
  const root = made("svg", { class: "drawing", role: "img", viewBox: `0 0 ${sized(width)} ${sized(height)}` }) as SVGSVGElement;
  added(root, "title", {}).textContent = alt;
  if (drawing.axes) axes(added(root, "g", { class: "axes" }), drawing, x, y);
  for (const shape of drawing.shapes) draw(root, shape, x, y, width / (right - left));
  return root;
}

type Scale = (value: number) => number;

/** Through 0, or along the edge that is nearest to it, with their ticks. */
function axes(group: Element, { width, height, ticks }: Drawing, x: Scale, y: Scale): void {
  const across = Math.min(Math.max(y(0), 0), height);
  const along = Math.min(Math.max(x(0), 0), width);
  line(group, 0, across, width, across);
  line(group, along, 0, along, height);
  const below = across + LETTER + 4 < height ? across + LETTER + 2 : across - GAP;
  const beside = along > 40 ? along - GAP : along + GAP;
  for (const tick of ticks.x) {
    const at = x(tick);
    line(group, at, across - TICK, at, across + TICK);
    if (12 < at && at < width - 12) written(group, at, below, tickWords(tick), "middle");
  }
  for (const tick of ticks.y) {
    const at = y(tick);
    line(group, along - TICK, at, along + TICK, at);
    if (LETTER < at && at < height - 4) written(group, beside, at + 4, tickWords(tick), along > 40 ? "end" : "start");
  }
}

function draw(root: Element, shape: DrawnShape, x: Scale, y: Scale, unit: number): void {
  const tone = `${shape.kind} tone-${shape.tone}`;
  switch (shape.kind) {
    case "line":
    case "polygon": {
      const points = shape.points.map(([across, up]) => `${sized(x(across))},${sized(y(up))}`).join(" ");
      added(root, shape.kind === "line" ? "polyline" : "polygon", { class: tone, points });
      return;
    }
    case "circle":
    case "point": {
      const r = shape.kind === "circle" ? shape.r * unit : POINT_R;
      added(root, "circle", { class: tone, cx: sized(x(shape.at[0])), cy: sized(y(shape.at[1])), r: sized(r) });
      return;
    }
    case "text": {
      const { side } = shape;
      const anchor = side.includes("e") ? "start" : side.includes("w") ? "end" : "middle";
      const across = x(shape.at[0]) + (side.includes("e") ? GAP : side.includes("w") ? -GAP : 0);
      const down = y(shape.at[1]) + (side.includes("n") ? -GAP : side.includes("s") ? LETTER + 2 : 4);
      written(root, across, down, shape.text, anchor, tone);
    }
  }
}

function made(tag: string, attributes: Record<string, string>): Element {
  const node = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function added(parent: Element, tag: string, attributes: Record<string, string>): Element {
  return parent.appendChild(made(tag, attributes));
}

function line(parent: Element, x1: number, y1: number, x2: number, y2: number): void {
  added(parent, "line", { x1: sized(x1), y1: sized(y1), x2: sized(x2), y2: sized(y2) });
}

function written(parent: Element, x: number, y: number, text: string, anchor: string, tone = ""): void {
  const place = { x: sized(x), y: sized(y), "text-anchor": anchor };
  added(parent, "text", tone ? { class: tone, ...place } : place).textContent = text;
}

/** A length with two decimals at most, as the server rounds it. */
function sized(value: number): string {
  const hundredths = value >= 0 ? Math.floor(value * 100 + 0.5) : -Math.floor(-value * 100 + 0.5);
  return String(hundredths === 0 ? 0 : hundredths / 100);
}

function tickWords(tick: number): string {
  return String(Number(tick.toPrecision(10))).replaceAll("-", "−");
}

/** <cs-drawing>: set `content` to [drawing, what it shows in words]; drawn again only when that is another one. */
export class DrawingElement extends HTMLElement {
  private drawn = "";

  set content([drawing, alt]: [Drawing, string]) {
    const key = JSON.stringify([drawing, alt]);
    if (key === this.drawn) return;
    this.drawn = key;
    this.replaceChildren(drawingNode(drawing, alt));
  }
}

customElements.define("cs-drawing", DrawingElement);
