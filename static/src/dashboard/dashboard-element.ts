// <cs-dashboard events="/dashboard/events/">: one live tile a room.

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { icon } from "../icons";
import { plainLine } from "../markdown";
import { hue, initials } from "../words";
import { agoWords, classesOf, type Filter, sumsOf, type Tile, tilesShown, type Wall, wallChanged, type WallEvent } from "./wall";
import { t, tn } from "../translate";

const FACES = 6;
const ANSWERING: Readonly<Record<string, string>> = { running: t("answering"), paused: t("paused") };
const RETRY_MS = 4000;

export class DashboardElement extends LitElement {
  static override properties = {
    events: {},
    wall: { state: true },
    phase: { state: true },
    filter: { state: true },
    now: { state: true },
    said: { state: true },
  };

  declare events: string;
  declare wall: Wall | null;
  declare phase: "connecting" | "live" | "lost";
  declare filter: Filter;
  declare now: number;
  declare said: string;

  private source: EventSource | null = null;
  private clock: number | null = null;
  private retry: number | null = null;

  constructor() {
    super();
    this.events = "/dashboard/events/";
    this.wall = null;
    this.phase = "connecting";
    this.filter = { class: "", onlyWaiting: false };
    this.now = Date.now();
    this.said = "";
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    if (!this.hasUpdated) this.replaceChildren();
    super.connectedCallback();
    this.open();
    this.clock = window.setInterval(() => (this.now = Date.now()), 20_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.source?.close();
    if (this.clock !== null) window.clearInterval(this.clock);
    if (this.retry !== null) window.clearTimeout(this.retry);
  }

  private open(): void {
    this.source?.close();
    const source = new EventSource(this.events);
    this.source = source;
    for (const name of ["tiles", "tile", "gone"] as const) source.addEventListener(name, (event) => this.take(name, String((event as MessageEvent).data)));
    source.onerror = () => {
      this.phase = "lost";
      // A browser gives up for good after an HTTP error; the server may only have been away for a moment.
      if (source.readyState === 2) this.retry = window.setTimeout(() => this.open(), RETRY_MS);
    };
  }

  private take(event: WallEvent, json: string): void {
    this.phase = "live";
    this.now = Date.now();
    const before = this.wall ?? new Map<string, Tile>();
    this.wall = wallChanged(before, event, json);
    if (event !== "tile") return;
    for (const tile of this.wall.values()) {
      const added = tile.hands.filter((name) => !before.get(tile.room)?.hands.includes(name));
      if (added.length) this.said = t("{names}: hand up in {room}", { names: added.join(", "), room: tile.title });
    }
  }

  protected override render(): TemplateResult {
    const wall = this.wall ?? new Map<string, Tile>();
    const shown = tilesShown(wall, this.filter);
    return html`
      ${this.bar(wall)}
      ${this.wall === null ? html`<p class="muted" role="status">${t("Opening the dashboard…")}</p>` : shown.length ? this.tiles(shown) : this.nothing(wall)}
      <div class="visually-hidden" role="status" aria-live="polite">${this.said}</div>
    `;
  }

  private bar(wall: Wall): TemplateResult {
    const sums = sumsOf([...wall.values()].filter((tile) => !this.filter.class || tile.class === this.filter.class));
    const classes = classesOf(wall);
    const words = { connecting: t("Connecting…"), live: t("Live"), lost: t("Reconnecting…") }[this.phase];
    return html`<div class="wall-bar">
      <dl class="sums">
        <div><dt>${tn("person here", "people here", sums.people)}</dt><dd>${sums.people}</dd></div>
        <div class=${sums.hands ? "hot" : ""}><dt>${tn("hand up", "hands up", sums.hands)}</dt><dd>${sums.hands}</dd></div>
        <div><dt>${tn("answer running", "answers running", sums.answers)}</dt><dd>${sums.answers}</dd></div>
        <div><dt>${tn("open room", "open rooms", sums.rooms)}</dt><dd>${sums.rooms}</dd></div>
      </dl>
      <div class="wall-tools">
        <span class="line-state" data-tone=${this.phase === "live" ? "ok" : "warn"}><i></i>${words}</span>
        <label class="only-hands"><input type="checkbox" .checked=${this.filter.onlyWaiting} @change=${(event: Event) => this.narrow({ onlyWaiting: (event.target as HTMLInputElement).checked })} /> ${t("only hands up")}</label>
        ${classes.length > 1
          ? html`<label class="class-filter"><span class="visually-hidden">${t("Class")}</span><select @change=${(event: Event) => this.narrow({ class: (event.target as HTMLSelectElement).value })}>
              <option value="">${t("All classes")}</option>${classes.map((name) => html`<option value=${name} ?selected=${name === this.filter.class}>${name}</option>`)}
            </select></label>`
          : nothing}
      </div>
    </div>`;
  }

  private narrow(change: Partial<Filter>): void {
    this.filter = { ...this.filter, ...change };
  }

  private tiles(tiles: Tile[]): TemplateResult {
    return html`<ul class="wall">${repeat(tiles, (tile) => tile.room, (tile) => html`<li>${this.tile(tile)}</li>`)}</ul>`;
  }

  private tile(tile: Tile): TemplateResult {
    const tone = tile.hands.length ? "hands" : tile.state === "closed" ? "closed" : tile.idle || !tile.present.length ? "quiet" : "busy";
    return html`<a class="tile" href=${tile.url} data-room=${tile.room} data-tone=${tone}>
      <div class="tile-head">
        <h2><bdi>${tile.title}</bdi></h2>
        <p class="muted small-text clip"><bdi>${tile.class}</bdi>${tile.group ? html` · <bdi>${tile.group}</bdi>` : nothing}</p>
      </div>
      ${tile.hands.length ? html`<p class="tile-hands">${icon("hand")}<span><bdi>${tile.hands.slice(0, 3).join(", ")}</bdi>${tile.hands.length > 3 ? t(" and {n} more", { n: tile.hands.length - 3 }) : ""}</span></p>` : nothing}
      ${tile.board ? html`<img class="tile-board" src=${tile.board} alt=${t("The board of {room}", { room: tile.title })} loading="lazy" />` : nothing}
      <p class="tile-last">${tile.last ? html`<span class="tile-by"><bdi>${tile.last.by ?? t("Tutor")}</bdi><span class="muted">${agoWords(tile.last.at, this.now)}</span></span><span class="tile-text" dir="auto">${plainLine(tile.last.text)}</span>` : html`<span class="muted">${t("Nothing has been said yet.")}</span>`}</p>
      <div class="tile-foot">${this.faces(tile)}${this.badges(tile)}</div>
    </a>`;
  }

  private faces({ present }: Tile): TemplateResult {
    if (!present.length) return html`<span class="muted small-text">${t("Nobody here")}</span>`;
    const more = present.length - FACES;
    return html`<span class="faces" role="img" aria-label=${t("Here: {names}", { names: present.map((person) => person.name).join(", ") })}>
      ${present.slice(0, FACES).map((person) => html`<span class="avatar" data-hue=${hue(person.id)} title=${person.name}>${initials(person.name)}</span>`)}
      ${more > 0 ? html`<span class="avatar more">+${more}</span>` : nothing}
    </span>`;
  }

  private badges(tile: Tile): TemplateResult {
    return html`<span class="tile-badges">
      ${tile.answer ? html`<span class="badge tutor" title=${t("asked by {name}", { name: tile.answer.by })}>${icon("tutor")}${ANSWERING[tile.answer.state] ?? t("in line")}</span>` : nothing}
      ${tile.idle && tile.state === "open" ? html`<span class="badge">${icon("clock")}${t("idle")}</span>` : nothing}
      ${tile.state === "closed" ? html`<span class="badge">${icon("lock")}${t("closed")}</span>` : nothing}
    </span>`;
  }

  private nothing(wall: Wall): TemplateResult {
    if (wall.size === 0) {
      return html`<div class="empty">${icon("board")}<h2>${t("No rooms yet")}</h2><p>${t("Open a room in one of your classes, and it stands here, live.")}</p><a class="button primary" href="/classes/">${t("To your classes")}</a></div>`;
    }
    const words = this.filter.onlyWaiting ? t("No hand is up") : t("No room in this class");
    return html`<div class="empty">${icon("hand")}<h2>${words}</h2><button type="button" class="button" @click=${() => this.narrow({ class: "", onlyWaiting: false })}>${t("Show all rooms")}</button></div>`;
  }
}

customElements.define("cs-dashboard", DashboardElement);
