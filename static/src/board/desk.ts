// The state of one person's board: tool, colours, page, view and selection, and what can be done with them. No DOM.

import { boundsOfAll, type Box, type Change, edgesOf, hits, type Point } from "./geometry";
import type { Style, Tool } from "./draw";
import type { Page } from "./scene";
import type { NewShape, Shape } from "./shape";
import type { Sheet, Sheets } from "./sheets";
import type { Guide } from "./snap";
import { fitted, seen, type Size, START, type View } from "./viewport";

export interface Selection {
  sheet: string;
  ids: ReadonlySet<string>;
}
/** A place where somebody is about to write a text or a formula; `shape` where one is changed. */
export interface Writing {
  kind: "text" | "formula";
  at: Point;
  shape: Shape | null;
}
export interface DeskListener {
  /** Something that the buttons show. */
  changed(): void;
  /** Something that the stage draws: selection, guides, view. */
  moved(): void;
  /** Words for everybody who hears the page. */
  said(words: string): void;
  /** The server's or the board's refusal, to be read. */
  fault(fault: "page_full" | "read_only"): void;
}

const NOBODY: Selection = { sheet: "", ids: new Set() };

export class Desk {
  tool: Tool = "pen";
  style: Style;
  page = "1";
  view: View = START;
  size: Size = { w: 0, h: 0 };
  isGrid = true;
  isSnapping = true;
  selection: Selection = NOBODY;
  guides: readonly Guide[] = [];
  writing: Writing | null = null;
  private pageAt = 0;
  /** Whose view this one follows. */
  following: string | null = null;

  constructor(
    readonly sheets: Sheets,
    private readonly listener: DeskListener,
    stroke: string,
  ) {
    this.style = { stroke, fill: false, width: 3 };
  }

  get mayWrite(): boolean {
    return this.sheets.target !== null;
  }

  // ---- tool and view

  choose(tool: Tool): void {
    this.tool = tool;
    if (tool !== "select") this.select(null);
    this.listener.changed();
    this.listener.moved();
  }

  dress(style: Partial<Style>): void {
    this.style = { ...this.style, ...style };
    const change: Partial<Shape> = { ...(style.stroke !== undefined && { stroke: style.stroke }), ...(style.width !== undefined && { width: style.width }) };
    const selected = this.selected.filter((shape) => this.mayChange(shape));
    if (selected.length) this.apply(new Map(selected.map((shape) => [shape.id, { ...change, ...(shape.fill !== null && style.stroke !== undefined && { fill: style.stroke }), ...(style.fill !== undefined && ["rectangle", "ellipse", "polygon"].includes(shape.kind) && { fill: style.fill ? shape.stroke : null, fill_opacity: 0.25 }) }])));
    this.listener.changed();
  }

  look(view: View, isOwn = true): void {
    this.view = view;
    if (isOwn && this.following !== null) {
      this.following = null;
      this.listener.changed();
    }
    this.listener.moved();
  }

  fit(): void {
    this.look(fitted(boundsOfAll(this.sheets.all.flatMap(({ scene }) => scene.on(this.page))), this.size));
  }

  turnTo(page: string): void {
    if (page === this.page) return;
    this.page = page;
    this.selection = NOBODY;
    this.view = START;
    this.listener.changed();
    this.listener.moved();
  }

  /** The page before or after this one. */
  flip(by: number): void {
    const pages = this.sheets.base?.scene.pages ?? [];
    this.turnTo(pages[pages.findIndex(({ id }) => id === this.page) + by]?.id ?? this.page);
  }

  /** Leaves a page that somebody has taken away. */
  settle(): void {
    const { base } = this.sheets;
    if (!base?.state.isSynced) return;
    const { pages } = base.scene;
    const at = pages.findIndex(({ id }) => id === this.page);
    if (at < 0) this.turnTo((pages[Math.min(this.pageAt, pages.length - 1)] as Page).id);
    else this.pageAt = at;
  }

  get seen(): Box {
    return seen(this.view, this.size);
  }

  // ---- what is there

  /** The uppermost shape at a point of the world, of the sheets one may read. */
  at(point: Point, slack: number, onlyMine = false): { sheet: Sheet; shape: Shape } | null {
    for (const sheet of [...this.sheets.all].reverse()) {
      if (onlyMine && sheet !== this.sheets.target) continue;
      const shape = sheet.scene.on(this.page).findLast((one) => hits(one, point, slack));
      if (shape) return { sheet, shape };
    }
    return null;
  }

  get selected(): Shape[] {
    const scene = this.sheets.get(this.selection.sheet)?.scene;
    return [...this.selection.ids].flatMap((id) => scene?.shapes.get(id) ?? []);
  }

  /** Boxes of the shapes near the screen that are not selected. */
  boxesBeside(): Box[] {
    const view = this.seen;
    return this.sheets.all
      .flatMap(({ scene }) => scene.on(this.page))
      .filter((shape) => !this.selection.ids.has(shape.id))
      .map(edgesOf)
      .filter((box) => box.x < view.x + view.w && box.x + box.w > view.x && box.y < view.y + view.h && box.y + box.h > view.y)
      .slice(-200);
  }

