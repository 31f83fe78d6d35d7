// Shows the sheets of a page: changed shapes once a frame, and only those near what is seen. One SVG element a shape.

import { boundsOf, type Box, contains, grown, overlaps } from "./geometry";
import { glyphDraw, glyphNew, type Supplies, svgNode } from "./glyphs";
import { type Scene, order } from "./scene";
import type { Shape } from "./shape";
import { seen, type Size, type View } from "./viewport";

const SETTLE_MS = 350;

interface Kept {
  node: SVGElement | null;
  shape: Shape;
  bounds: Box;
}

/** One sheet on the screen: its group, and its shapes in the order they lie. */
class Layer {
  readonly group: SVGGElement;
  readonly kept = new Map<string, Kept>();
  /** Ids from the bottom to the top; made anew when something came or went or moved up or down. */
  stack: string[] = [];
  isStale = true;
  readonly dirty = new Set<string>();

  constructor(
    readonly id: string,
    public scene: Scene,
  ) {
    this.group = svgNode("g", { "data-sheet": id });
  }
}

export class Painter {
  private readonly layers = new Map<string, Layer>();
  private view: View = { x: 0, y: 0, zoom: 1 };
  private size: Size = { w: 0, h: 0 };
  private page = "1";
  private mounted: Box | null = null;
  private frame: number | null = null;
  private isViewNew = true;
  /** The view that the document is laid out for. */
  private laidOut: View | null = null;
  private settling: number | null = null;
  private isSettled = false;

  /** `label`: the words for a shape; `stretched`: how the whole picture is transformed meanwhile; `painted`: called behind each frame. */
  constructor(
    private readonly world: SVGGElement,
    private readonly supplies: Supplies,
    private readonly label: (shape: Shape) => string,
    private readonly stretched: (transform: string) => void,
    private readonly painted: () => void,
  ) {}

  stop(): void {
    if (this.settling !== null) window.clearTimeout(this.settling);
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
  }

  /** The sheets from the bottom to the top. */
  sheets(all: readonly { id: string; scene: Scene }[]): void {
    const wanted = new Set(all.map(({ id }) => id));
    for (const [id, layer] of this.layers) {
      if (wanted.has(id)) continue;
      layer.group.remove();
      this.layers.delete(id);
    }
    for (const { id, scene } of all) {
      const before = this.layers.get(id);
      if (before?.scene === scene) continue;
      before?.group.remove();
      this.layers.set(id, new Layer(id, scene));
    }
    const groups = all.map(({ id }) => (this.layers.get(id) as Layer).group);
    if (groups.some((group, at) => this.world.children[at] !== group)) this.world.replaceChildren(...groups);
    this.everything();
  }

  changed(sheet: string, ids: Iterable<string>): void {
    const layer = this.layers.get(sheet);
    if (!layer) return;
    for (const id of ids) layer.dirty.add(id);
    this.soon();
  }

  /** Something outside the shapes changed that all of them may show (a drawing came, another page). */
  everything(): void {
    for (const layer of this.layers.values()) {
      layer.isStale = true;
      for (const id of layer.scene.shapes.keys()) layer.dirty.add(id);
      for (const id of layer.kept.keys()) layer.dirty.add(id);
    }
    this.soon();
  }

  look(view: View, size: Size, page: string): void {
    this.view = view;
    this.size = size;
    this.isViewNew = true;
    if (page !== this.page) {
      this.page = page;
      this.mounted = this.laidOut = null;
      this.everything();
    }
    this.soon();
  }

  node(sheet: string, id: string): SVGElement | null {
    return this.layers.get(sheet)?.kept.get(id)?.node ?? null;
  }

  bounds(sheet: string, id: string): Box | null {
    return this.layers.get(sheet)?.kept.get(id)?.bounds ?? null;
  }

  /** What is in the DOM now; a measure for tests. */
  get mountedCount(): number {
    let count = 0;
    for (const layer of this.layers.values()) count += layer.group.childElementCount;
    return count;
  }

  private soon(): void {
    this.frame ??= requestAnimationFrame(() => this.flush());
  }

