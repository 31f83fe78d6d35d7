// One shared document of a room over its own socket (PROTOCOL.md): Yjs updates in the log's order, edits kept while the line
// is away and merged when it is back, and a fresh start under a new client id when the server refuses one.

import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate, removeAwarenessStates } from "y-protocols/awareness";
import * as Y from "yjs";

import { flag, isRecord, shaped, text, whole } from "../shapes";
import type { Env } from "../transports";
import { type Kept, NOWHERE } from "./kept";
import type { BoardListener, BoardMode, BoardState, Refusal } from "./state";
import { frameRead, signFrame, STEP1, STEP2, syncFrame, UPDATE } from "./wire";

export type { BoardListener, BoardMode, BoardState, LinePhase, Refusal } from "./state";

export const BOARD_SUBPROTOCOL = "board.v1";
const FRAME_MOST = 60_000;
const HELLO_MS = 10_000;
const PING_MS = 25_000;
const KEEP_MS = 300;
const DELAY_FIRST_MS = 1000;
const [DELAY_LEAST_MS, DELAY_MOST_MS] = [300, 20_000];
const ENDS: Readonly<Record<number, BoardState["reason"]>> = { 4403: "removed", 4404: "missing" };
const AT_ONCE: ReadonlySet<number> = new Set([4401, 4410]);
/** Closes that the same document would bring about again. */
const SPOILT: ReadonlySet<number> = new Set([1009, 4400]);
/** Origin of what came over the line; whatever has another one is an edit of this page. */
const LINE = Symbol("line");
const EARLIER = Symbol("before a reload");

const isHello = shaped({ document: text, mode: text, may_write: flag });
const isRights = shaped({ mode: text, may_write: flag });
const isSaved = shaped({ n: whole });

export class BoardLine {
  doc!: Y.Doc;
  awareness!: Awareness;
  private state: BoardState = { phase: "connecting", isSynced: false, isSaving: false, mayWrite: false, mode: "open", retryAt: null, reason: null };
  private socket: WebSocket | null = null;
  private attempts = 0;
  private timers: number[] = [];
  private heardAt = 0;
  private isStopped = false;
  /** Edits that are not known to be saved, with the number of the frame that carries them on this socket (0: none does yet). */
  private unsaved: { update: Uint8Array; frame: number }[] = [];
  private sent = 0;
  /** Edits from before a reload, which wait for what they build on. */
  private earlier: Uint8Array[] = [];
  private keeping: number | null = null;

  constructor(
    readonly document: string,
    private readonly env: Env,
    private readonly listener: BoardListener,
    private readonly kept: Kept = NOWHERE,
  ) {}

  start(): void {
    this.earlier = this.kept.load();
    this.renew();
    globalThis.addEventListener("pagehide", this.keep);
    void this.open();
  }

  stop(): void {
    this.isStopped = true;
    globalThis.removeEventListener("pagehide", this.keep);
    if (this.keeping !== null) this.env.clearTimeout(this.keeping);
    this.keep();
    this.drop();
    this.awareness.destroy();
    this.doc.destroy();
  }

  /** No reason to wait any longer. */
  wake(): void {
    if (this.state.phase === "waiting") void this.open();
  }

  /** The browser knows that its network is gone; the socket would notice minutes later. */
  lost(): void {
    if (this.socket) this.ended(1006);
  }

  get now(): BoardState {
    return this.state;
  }

  private renew(): void {
    const shown = (this.awareness as Awareness | undefined)?.getLocalState() ?? {};
    (this.awareness as Awareness | undefined)?.destroy();
    (this.doc as Y.Doc | undefined)?.destroy();
    this.doc = new Y.Doc();
    this.awareness = new Awareness(this.doc);
    this.awareness.setLocalState(shown);
    this.unsaved = [];
    this.doc.on("update", (update: Uint8Array, origin: unknown) => origin !== LINE && this.edited(update));
    this.awareness.on("update", (change: Record<"added" | "updated" | "removed", number[]>, origin: unknown) => {
      if (origin !== LINE) this.show([...change.added, ...change.updated, ...change.removed].filter((id) => id === this.doc.clientID));
    });
    this.listener.document(this.doc, this.awareness);
  }