  mayChange(shape: Shape | null): boolean {
    const sheet = this.sheets.get(this.selection.sheet);
    return sheet?.state.mayWrite === true && !(shape?.locked ?? false);
  }

  select(sheet: Sheet | null, ids: Iterable<string> = []): void {
    this.selection = sheet ? { sheet: sheet.info.id, ids: new Set(ids) } : NOBODY;
    this.guides = [];
    if (sheet && this.selection.ids.size && sheet.state.mayWrite && sheet !== this.sheets.target) this.sheets.choose(sheet.info.id);
    this.listener.changed();
    this.listener.moved();
  }

  /** Takes out of the selection what is not there any more. */
  prune(): void {
    const scene = this.sheets.get(this.selection.sheet)?.scene;
    const left = [...this.selection.ids].filter((id) => scene?.shapes.has(id));
    if (left.length !== this.selection.ids.size) this.selection = left.length ? { ...this.selection, ids: new Set(left) } : NOBODY;
    this.listener.moved();
  }

  // ---- changes

  begin(): void {
    this.sheets.target?.scene.begin();
  }

  /** Draws a shape on the sheet that is drawn on; gives its id. */
  add(shape: NewShape, wanted?: string): string | null {
    const { target } = this.sheets;
    if (!target) {
      this.listener.fault("read_only");
      return null;
    }
    const id = target.scene.add(this.page, shape, wanted);
    if (id === null) this.listener.fault("page_full");
    return id;
  }

  /** One step of undo, unless `isGoingOn`: then it joins the step before. */
  apply(changes: ReadonlyMap<string, Partial<Shape> | Change>, isGoingOn = false): void {
    const sheet = this.sheets.get(this.selection.sheet);
    if (!sheet?.state.mayWrite) return;
    if (!isGoingOn) sheet.scene.begin();
    sheet.scene.change(changes as ReadonlyMap<string, Partial<Shape>>);
  }

  removeSelected(): void {
    const sheet = this.sheets.get(this.selection.sheet);
    const ids = this.selected.filter((shape) => this.mayChange(shape)).map(({ id }) => id);
    if (!sheet || !ids.length) return;
    sheet.scene.begin();
    sheet.scene.remove(ids);
    this.select(null);
  }

  get isLocked(): boolean {
    return this.selected.length > 0 && this.selected.every((shape) => shape.locked);
  }

  /** Holds what is selected where and as it is, or lets go of it. */
  lock(on: boolean): void {
    this.apply(new Map(this.selected.map(({ id }) => [id, { locked: on }])));
    this.listener.changed();
  }

  /** The first letter that no point of the page has. */
  get pointName(): string {
    const had = new Set(this.sheets.all.flatMap(({ scene }) => scene.on(this.page)).map(({ kind, text }) => (kind === "point" ? text : "")));
    return [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].find((letter) => !had.has(letter)) ?? "";
  }

  /** Puts what is selected above or below everything else. */
  lift(isUp: boolean): void {
    const scene = this.sheets.get(this.selection.sheet)?.scene;
    if (!scene) return;
    const bottom = Math.min(0, ...scene.on(this.page).map(({ z }) => z));
    const top = scene.top(this.page);
    const sorted = this.selected.filter((shape) => this.mayChange(shape));
    this.apply(new Map(sorted.map((shape, at) => [shape.id, { z: isUp ? top + 1 + at : bottom - sorted.length + at }])));
  }

  duplicate(): void {
    const { target } = this.sheets;
    if (!target || !this.selected.length) return;
    target.scene.begin();
    const ids = this.selected.flatMap(({ id: _, z: __, by: ___, page: ____, locked: _____, ...shape }) => this.add({ ...shape, x: shape.x + 20, y: shape.y + 20 }) ?? []);
    this.select(target, ids);
  }

  undo(): void {
    this.sheets.target?.scene.undo();
    this.prune();
  }

  redo(): void {
    this.sheets.target?.scene.redo();
    this.prune();
  }

  write(writing: Writing | null): void {
    this.writing = writing;
    this.listener.changed();
  }

  /** Opens what is written on a shape. False where there is nothing to write. */
  rewrite(sheet: Sheet, shape: Shape): boolean {
    const kind = shape.kind === "formula" ? "formula" : shape.kind === "text" || shape.kind === "point" ? "text" : null;
    if (!kind || !sheet.state.mayWrite || shape.locked) return false;
    this.select(sheet, [shape.id]);
    this.write({ kind, at: shape.kind === "point" ? { x: shape.x + 8, y: shape.y - 22 } : shape, shape });
    return true;
  }

  say(words: string): void {
    this.listener.said(words);
  }

  fault(kind: "page_full" | "read_only"): void {
    this.listener.fault(kind);
  }

  redraw(): void {
    this.listener.moved();
  }
}
