// The sheets that lie on top of each other on this table: their lines, their scenes, and which one is drawn on.

import type { Awareness } from "y-protocols/awareness";

import { personOf, sessionStore } from "../keeper";
import type { Env } from "../transports";
import { keptIn } from "./kept";
import { type DocumentInfo, type Listing, listingFetch, sheetsOf, targetOf } from "./listing";
import { BoardLine, type BoardMode, type BoardState, type Refusal } from "./provider";
import { Scene } from "./scene";

export interface Sheet {
  info: DocumentInfo;
  line: BoardLine;
  scene: Scene;
  awareness: Awareness;
  state: BoardState;
}
export interface SheetsListener {
  /** Other sheets, or another document in one of them. */
  stacked(): void;
  shapes(sheet: string, ids: ReadonlySet<string>): void;
  /** Pages, history or the state of a line. */
  changed(): void;
  awareness(): void;
  refused(refusal: Refusal, info: DocumentInfo): void;
}

const AGAIN_MS = 3000;

export class Sheets {
  listing: Listing | null = null;
  /** Whether the list could not be had. */
  isMissing = false;
  private readonly open = new Map<string, Sheet>();
  private order: string[] = [];
  private chosen: string | null = null;
  private readonly extra = new Set<string>();
  private timer: number | null = null;
  private isOver = false;

  constructor(
    private readonly room: string,
    private readonly env: Env,
    private readonly you: () => string | null,
    private readonly listener: SheetsListener,
  ) {}

  start(): void {
    void this.fetch();
  }

  stop(): void {
    this.isOver = true;
    if (this.timer !== null) this.env.clearTimeout(this.timer);
    for (const sheet of this.open.values()) sheet.line.stop();
    this.open.clear();
  }

  wake(): void {
    if (this.isMissing) void this.fetch();
    for (const sheet of this.open.values()) sheet.line.wake();
  }

  lost(): void {
    for (const sheet of this.open.values()) sheet.line.lost();
  }

  /** Asks again which documents there are. */
  async fetch(): Promise<void> {
    if (this.timer !== null) this.env.clearTimeout(this.timer);
    this.timer = null;
    const found = await listingFetch(this.room, this.env);
    if (this.isOver) return;
    this.isMissing = found === null && this.listing === null;
    if (found) this.take(found);
    else this.timer = this.env.setTimeout(() => void this.fetch(), AGAIN_MS);
    this.listener.changed();
  }

  private take(listing: Listing): void {
    this.listing = listing;
    const wanted = sheetsOf(listing, this.you(), this.extra);
    const ids = new Set(wanted.map(({ id }) => id));
    for (const [id, sheet] of this.open) {
      if (ids.has(id) && sheet.state.phase !== "ended") continue;
      sheet.line.stop();
      this.open.delete(id);
    }
    this.order = wanted.map(({ id }) => id);
    for (const info of wanted) {
      const sheet = this.open.get(info.id);
      if (sheet) sheet.info = info;
      else this.begin(info);
    }
    this.listener.stacked();
  }

  private begin(info: DocumentInfo): void {
    const line: BoardLine = new BoardLine(info.id, this.env, {
      document: (doc, awareness) => {
        const scene: Scene = new Scene(doc, () => this.you() ?? "", {
          shapes: (ids) => this.listener.shapes(info.id, ids),
          pages: () => this.listener.changed(),
          history: () => this.listener.changed(),
        });
        const before = this.open.get(info.id);
        this.open.set(info.id, { info, line, scene, awareness, state: line.now });
        awareness.on("change", () => this.listener.awareness());
        if (before) this.listener.stacked();
      },
      state: (state) => this.told(info.id, state),
      refused: (refusal) => this.listener.refused(refusal, info),
    }, keptIn(sessionStore(), personOf(document), info.id));
    line.start();
  }

  private told(id: string, state: BoardState): void {
    const sheet = this.open.get(id);
    if (!sheet) return;
    const before = sheet.state;
    sheet.state = state;
    const isOther = before.mode !== state.mode || before.mayWrite !== state.mayWrite || (state.phase === "ended" && before.phase !== "ended");
    // Rights changed on this line: the list may have other documents by now.
    if (isOther && before.phase === "live") void this.fetch();
    this.listener.changed();
  }

  // ---- what lies there

  get all(): Sheet[] {
    return this.order.flatMap((id) => this.open.get(id) ?? []);
  }

  get(id: string | null): Sheet | null {
    return (id !== null && this.open.get(id)) || null;
  }

  get mode(): BoardMode {
    return this.get(this.order[0] ?? null)?.state.mode ?? this.listing?.mode ?? "open";
  }

  /** The common board: its pages are the pages of the table. */
  get base(): Sheet | null {
    return this.all.find(({ info }) => info.kind === "board") ?? this.all[0] ?? null;
  }

  get target(): Sheet | null {
    const sheets = this.all.map((sheet) => ({ info: sheet.info, mayWrite: sheet.state.phase === "live" || sheet.state.phase === "ended" ? sheet.state.mayWrite : sheet.state.mayWrite || sheet.info.may_write }));
    return this.get(targetOf(sheets, this.mode, this.you(), this.chosen));
  }

  choose(id: string): void {
    this.chosen = id;
    this.listener.changed();
  }

  /** Shows or hides somebody's own sheet; for staff, who may read all of them. */
  show(id: string, on: boolean): void {
    if (on) this.extra.add(id);
    else this.extra.delete(id);
    if (this.listing) this.take(this.listing);
  }

  isShown(id: string): boolean {
    return this.order.includes(id);
  }
}