  private edited(update: Uint8Array): void {
    const edit = { update, frame: 0 };
    this.unsaved.push(edit);
    if (this.state.phase === "live" && this.state.isSynced) edit.frame = this.sync(UPDATE, update);
    // A line that is well saves sooner than this.
    this.keeping ??= this.env.setTimeout(this.keep, KEEP_MS);
    this.tell({ isSaving: true });
  }

  private readonly keep = (): void => {
    this.keeping = null;
    this.kept.save([...this.earlier, ...this.unsaved.map(({ update }) => update)]);
  };

  /** What was drawn before a reload is an edit of this page again, unless it was saved after all. False where it hangs on what is lost. */
  private restore(): boolean {
    const { earlier } = this;
    this.earlier = [];
    for (const update of earlier) Y.applyUpdate(this.doc, update, EARLIER);
    this.keep();
    if (!earlier.length || (this.doc.store.pendingStructs === null && this.doc.store.pendingDs === null)) return true;
    this.discard({ code: "missing", message: "", retryable: false });
    void this.open();
    return false;
  }

  private discard(refusal: Refusal): void {
    this.drop();
    this.earlier = [];
    this.renew();
    this.keep();
    this.tell({ isSaving: false, isSynced: false });
    this.listener.refused(refusal);
  }

  // ---- the line

  private async open(): Promise<void> {
    this.drop();
    this.tell({ phase: "connecting", retryAt: null, isSynced: false });
    const ticket = await this.ticket();
    if (ticket === null || this.isStopped || this.socket) return;
    const socket = new this.env.WebSocket(`${this.env.origin.replace(/^http/, "ws")}/ws/boards/${this.document}/`, [BOARD_SUBPROTOCOL, `ticket.${ticket}`]);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.sent = 0;
    for (const edit of this.unsaved) edit.frame = 0;
    this.later(HELLO_MS, () => this.state.phase !== "live" && this.ended(1006));
    socket.onmessage = ({ data }: MessageEvent) => {
      this.heardAt = this.env.now();
      if (typeof data === "string") this.told(data);
      else this.received(new Uint8Array(data as ArrayBuffer));
    };
    socket.onclose = ({ code, reason }: CloseEvent) => this.ended(code, Number(/retry_ms=(\d+)/.exec(reason)?.[1] ?? 0));
  }

