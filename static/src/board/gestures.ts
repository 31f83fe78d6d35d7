// Mouse, pen and fingers on the stage: what a press begins, a move goes on with, and letting go ends.

import { cornerAdd, type Draft, draftBegin, draftEnd, draftExtend, DRAW_TOOLS, type DrawTool, type Sample } from "./draw";
import type { Desk } from "./desk";
import { boundsOf, boundsOfAll, type Box, boxOfCorners, contains, type Point } from "./geometry";
import { type Drag, dragBegin, dragTo, gripAt } from "./grips";
import type { Shape } from "./shape";
import { snapPoint } from "./snap";
import { panned, pinched, toWorld, zoomed } from "./viewport";

type Doing = "draw" | "erase" | "drag" | "frame" | "pan" | "pinch" | "laser";

export interface GesturesListener {
  /** The pointer is here (world), or away. */
  pointing(at: Point | null, isLaser: boolean): void;
}

export class Gestures {
  draft: Draft | null = null;
  /** The frame that is being drawn around shapes (world). */
  frame: Box | null = null;
  /** What is being moved, as it looks so far. */
  preview: ReadonlyMap<string, Partial<Shape>> | null = null;
  private doing: Doing | null = null;
  private from: Point = { x: 0, y: 0 };
  private before: Point = { x: 0, y: 0 };
  private drag: Drag | null = null;
  private readonly fingers = new Map<number, Point>();
  private hasPen = false;
  private isFirst = true;
  isSpaceDown = false;

  constructor(
    private readonly desk: Desk,
    private readonly stage: Element,
    private readonly listener: GesturesListener,
  ) {}

