// A board on a page, with a server in memory at the other end: what the tests of the element share.

import { beforeEach, vi } from "vitest";
import * as Y from "yjs";

import "../src/board/board-element";
import type { BoardElement } from "../src/board/board-element";
import type { Shape } from "../src/board/shape";
import type { Received } from "../src/frames";
import type { PaneContext } from "../src/panes";
import { EMPTY } from "../src/store";
import { BoardServer, BoardSocket } from "./board-server";
import { ALICE, BOB, LIN, roomState, you } from "./samples";

export const ME = you(BOB);
export const info = (change: object = {}): object => ({ id: "d", kind: "board", owner: null, may_write: true, revealed: false, ...change });
/** A drawing as the server gives it. */
export const drawn = (): Response => new Response(JSON.stringify({ w: 40, h: 20, paths: [{ d: "M0 0L9 9", transform: "" }] }));

export class BoardPage {
  board = null as unknown as BoardElement;
  readonly server = new BoardServer();
  readonly ears = new Set<(frame: Received) => void>();
  readonly sent: [string, unknown][] = [];
  readonly asked: [unknown, string][] = [];
  documents: unknown[] = [info(), info({ id: "t", kind: "teacher", may_write: false })];
  mode = "open";
  /** Where pictures were sent to. */
  readonly uploads: string[] = [];
  mayManage = false;
  grants: unknown[] = [];
  formula: () => Response = drawn;

  constructor() {
    vi.stubGlobal("WebSocket", BoardSocket);
    vi.stubGlobal("ResizeObserver", class {
      constructor(private readonly hear: (entries: unknown[]) => void) {}
      observe(): void {
        this.hear([{ contentRect: { width: 800, height: 600 } }]);
      }
      disconnect(): void {}
    });
    Object.assign(SVGElement.prototype, { setPointerCapture: () => undefined });
    vi.stubGlobal("fetch", async (url: string) => {
      if (url === "/api/tickets/") return new Response('{"ticket":"t"}');
      if (url.endsWith("/boards/")) return new Response(JSON.stringify({ mode: this.mode, documents: this.documents, may_manage: this.mayManage, grants: this.grants }));
      if (url.endsWith("/formulas/")) return this.formula();
      if (url.endsWith("/images/")) this.uploads.push(url);
      if (url.endsWith("/images/")) return new Response(JSON.stringify({ image: "11111111-1111-4111-8111-111111111111", w: 960, h: 480 }), { status: 201 });
      return new Response("{}", { status: 404 });
    });
  }

  async enter(who = ME): Promise<this> {
    this.leave();
    document.body.innerHTML = "<main></main>";
    this.board = document.createElement("cs-board") as BoardElement;
    const context: PaneContext = {
      room: "r", view: { ...EMPTY, you: who, state: roomState(), present: [ALICE, BOB, LIN] }, askAbout: (about, words) => void this.asked.push([about, words]),
      send: (type: string, data: unknown) => (this.sent.push([type, data]), `ref-${this.sent.length}`),
      listen: (hear) => (this.ears.add(hear), () => void this.ears.delete(hear)),
    };
    this.board.context = context;
    document.querySelector("main")?.append(this.board);
    await this.settled();
    return this;
  }
  leave(): void {
    (this.board as BoardElement | null)?.remove();
  }
  async settled(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) {
      await new Promise((done) => setTimeout(done, 25));
      await this.board.updateComplete;
    }
  }

  get svg(): SVGSVGElement {
    return this.board.querySelector(".board-svg") as SVGSVGElement;
  }
  get shapes(): Record<string, Partial<Shape>> {
    return this.server.doc.getMap("shapes").toJSON() as Record<string, Partial<Shape>>;
  }
  get all(): Partial<Shape>[] {
    return Object.values(this.shapes);
  }
  get one(): Partial<Shape> {
    return this.all[0] as Partial<Shape>;
  }
  text(selector: string): string {
    return this.board.querySelector(selector)?.textContent?.replace(/\s+/g, " ").trim() ?? "";
  }
  press(label: string): void {
    this.board.querySelector<HTMLButtonElement>(`[aria-label^="${label}"]`)?.click();
  }
  tool(name: string): void {
    this.board.querySelector<HTMLButtonElement>(`[data-tool=${name}]:not(svg)`)?.click();
  }
  point(type: string, x: number, y: number, more: PointerEventInit = {}): void {
    this.svg.dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, button: 0, pointerId: 1, pointerType: "mouse", bubbles: true, ...more }));
  }
  async drag(from: [number, number], to: [number, number], more: PointerEventInit = {}): Promise<void> {
    this.point("pointerdown", ...from, more);
    this.point("pointermove", (from[0] + to[0]) / 2, (from[1] + to[1]) / 2, more);
    this.point("pointermove", ...to, more);
    this.point("pointerup", ...to, more);
    await this.settled();
  }
  key(name: string, more: KeyboardEventInit = {}, on: Element = document.activeElement ?? this.svg): void {
    on.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more }));
  }
  /** Everybody hears what the common board has by now. */
  async again(): Promise<void> {
    for (const socket of this.server.sockets) if (socket.document === "d") socket.gives(2, Y.encodeStateAsUpdate(this.server.doc));
    await this.settled();
  }
  /** Somebody else puts a shape on the common board, or with null takes one away. */
  put(id: string, fields: object | null): void {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(this.server.doc));
    if (fields) doc.getMap("shapes").set(id, new Y.Map(Object.entries({ page: "1", z: 1, x: 0, y: 0, by: ALICE.id, ...fields })));
    else doc.getMap("shapes").delete(id);
    const update = Y.encodeStateAsUpdate(doc);
    Y.applyUpdate(this.server.doc, update);
    for (const socket of this.server.sockets) if (socket.document === "d") socket.gives(2, update);
  }
}

/** Each test of this file, or of the `describe` around this call, is given a page of its own, which goes with it. */
export function onABoard(take: (page: BoardPage) => void): void {
  beforeEach(async () => {
    const page = await new BoardPage().enter();
    take(page);
    return () => {
      page.leave();
      vi.unstubAllGlobals();
    };
  });
}