  private async ticket(): Promise<string | null> {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.env.csrf() };
    try {
      const reply = await this.env.fetch("/api/tickets/", { method: "POST", credentials: "same-origin", headers, body: "{}" });
      if (reply.ok) return String(((await reply.json()) as { ticket: string }).ticket);
      if (reply.status === 401 || reply.status === 403) {
        this.drop();
        this.tell({ phase: "ended", reason: "signed_out", retryAt: null });
        return null;
      }
    } catch {
      // No network: tried again below.
    }
    if (!this.isStopped) this.ended(1006);
    return null;
  }

  private drop(): void {
    for (const timer of this.timers) this.env.clearTimeout(timer);
    this.timers = [];
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    socket.close();
    // Whoever was seen over this line may be gone before it is back.
    removeAwarenessStates(this.awareness, [...this.awareness.getStates().keys()].filter((id) => id !== this.doc.clientID), LINE);
  }

  private ended(code: number, retryMs = 0): void {
    const wasLive = this.state.phase === "live";
    this.drop();
    const reason = ENDS[code];
    if (reason) {
      this.kept.save([]);
      this.earlier = this.unsaved = [];
      return this.tell({ phase: "ended", reason, retryAt: null, isSynced: false, isSaving: false, mayWrite: false });
    }
    if (SPOILT.has(code) && this.unsaved.length) this.discard({ code: "bad_update", message: "", retryable: false });
    if (wasLive) this.attempts = 0;
    this.attempts++;
    if (AT_ONCE.has(code) && this.attempts === 1) return void this.open();
    const most = Math.min(DELAY_MOST_MS, DELAY_FIRST_MS * 2 ** (this.attempts - 1));
    const wait = retryMs || DELAY_LEAST_MS + this.env.random() * (most - DELAY_LEAST_MS);
    this.tell({ phase: "waiting", retryAt: this.env.now() + wait, isSynced: false });
    this.later(wait, () => void this.open());
  }

  private later(ms: number, run: () => void): void {
    this.timers.push(this.env.setTimeout(run, ms));
  }

  private beat(): void {
    this.later(PING_MS, () => {
      if (this.env.now() - this.heardAt > 2.5 * PING_MS) return this.ended(1006);
      this.write(JSON.stringify({ type: "ping" }));
      this.beat();
    });
  }

  // ---- frames

  private told(json: string): void {
    let frame: unknown;
    try {
      frame = JSON.parse(json);
    } catch {
      return;
    }
    if (!isRecord(frame)) return;
    const data = frame["data"] ?? {};
    if (frame["type"] === "hello" && isHello(data)) return this.greeted(data as { mode: BoardMode; may_write: boolean });
    if (frame["type"] === "board.rights" && isRights(data)) return this.tell(rights(data as { mode: BoardMode; may_write: boolean }));
    if (frame["type"] === "board.saved" && isSaved(data)) return this.saved((data as { n: number }).n);
    if (frame["type"] === "board.refused" && isRecord(data)) {
      this.discard({ code: String(data["code"] ?? ""), message: String(data["message"] ?? ""), retryable: data["retryable"] === true });
      void this.open();
    }
  }

  private greeted(data: { mode: BoardMode; may_write: boolean }): void {
    this.tell({ phase: "live", ...rights(data) });
    this.sync(STEP1, Y.encodeStateVector(this.doc));
    this.show([this.doc.clientID]);
    this.beat();
  }

  private saved(n: number): void {
    this.unsaved = this.unsaved.filter((edit) => edit.frame === 0 || edit.frame > n);
    if (!this.unsaved.length) this.keep();
    this.tell({ isSaving: this.unsaved.length > 0 });
  }

  private received(bytes: Uint8Array): void {
    const frame = frameRead(bytes);
    if (!frame) return;
    const { step, content } = frame;
    if (step === null) return applyAwarenessUpdate(this.awareness, content, LINE);
    if (step === STEP1) return this.answer(content);
    Y.applyUpdate(this.doc, content, LINE);
    if (step !== STEP2) return;
    // Before the server's own step 1: what comes back here goes with the answer to it.
    if (this.restore()) this.tell({ isSynced: true });
  }

  /** The server says what it has. It gets what this page has beyond that; from who only reads it gets nothing at all. */
  private answer(vector: Uint8Array): void {
    if (!this.unsaved.length) return;
    const missing = Y.encodeStateAsUpdate(this.doc, vector);
    if (missing.length <= FRAME_MOST) {
      const frame = this.sync(STEP2, missing);
      for (const edit of this.unsaved) edit.frame = frame;
    } else {
      // Long work without a line does not fit into one frame; edit by edit it does.
      for (const edit of this.unsaved) edit.frame = this.sync(UPDATE, edit.update);
    }
  }

  /** Sends a sync message; gives its number among those that the server saves. */
  private sync(step: number, content: Uint8Array): number {
    this.write(syncFrame(step, content));
    return step === STEP1 ? this.sent : ++this.sent;
  }

  private show(clients: number[]): void {
    if (!clients.length || this.state.phase !== "live") return;
    this.write(signFrame(encodeAwarenessUpdate(this.awareness, clients)));
  }

  private write(frame: string | Uint8Array): void {
    if (this.socket?.readyState === 1) this.socket.send(frame as string);
  }

  private tell(change: Partial<BoardState>): void {
    this.state = { ...this.state, ...change };
    if (!this.isStopped) this.listener.state(this.state);
  }
}

function rights({ mode, may_write }: { mode: BoardMode; may_write: boolean }): Partial<BoardState> {
  return { mode, mayWrite: may_write };
}