  private screen(event: MouseEvent): Point {
    const box = (this.stage.parentElement ?? this.stage).getBoundingClientRect(); // the stage itself may be stretched
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private world(event: MouseEvent): Point {
    return toWorld(this.desk.view, this.screen(event));
  }

  private sample(event: PointerEvent): Sample {
    const at = this.world(event);
    // Fingers press with whatever the glass makes up.
    const isFlat = event.pointerType !== "pen" || event.pressure === 0;
    const isFree = this.desk.tool === "pen" || this.desk.tool === "highlighter";
    return { ...(isFree || !this.desk.isSnapping || !this.desk.isGrid ? at : snapPoint(at, true)), pressure: isFlat ? 0.5 : event.pressure };
  }

  private get slack(): number {
    return 6 / this.desk.view.zoom;
  }

  // ---- events

  down(event: PointerEvent): void {
    if (event.pointerType === "pen") this.hasPen = true;
    if (event.pointerType === "touch") {
      this.fingers.set(event.pointerId, this.screen(event));
      if (this.fingers.size === 2) return this.pinch();
      if (this.fingers.size > 2) return;
    }
    if (event.button > 1) return;
    this.stage.setPointerCapture(event.pointerId);
    this.from = this.world(event);
    this.before = this.screen(event);
    this.doing = this.wanted(event);
    if (this.doing === "draw") this.drawBegin(event);
    else if (this.doing === "drag" || this.doing === "frame") this.pickBegin(event);
    else if (this.doing === "erase") this.eraseBegin();
    else if (this.doing === "laser") this.listener.pointing(this.from, true);
  }

  private wanted(event: PointerEvent): Doing | null {
    const { tool, mayWrite } = this.desk;
    // Who draws with a pen rests a hand on the glass.
    const isPalm = event.pointerType === "touch" && this.hasPen && tool !== "select";
    if (event.button === 1 || this.isSpaceDown || tool === "hand" || isPalm) return "pan";
    if (tool === "select") return "drag";
    if (tool === "laser") return "laser";
    if (!mayWrite) {
      this.desk.fault("read_only");
      return event.pointerType === "touch" ? "pan" : null;
    }
    if (tool === "erase") return "erase";
    return DRAW_TOOLS.has(tool) ? "draw" : null;
  }

  move(event: PointerEvent): void {
    const at = this.world(event);
    if (event.pointerType === "touch" && this.fingers.has(event.pointerId)) {
      if (this.doing === "pinch") return this.pinchMove(event);
      this.fingers.set(event.pointerId, this.screen(event));
    }
    this.listener.pointing(at, this.doing === "laser");
    if (this.draft && this.doing !== "draw") this.draft = draftExtend(this.draft, [this.sample(event)], event.shiftKey);
    if (this.doing === "draw") this.drawMove(event);
    else if (this.doing === "erase") this.erase(at);
    else if (this.doing === "drag") this.dragMove(event);
    else if (this.doing === "frame") this.frame = boxOfCorners(this.from, at);
    else if (this.doing === "pan") this.pan(event);
    this.desk.redraw();
  }

  up(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    const { doing } = this;
    if (doing === "pinch") {
      if (!this.fingers.size) this.doing = null;
      return;
    }
    this.doing = null;
    if (doing === "draw") this.drawEnd(event);
    else if (doing === "drag") this.dragEnd();
    else if (doing === "frame") this.frameEnd(event.shiftKey);
    else if (doing === "laser") this.listener.pointing(this.world(event), false);
    else if (doing === null && event.button === 0 && this.desk.mayWrite) this.write(event);
    this.desk.redraw();
  }

  cancel(event: PointerEvent | null): void {
    if (event) this.fingers.delete(event.pointerId);
    this.doing = this.draft = this.frame = this.preview = this.drag = null;
    this.desk.guides = [];
    this.desk.redraw();
  }

  leave(): void {
    if (!this.doing) this.listener.pointing(null, false);
  }

  wheel(event: WheelEvent): void {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : 1;
    const isZoom = event.ctrlKey || event.metaKey;
    if (isZoom) return this.desk.look(zoomed(this.desk.view, Math.exp((-event.deltaY * unit) / 300), this.screen(event)));
    const [dx, dy] = event.shiftKey && !event.deltaX ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
    this.desk.look(panned(this.desk.view, -dx * unit, -dy * unit));
  }

  /** Twice on something written: it is written anew. On a polygon: it is complete. */
  double(event: MouseEvent): void {
    if (this.draft) return this.polygonEnd();
    if (this.desk.tool !== "select") return;
    const found = this.desk.at(this.world(event), this.slack);
    if (!found?.sheet.state.mayWrite || found.shape.locked) return;
    this.desk.rewrite(found.sheet, found.shape);
  }

  // ---- drawing

  private drawBegin(event: PointerEvent): void {
    const { desk } = this;
    if (this.draft) return; // the next corner of a polygon
    desk.begin();
    this.draft = draftBegin(desk.tool as DrawTool, this.sample(event), desk.style);
  }

  private drawMove(event: PointerEvent): void {
    if (!this.draft) return;
    const all = event.getCoalescedEvents?.() ?? [];
    this.draft = draftExtend(this.draft, (all.length ? all : [event]).map((one) => this.sample(one)), event.shiftKey);
  }

  private drawEnd(event: PointerEvent): void {
    if (!this.draft) return;
    if (this.draft.shape.kind === "polygon") {
      const isFar = Math.hypot(this.world(event).x - this.from.x, this.world(event).y - this.from.y) > this.slack;
      // The first press set the first corner; a drag from there sets the second.
      if (this.draft.corners.length === 1 && !isFar && this.isFirst) {
        this.isFirst = false;
        return;
      }
      const next = cornerAdd(this.draft, this.sample(event), (event.pointerType === "touch" ? 20 : 10) / this.desk.view.zoom);
      if (next === null) return this.polygonEnd();
      this.draft = next;
      return;
    }
    this.finish();
  }

  /** Ends the polygon with the corners that are set. */
  polygonEnd(): void {
    if (this.draft?.shape.kind === "polygon") this.finish();
  }

  private finish(): void {
    const { draft } = this;
    const shape = draft && draftEnd(draft, this.desk.view.zoom);
    this.draft = null;
    this.isFirst = true;
    if (shape) this.desk.add(shape.kind === "point" ? { ...shape, text: this.desk.pointName } : shape, draft?.id);
    this.desk.redraw();
  }

  private write(event: PointerEvent): void {
    const { tool } = this.desk;
    if (tool !== "text" && tool !== "formula") return;
    this.desk.write({ kind: tool, at: this.sample(event), shape: null });
  }

  // ---- erasing

  private eraseBegin(): void {
    this.desk.begin();
    this.erase(this.from);
  }

  /** Everything between the last place and this one: a quick hand is seen at few places. */
  private erase(to: Point): void {
    const { target } = this.desk.sheets;
    const { from, slack } = this;
    const steps = Math.min(200, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / slack));
    for (let step = 0; step <= steps; step++) {
      const part = steps ? step / steps : 1;
      const found = this.desk.at({ x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }, slack, true);
      if (target && found && !found.shape.locked) target.scene.remove([found.shape.id]);
    }
    this.from = to;
  }

