// This person among the others: tells them where she points, looks and draws, and shows what they tell.

import type { Desk } from "./desk";
import { draftSign, Drafts } from "./drafts";
import type { Point } from "./geometry";
import { type Other, othersRead, Pointers, Telling } from "./others";
import type { Sheets } from "./sheets";
import type { Stage } from "./stage";
import { fitted } from "./viewport";

const SELECTED_MOST = 40;

export class Company {
  others: Other[] = [];
  private readonly pointers: Pointers;
  private readonly drafts: Drafts;
  private readonly telling: Telling;
  private shown = "";

  /** `changed`: others came, went, or can be followed now. */
  constructor(
    private readonly desk: Desk,
    private readonly sheets: Sheets,
    private readonly stage: Stage,
    private readonly you: () => string | null,
    private readonly changed: () => void,
  ) {
    this.pointers = new Pointers(stage.others);
    this.drafts = new Drafts(stage.coming, () => stage.look());
    this.telling = new Telling(
      () => ({ base: sheets.base?.awareness ?? null, drawn: (sheets.target ?? sheets.base)?.awareness ?? null }),
      () => (stage.gestures?.draft ? draftSign(stage.gestures.draft, desk.page) : null),
    );
  }

  stop(): void {
    this.telling.stop();
    this.drafts.stop();
  }

  pointing(at: Point | null, isLaser: boolean): void {
    this.telling.tell({ pointer: at && { page: this.desk.page, x: Math.round(at.x), y: Math.round(at.y) }, laser: isLaser });
  }

  looking(): void {
    const { x, y, w, h } = this.desk.seen;
    this.telling.tell({ view: { page: this.desk.page, x: Math.round(x), y: Math.round(y), w: Math.round(w), h: Math.round(h) }, selection: [...this.desk.selection.ids].slice(0, SELECTED_MOST) });
  }

  /** The states of the sheets say something else. */
  heard(): void {
    const now = performance.now();
    for (const { info, awareness } of this.sheets.all) this.drafts.take(info.id, awareness, now);
    this.others = this.sheets.all.flatMap(({ info, awareness }) => othersRead(awareness, info.id)).filter((other) => other.id !== this.you() || other.at !== null);
    const leader = this.desk.following === null ? undefined : this.others.find((other) => other.id === this.desk.following && other.view);
    if (leader?.view) {
      this.desk.page = leader.view.page;
      this.desk.look(fitted(leader.view, this.desk.size, 8, 0), false);
    }
    this.stage.look();
    // Pointers come twenty times a second: the buttons are made anew only for what they show.
    const shows = JSON.stringify([leader?.view?.page, this.others.map(({ id, name, view }) => [id, name, view !== null])]);
    if (shows !== this.shown) this.changed();
    this.shown = shows;
  }

  draw(): void {
    this.pointers.draw(this.others, this.desk.view, this.desk.page);
    this.drafts.draw(this.desk.page, performance.now(), (sheet, id) => this.sheets.get(sheet)?.scene.shapes.has(id) ?? null);
  }
}
