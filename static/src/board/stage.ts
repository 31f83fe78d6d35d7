// The stage: the SVG that everything is drawn in. World below, then what is being drawn, the selection, and the others.

import type { Desk } from "./desk";
import { boundsOf, boundsOfAll } from "./geometry";
import type { Gestures } from "./gestures";
import { CORNERS, cornerOf, turnGrip } from "./grips";
import { draftLayer } from "./drafts";
import { glyphDraw, glyphNew, type Supplies, svgNode } from "./glyphs";
import { Painter } from "./painter";
import type { Shape } from "./shape";
import { GRID } from "./snap";
import { toScreen } from "./viewport";

export class Stage {
  readonly svg = svgNode("svg", { class: "board-svg", role: "group" });
  readonly grid = document.createElement("div");
  readonly painter: Painter;
  readonly others = svgNode("g", { class: "board-others", "aria-hidden": "true" });
  /** What others are drawing just now. */
  readonly coming = draftLayer();
  private readonly world = svgNode("g", { class: "board-world" });
  private readonly drafts = svgNode("g", { class: "board-drafts", "aria-hidden": "true" });
  private readonly marks = svgNode("g", { class: "board-marks", "aria-hidden": "true" });
  private draft: { node: SVGElement; kind: Shape["kind"] } | null = null;
  private previewed = new Set<string>();

  constructor(
    private readonly desk: Desk,
    private readonly supplies: Supplies,
    label: (shape: Shape) => string,
    painted: () => void,
  ) {
    this.grid.className = "board-grid";
    this.svg.append(this.world, this.coming, this.drafts, this.marks, this.others);
    const stretched = (transform: string): void => {
      this.svg.style.transform = transform;
      // What follows the screen instead of the world would be stretched along.
      this.svg.classList.toggle("stretched", transform !== "");
    };
    this.painter = new Painter(this.world, supplies, label, stretched, () => {
      this.overlay();
      painted();
    });
  }

  gestures: Gestures | null = null;

  /** Everything that follows the view or a gesture, with the next frame. */
  look(): void {
    this.painter.look(this.desk.view, this.desk.size, this.desk.page);
  }

  private overlay(): void {
    const { view, isGrid } = this.desk;
    for (const layer of [this.coming, this.drafts]) layer.setAttribute("transform", this.world.getAttribute("transform") ?? "");
    this.paintDraft();
    this.paintPreview();
    this.paintMarks();
    const step = GRID * view.zoom * (view.zoom < 0.4 ? 5 : 1);
    // On an element of its own: a style of the SVG would be asked for anew by each of its thousands of shapes.
    this.grid.hidden = !isGrid;
    this.grid.style.setProperty("background-size", `${step}px ${step}px`);
    this.grid.style.setProperty("background-position", `${(-view.x * view.zoom) % step}px ${(-view.y * view.zoom) % step}px`);
  }

  private paintDraft(): void {
    const shape = this.gestures?.draft?.shape ?? null;
    if (!shape || shape.kind !== this.draft?.kind) {
      this.draft?.node.remove();
      this.draft = null;
    }
    if (!shape) return;
    if (!this.draft) {
      this.draft = { node: glyphNew(shape), kind: shape.kind };
      this.drafts.append(this.draft.node);
    }
    glyphDraw(this.draft.node, shape, this.supplies);
  }

  /** What is being moved is shown where it would go; the document changes when it is let go. */
  private paintPreview(): void {
    const preview = this.gestures?.preview ?? null;
    const sheet = this.desk.sheets.get(this.desk.selection.sheet);
    for (const id of this.previewed) {
      const shape = sheet?.scene.shapes.get(id);
      const node = sheet && this.painter.node(sheet.info.id, id);
      if (!preview?.has(id) && shape && node) glyphDraw(node, shape, this.supplies, sheet?.info.id);
    }
    this.previewed = new Set(preview?.keys());
    for (const [id, change] of preview ?? []) {
      const shape = sheet?.scene.shapes.get(id);
      const node = sheet && this.painter.node(sheet.info.id, id);
      if (shape && node) glyphDraw(node, { ...shape, ...change }, this.supplies, sheet?.info.id);
    }
  }

  private paintMarks(): void {
    const { desk, gestures } = this;
    const { view } = desk;
    const nodes: SVGElement[] = [];
    const outline = (box: { x: number; y: number; w: number; h: number }, name: string): void => {
      const at = toScreen(view, box);
      nodes.push(svgNode("rect", { class: name, x: at.x, y: at.y, width: box.w * view.zoom, height: box.h * view.zoom }));
    };
    for (const guide of desk.guides) {
      const at = toScreen(view, { x: guide.at, y: guide.at });
      nodes.push(svgNode("line", guide.isUpright ? { class: "guide", x1: at.x, x2: at.x, y1: 0, y2: desk.size.h } : { class: "guide", y1: at.y, y2: at.y, x1: 0, x2: desk.size.w }));
    }
    const selected = desk.selected.map((shape) => ({ ...shape, ...gestures?.preview?.get(shape.id) }));
    for (const shape of selected.length > 1 ? selected.slice(0, 100) : []) outline(boundsOf(shape), "picked");
    const box = boundsOfAll(selected);
    if (box) {
      outline(box, "selection");
      if (desk.mayChange(null) && desk.tool === "select") this.paintGrips(box, nodes);
    }
    if (gestures?.frame) outline(gestures.frame, "frame");
    this.marks.replaceChildren(...nodes);
  }

  private paintGrips(box: { x: number; y: number; w: number; h: number }, nodes: SVGElement[]): void {
    const { view } = this.desk;
    const turn = toScreen(view, turnGrip(box, view.zoom));
    nodes.push(svgNode("line", { class: "stem", x1: turn.x, y1: turn.y, x2: turn.x, y2: toScreen(view, box).y }), svgNode("circle", { class: "grip turn", cx: turn.x, cy: turn.y, r: 6 }));
    for (const corner of CORNERS) {
      const at = toScreen(view, cornerOf(box, corner));
      nodes.push(svgNode("rect", { class: "grip", x: at.x - 5, y: at.y - 5, width: 10, height: 10, rx: 2 }));
    }
  }

  /** Lets a shape be seen and heard: something in the room points at it. */
  light(sheet: string, id: string, ms = 4000): boolean {
    const node = this.painter.node(sheet, id);
    if (!node) return false;
    node.classList.add("lit");
    window.setTimeout(() => node.classList.remove("lit"), ms);
    return true;
  }
}

