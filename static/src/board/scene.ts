// The shapes and pages of one shared document: read once and kept, changed in single transactions, undone by their author.

import * as Y from "yjs";

import { uuid } from "../uuid";
import { fieldsOf, type NewShape, PAGES_MOST, type Shape, shapeRead, SHAPES_MOST, TITLE_MOST } from "./shape";

export interface Page {
  id: string;
  title: string;
}
export const FIRST_PAGE: Page = { id: "1", title: "" };

/** Origin of edits made here; only these are undone here. */
const OWN = Symbol("own edit");
const TOGETHER_MS = 60_000;

export interface SceneListener {
  /** Shapes that came, changed or went. */
  shapes(ids: ReadonlySet<string>): void;
  pages(): void;
  history(): void;
}

export class Scene {
  readonly shapes = new Map<string, Shape>();
  readonly undoing: Y.UndoManager;
  private readonly stacks = new Map<string, readonly Shape[]>();
  private readonly map: Y.Map<Y.Map<unknown>>;
  private readonly list: Y.Array<Y.Map<unknown>>;

  constructor(
    readonly doc: Y.Doc,
    private readonly by: () => string,
    private readonly listener: SceneListener,
  ) {
    this.map = doc.getMap("shapes");
    this.list = doc.getArray("pages");
    this.undoing = new Y.UndoManager([this.map, this.list], { trackedOrigins: new Set([OWN]), captureTimeout: TOGETHER_MS });
    this.undoing.on("stack-item-added", () => listener.history());
    this.undoing.on("stack-item-popped", () => listener.history());
    for (const id of this.map.keys()) this.take(id);
    this.map.observeDeep((events) => this.changed(events));
    this.list.observeDeep(() => listener.pages());
  }

  private take(id: string): void {
    const found = this.map.get(id);
    const shape = found instanceof Y.Map ? shapeRead(id, (field) => found.get(field)) : null;
    if (shape) this.shapes.set(id, shape);
    else this.shapes.delete(id);
  }

  private changed(events: Y.YEvent<Y.Map<unknown>>[]): void {
    const ids = new Set<string>();
    for (const event of events) {
      if (event.path.length) ids.add(String(event.path[0]));
      else for (const id of event.changes.keys.keys()) ids.add(id);
    }
    for (const id of ids) this.take(id);
    this.stacks.clear();
    this.listener.shapes(ids);
  }

  // ---- pages

  get pages(): readonly Page[] {
    const found = this.list.toArray().flatMap((page) => (page instanceof Y.Map && typeof page.get("id") === "string" ? [{ id: String(page.get("id")), title: String(page.get("title") ?? "") }] : []));
    return found.length ? found.slice(0, PAGES_MOST) : [FIRST_PAGE];
  }

  /** A new page at the end; gives its id, or null when there are enough. */
  pageAdd(): string | null {
    if (this.pages.length >= PAGES_MOST) return null;
    const id = uuid();
    const page = (one: Page): Y.Map<unknown> => new Y.Map<unknown>(Object.entries(one));
    this.begin();
    this.doc.transact(() => {
      if (!this.list.length) this.list.push([page(FIRST_PAGE)]);
      this.list.push([page({ id, title: "" })]);
    }, OWN);
    return id;
  }

  /** Takes a page away. What is on it stays in the document, so that undo is small however full the page was. The last page stays. */
  pageRemove(id: string): void {
    const at = this.list.toArray().findIndex((page) => page.get("id") === id);
    if (at < 0 || this.list.length < 2) return;
    this.begin();
    this.doc.transact(() => this.list.delete(at), OWN);
  }

  pageRename(id: string, title: string): void {
    const words = title.trim().slice(0, TITLE_MOST);
    if (words === this.pages.find((page) => page.id === id)?.title) return;
    this.begin();
    this.doc.transact(() => {
      if (!this.list.length) this.list.push([new Y.Map<unknown>(Object.entries(FIRST_PAGE))]);
      this.list.toArray().find((page) => page.get("id") === id)?.set("title", words);
    }, OWN);
  }

  // ---- shapes

  /** Whatever is changed from here on is one step of undo, until the next `begin`. */
  begin(): void {
    this.undoing.stopCapturing();
  }

  /** The shapes of a page from the bottom to the top; sorted once for each change. */
  on(page: string): readonly Shape[] {
    const kept = this.stacks.get(page) ?? [...this.shapes.values()].filter((shape) => shape.page === page).sort(order);
    this.stacks.set(page, kept);
    return kept;
  }

  top(page: string): number {
    let top = 0;
    for (const shape of this.shapes.values()) if (shape.page === page) top = Math.max(top, shape.z);
    return top;
  }

  /** Puts a shape on top of a page; gives its id, or null where the page is full. */
  add(page: string, shape: NewShape, id = uuid()): string | null {
    let count = 0;
    for (const one of this.shapes.values()) if (one.page === page) count++;
    if (count >= SHAPES_MOST) return null;
    const whole: Omit<Shape, "id"> = { ...shape, page, z: this.top(page) + 1, by: this.by(), locked: false, step: shape.step ?? null };
    const fields = fieldsOf(shape.kind).map((field): [string, unknown] => [field, field === "points" ? [...whole.points] : whole[field as keyof typeof whole]]);
    if (whole.step !== null) fields.push(["step", whole.step]);
    this.doc.transact(() => this.map.set(id, new Y.Map(fields)), OWN);
    return id;
  }

  /** Changes fields of several shapes in one transaction; those that went meanwhile are passed over. */
  change(changes: ReadonlyMap<string, Partial<Shape>>): void {
    this.doc.transact(() => {
      for (const [id, change] of changes) {
        const shape = this.map.get(id);
        if (!shape) continue;
        for (const [field, value] of Object.entries(change)) if (JSON.stringify(shape.get(field)) !== JSON.stringify(value)) shape.set(field, value);
      }
    }, OWN);
  }

  remove(ids: Iterable<string>): void {
    this.doc.transact(() => {
      for (const id of ids) if (this.map.has(id)) this.map.delete(id);
    }, OWN);
  }

  undo(): void {
    this.undoing.undo();
  }

  redo(): void {
    this.undoing.redo();
  }

  get canUndo(): boolean {
    return this.undoing.undoStack.length > 0;
  }

  get canRedo(): boolean {
    return this.undoing.redoStack.length > 0;
  }
}

/** What lies below comes first; the id decides between equals, so that all pages agree. */
export function order(one: Shape, other: Shape): number {
  return one.z - other.z || (one.id < other.id ? -1 : 1);
}
