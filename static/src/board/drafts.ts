// What others are drawing just now, before it is in the document: passing signs over the line of the sheet it is drawn on.
// A sign holds the newest points alone, because it must be small; whoever has seen the ones before it has the whole stroke.

import type { Awareness } from "y-protocols/awareness";

import { isRecord } from "../shapes";
import { type Draft, DRAW_TOOLS, type Tool } from "./draw";
import { glyphDraw, glyphNew, type Supplies, svgNode } from "./glyphs";
import { NUMBERS_MOST, type Shape, shapeRead, strideOf } from "./shape";

/** The field `draft` of a state. `at`: how many points come before those of `ink`. */
export interface DraftSign {
  /** The id that the shape will have. */
  id: string;
  page: string;
  at: number;
  /** Steps from point to point in quarter units, and pressures in 64ths, with commas between them. */
  ink: string;
  [field: string]: unknown;
}

const INK_MOST = 1600;
/** How long a stroke that is done waits for the document to bring it. */
const LINGER_MS = 700;
const FIELDS = ["kind", "x", "y", "w", "h", "stroke", "fill", "fill_opacity", "opacity", "width"] as const;
const NO_SUPPLIES: Supplies = { drawing: () => null, picture: () => "" };

export function draftSign({ id, shape }: Draft, page: string): DraftSign {
  const stride = strideOf(shape.kind);
  const steps: string[] = [];
  for (let at = 0; at + stride <= shape.points.length; at += stride) {
    const [x, y] = [Math.round((shape.points[at] as number) * 4), Math.round((shape.points[at + 1] as number) * 4)];
    steps.push(stride === 3 ? `${x},${y},${Math.round((shape.points[at + 2] as number) * 64)}` : `${x},${y}`);
  }
  let length = 0;
  let at = steps.length;
  while (at > 0 && (length += (steps[at - 1] as string).length + 1) <= INK_MOST) at--;
  return { id, page, at, ink: steps.slice(at).join(","), ...Object.fromEntries(FIELDS.map((field) => [field, shape[field]])) };
}

/** One that is being drawn: what is known of its points, from the `base`-th on. */
interface Known {
  sheet: string;
  client: number;
  page: string;
  shape: Shape;
  base: number;
  node: SVGElement | null;
  goneAt: number | null;
}

export class Drafts {
  private readonly known = new Map<string, Known>();
  private timer: number | null = null;

  /** `into`: an SVG group in units of the world; `later`: asks for a frame. */
  constructor(
    private readonly into: SVGGElement,
    private readonly later: () => void,
  ) {}

  /** Takes what the states of a sheet say now. */
  take(sheet: string, awareness: Awareness, now: number): void {
    const said = new Set<string>();
    for (const [client, state] of awareness.getStates()) {
      const sign: unknown = client === awareness.clientID ? null : state["draft"];
      if (!isRecord(sign)) continue;
      const id = String(sign["id"]).slice(0, 64);
      const key = `${sheet} ${client} ${id}`;
      const found = grown(this.known.get(key), sign, id);
      if (!found) continue;
      said.add(key);
      this.known.set(key, { sheet, client, page: found.shape.page, node: this.known.get(key)?.node ?? null, goneAt: null, ...found });
    }
    for (const [key, one] of this.known) {
      if (one.sheet !== sheet || said.has(key)) continue;
      // Whoever left takes it along; else it is done, and the document brings it in a moment.
      if (!awareness.getStates().has(one.client)) this.drop(key);
      else one.goneAt ??= now;
    }
  }

  /** Shows those of a page. `isThere`: whether the document has a shape by now. */
  draw(page: string, now: number, isThere: (sheet: string, id: string) => boolean | null): void {
    for (const [key, one] of this.known) {
      if (isThere(one.sheet, one.shape.id) !== false || (one.goneAt !== null && now - one.goneAt >= LINGER_MS)) this.drop(key);
      else if (one.page !== page) this.hide(one);
      else this.show(one);
    }
    if ([...this.known.values()].some(({ goneAt }) => goneAt !== null)) this.timer ??= window.setTimeout(() => ((this.timer = null), this.later()), LINGER_MS);
  }

  stop(): void {
    if (this.timer !== null) window.clearTimeout(this.timer);
    for (const key of this.known.keys()) this.drop(key);
  }

  private show(one: Known): void {
    if (!one.node) {
      one.node = glyphNew(one.shape);
      this.into.append(one.node);
    }
    glyphDraw(one.node, one.shape, NO_SUPPLIES);
  }

  private hide(one: Known): void {
    one.node?.remove();
    one.node = null;
  }

  private drop(key: string): void {
    this.known.get(key)?.node?.remove();
    this.known.delete(key);
  }
}

/** What is known with the sign's points; null for what nobody draws by hand. */
function grown(before: Known | undefined, sign: Record<string, unknown>, id: string): Pick<Known, "shape" | "base"> | null {
  if (!DRAW_TOOLS.has(sign["kind"] as Tool) || (before && before.shape.kind !== sign["kind"])) return null;
  const stride = strideOf(sign["kind"] as Shape["kind"]);
  const at = Math.trunc(Number(sign["at"])) || 0;
  const numbers = String(sign["ink"] ?? "").slice(0, 2 * INK_MOST).split(",").map((value, index) => Number(value) / (stride === 3 && index % 3 === 2 ? 64 : 4));
  const ink = numbers.slice(0, numbers.length - (numbers.length % stride));
  const had = before?.shape.points ?? [];
  const base = before?.base ?? at;
  const isJoined = at >= base && (at - base) * stride <= had.length;
  const points = isJoined ? [...had.slice(0, (at - base) * stride), ...ink] : ink;
  const shape = shapeRead(id, (field) => (field === "points" ? points.slice(0, NUMBERS_MOST) : sign[field]));
  return shape && { shape, base: isJoined ? base : at };
}

export const draftLayer = (): SVGGElement => svgNode("g", { class: "board-coming", "aria-hidden": "true" });