  /** All that is outstanding, at once. */
  flush(): void {
    this.frame = null;
    if (this.isViewNew) this.moveWorld();
    for (const layer of this.layers.values()) this.paint(layer);
    this.painted();
  }

  /** While the zoom changes, the picture is stretched as it is: laying out thousands of shapes anew takes a tenth of a second. */
  private stretch(from: View): void {
    const { x, y, zoom } = this.view;
    this.stretched(`matrix(${zoom / from.zoom}, 0, 0, ${zoom / from.zoom}, ${(from.x - x) * zoom}, ${(from.y - y) * zoom})`);
    if (this.settling !== null) window.clearTimeout(this.settling);
    this.settling = window.setTimeout(() => {
      this.settling = null;
      this.isSettled = this.isViewNew = true;
      this.soon();
    }, SETTLE_MS);
  }

  private moveWorld(): void {
    this.isViewNew = false;
    const { x, y, zoom } = this.view;
    if (this.laidOut && this.laidOut.zoom !== zoom && !this.isSettled) return this.stretch(this.laidOut);
    if (this.settling !== null) window.clearTimeout(this.settling);
    this.settling = null;
    this.isSettled = false;
    this.laidOut = this.view;
    this.stretched("");
    this.world.setAttribute("transform", `scale(${zoom}) translate(${-x} ${-y})`);
    const now = seen(this.view, this.size);
    // Half a screen more on each side, so that a small move changes nothing in the document.
    if (this.mounted && contains(this.mounted, now) && this.mounted.w < now.w * 4) return;
    this.mounted = grown(now, Math.max(now.w, now.h) / 2);
    for (const layer of this.layers.values()) {
      for (const [id, { bounds, node }] of layer.kept) if (overlaps(bounds, this.mounted) !== (node !== null)) layer.dirty.add(id);
    }
  }

  private paint(layer: Layer): void {
    if (!layer.dirty.size) return;
    const arrived: string[] = [];
    for (const id of layer.dirty) {
      const shape = layer.scene.shapes.get(id);
      const before = layer.kept.get(id);
      if (!shape || shape.page !== this.page) {
        before?.node?.remove();
        if (before) layer.isStale = true;
        layer.kept.delete(id);
        continue;
      }
      if (!before || before.shape.z !== shape.z) layer.isStale = true;
      this.update(layer, id, shape, before, arrived);
    }
    layer.dirty.clear();
    this.place(layer, arrived);
  }

  private update(layer: Layer, id: string, shape: Shape, before: Kept | undefined, arrived: string[]): void {
    const kept: Kept = before ?? { node: null, shape, bounds: boundsOf(shape) };
    if (kept.shape !== shape) {
      if (kept.shape.z !== shape.z) arrived.push(id);
      kept.shape = shape;
      kept.bounds = boundsOf(shape);
    }
    layer.kept.set(id, kept);
    if (this.mounted && !overlaps(kept.bounds, this.mounted)) {
      kept.node?.remove();
      kept.node = null;
      return;
    }
    if (!kept.node) {
      kept.node = glyphNew(shape);
      arrived.push(id);
      kept.node.setAttribute("tabindex", "-1");
      kept.node.setAttribute("role", "img");
      kept.node.dataset["shape"] = id;
    }
    glyphDraw(kept.node, shape, this.supplies, layer.id);
    kept.node.setAttribute("aria-label", this.label(shape));
  }

  /** Puts what arrived between its neighbours. */
  private place(layer: Layer, arrived: string[]): void {
    if (layer.isStale) {
      layer.stack = [...layer.kept.values()].map(({ shape }) => shape).sort(order).map(({ id }) => id);
      layer.isStale = false;
    }
    if (!arrived.length) return;
    if (arrived.length > 20) {
      const nodes = layer.stack.flatMap((id) => layer.kept.get(id)?.node ?? []);
      return layer.group.replaceChildren(...nodes);
    }
    const wanted = new Set(arrived);
    let above: SVGElement | null = null;
    for (let at = layer.stack.length - 1; at >= 0; at--) {
      const id = layer.stack[at] as string;
      const node = layer.kept.get(id)?.node;
      if (!node) continue;
      if (wanted.has(id)) layer.group.insertBefore(node, above);
      above = node;
    }
  }
}