  // ---- selecting and moving

  private pickBegin(event: PointerEvent): void {
    const { desk } = this;
    const box = boundsOfAll(desk.selected);
    const grip = box && gripAt(box, this.from, desk.view.zoom, event.pointerType === "touch");
    const found = desk.at(this.from, this.slack);
    if (grip && (grip !== "inside" || !found || desk.selection.ids.has(found.shape.id)) && !event.shiftKey) return this.dragBegin(grip);
    if (!found) {
      this.doing = "frame";
      return;
    }
    const ids = new Set(event.shiftKey && desk.selection.sheet === found.sheet.info.id ? desk.selection.ids : []);
    if (event.shiftKey && ids.has(found.shape.id)) ids.delete(found.shape.id);
    else ids.add(found.shape.id);
    desk.select(found.sheet, ids);
    this.dragBegin("inside");
  }

  private dragBegin(grip: Drag["grip"]): void {
    const shapes = this.desk.selected.filter((shape) => this.desk.mayChange(shape));
    this.drag = shapes.length ? dragBegin(grip, this.from, shapes, this.desk.boxesBeside()) : null;
  }

  private dragMove(event: PointerEvent): void {
    if (!this.drag) return;
    const at = this.screen(event);
    if (!this.preview && Math.hypot(at.x - this.before.x, at.y - this.before.y) < 3) return;
    const { view, isGrid, isSnapping } = this.desk;
    const isFree = event.altKey || !isSnapping;
    const { changes, guides } = dragTo(this.drag, this.world(event), { zoom: view.zoom, isGrid, isSnapping: !isFree, isStraight: event.shiftKey });
    this.preview = changes;
    this.desk.guides = guides;
  }

  private dragEnd(): void {
    const { preview } = this;
    this.preview = this.drag = null;
    this.desk.guides = [];
    if (preview) this.desk.apply(preview);
  }

  private frameEnd(isMore: boolean): void {
    const { desk, frame } = this;
    this.frame = null;
    if (!frame || frame.w + frame.h < this.slack) return desk.select(null);
    const sheet = [...desk.sheets.all].reverse().find(({ scene }) => scene.on(desk.page).some((shape) => contains(frame, boundsOf(shape)))) ?? null;
    const found = sheet?.scene.on(desk.page).filter((shape) => contains(frame, boundsOf(shape))).map(({ id }) => id) ?? [];
    desk.select(sheet, isMore && desk.selection.sheet === sheet?.info.id ? [...desk.selection.ids, ...found] : found);
  }

  // ---- panning

  private pan(event: PointerEvent): void {
    const at = this.screen(event);
    this.desk.look(panned(this.desk.view, at.x - this.before.x, at.y - this.before.y));
    this.before = at;
  }

  private pinch(): void {
    this.cancel(null);
    this.doing = "pinch";
  }

  private pinchMove(event: PointerEvent): void {
    const before = [...this.fingers.values()].slice(0, 2);
    this.fingers.set(event.pointerId, this.screen(event));
    const after = [...this.fingers.values()].slice(0, 2);
    if (before.length === 2 && after.length === 2) this.desk.look(pinched(this.desk.view, before as [Point, Point], after as [Point, Point]));
  }
}
