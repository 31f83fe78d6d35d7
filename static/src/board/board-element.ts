// <cs-board>: the shared board of a room, as one pane of it. Wires the sheets, the stage, the hands and the buttons.

import "./board.css";
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";

import { icon } from "../icons";
import type { PaneContext, PaneElement } from "../panes";
import { browserEnv } from "../room/link";
import { t, tn } from "../translate";
import { hue } from "../words";
import { Company } from "./company";
import { Aiming, wayToLine } from "./aiming";
import { Desk } from "./desk";
import type { Tool } from "./draw";
import { Gestures } from "./gestures";
import { headBar } from "./head-bar";
import { picturePut, writtenPut } from "./putting";
import { ownColour, refusedWords, shapeWords } from "./say";
import type { Shape } from "./shape";
import { pageList } from "./page-list";
import { shapeList } from "./shape-list";
import { Sheets } from "./sheets";
import { Stage } from "./stage";
import { stageBind } from "./stage-events";
import { ServerSupplies } from "./supplies";
import { bottomBar, styleBar, toolbar, type ToolContext } from "./toolbar";
import "./writing";
import type { Written } from "./writing";

const FAULT_MS = 8000;
const ASKED_MOST = 40;
const PICTURES = "image/png,image/jpeg,image/webp";

export class BoardElement extends LitElement implements PaneElement {
  static override properties = { context: { attribute: false }, isShown: { attribute: false }, aim: { attribute: false }, fault: { state: true }, said: { state: true }, isList: { state: true }, isPages: { state: true }, asked: { state: true }, now: { state: true } };

  declare context: PaneContext;
  declare isShown: boolean;
  /** What is to be shown: { shape: id }, { shapes: [id] }, or a line of the solution { step: id, text }. */
  declare aim: unknown;
  declare fault: string;
  declare said: string;
  declare isList: boolean;
  declare isPages: boolean;
  declare asked: string | null;
  declare now: number;

  desk!: Desk;
  stage!: Stage;
  private sheets!: Sheets;
  private gestures!: Gestures;
  private supplies!: ServerSupplies;
  private aiming!: Aiming;
  private company!: Company;
  private readonly refs = new Set<string>();
  private endings: (() => void)[] = [];
  private faultTimer: number | null = null;

  constructor() {
    super();
    this.isShown = true;
    this.fault = this.said = "";
    this.isList = this.isPages = false;
    this.asked = null;
    this.now = Date.now();
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.begin();
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const end of this.endings) end();
    this.endings = [];
    this.company.stop();
    this.stage.painter.stop();
    this.sheets.stop();
  }

  private get you(): string | null {
    return this.context.view.you?.id ?? null;
  }

  // ---- wiring

  private begin(): void {
    const env = browserEnv();
    this.sheets = new Sheets(this.context.room, env, () => this.you, {
      stacked: () => this.stacked(),
      shapes: (sheet, ids) => this.shapesChanged(sheet, ids),
      changed: () => (this.desk.settle(), this.requestUpdate()),
      awareness: () => this.company.heard(),
      refused: (refusal) => this.blame(refusedWords(refusal)),
    });
    this.desk = new Desk(this.sheets, {
      changed: () => this.requestUpdate(),
      moved: () => this.viewMoved(),
      said: (words) => (this.said = words),
      fault: (fault) => this.blame(fault === "page_full" ? t("This page is full: take something away, or go on with a new page.") : t("You can look at the board, but not draw.")),
    }, ownColour(hue(this.you ?? "")));
    this.supplies = new ServerSupplies(env, () => this.sheets.base?.info.id ?? null, () => this.stage.painter.everything());
    this.aiming = new Aiming(this.desk, this.supplies, (sheet, id) => this.show(sheet, id));
    this.stage = new Stage(this.desk, this.supplies, (shape) => this.label(shape), () => this.company.draw());
    this.gestures = this.stage.gestures = new Gestures(this.desk, this.stage.svg, { pointing: (at, isLaser) => this.company.pointing(at, isLaser) });
    this.company = new Company(this.desk, this.sheets, this.stage, () => this.you, () => this.requestUpdate());
    this.endings.push(this.context.listen((frame) => this.heard(frame)));
    this.endings.push(stageBind({ desk: this.desk, stage: this.stage, gestures: this.gestures, choose: (tool) => this.choose(tool), picture: (file) => void this.pictured(file) }));
    const wake = (): void => this.sheets.wake();
    const lost = (): void => this.sheets.lost();
    window.addEventListener("online", wake);
    window.addEventListener("offline", lost);
    const clock = window.setInterval(() => this.sheets.all.some(({ state }) => state.phase === "waiting") && (this.now = Date.now()), 1000);
    this.endings.push(() => window.removeEventListener("online", wake), () => window.removeEventListener("offline", lost), () => window.clearInterval(clock));
    this.sheets.start();
  }

  // ---- what happens

  private stacked(): void {
    this.stage.painter.sheets(this.sheets.all.map(({ info, scene }) => ({ id: info.id, scene })));
    this.desk.prune();
    this.requestUpdate();
    this.viewMoved();
  }

  private shapesChanged(sheet: string, ids: ReadonlySet<string>): void {
    this.stage.painter.changed(sheet, ids);
    if ([...ids].some((id) => this.desk.selection.ids.has(id))) this.desk.prune();
    this.aiming.look();
    if (this.isList || !this.hasShapes || this.desk.selection.ids.size) this.requestUpdate();
  }

  private hasShapes = false;

  private viewMoved(): void {
    this.stage.look();
    this.company.looking();
    if (this.desk.writing || Math.round(this.desk.view.zoom * 100) !== this.zoomShown) this.requestUpdate();
  }

  private zoomShown = 0;

  private heard(frame: { type: string; name?: string; ref?: string | null; message?: string }): void {
    const name = frame.name ?? frame.type;
    if (frame.type === "error" && frame.ref && this.refs.delete(frame.ref)) this.blame(frame.message ?? "");
    else if (frame.type === "ack" && frame.ref) this.refs.delete(frame.ref);
    else if (/^board\.(changed|granted|revealed)$/.test(name)) void this.sheets.fetch();
  }

  private blame(words: string): void {
    this.fault = words;
    if (this.faultTimer !== null) window.clearTimeout(this.faultTimer);
    this.faultTimer = window.setTimeout(() => (this.fault = ""), FAULT_MS);
  }

  private choose(tool: Tool): void {
    this.gestures.cancel(null);
    if (tool === "image") return this.querySelector<HTMLInputElement>(".board-file")?.click();
    this.desk.choose(tool);
  }

  private async pictured(file: Blob & { name?: string }): Promise<void> {
    if (!this.desk.mayWrite) return this.desk.fault("read_only");
    const refused = await picturePut(this.desk, this.supplies, file);
    if (refused !== null) this.blame(refused || t("The picture could not be sent. It may be a PNG, JPEG or WebP of at most 2 MB."));
  }

  private written(written: Written | null): void {
    const { writing } = this.desk;
    this.desk.write(null);
    this.stage.svg.focus();
    if (writing && written) writtenPut(this.desk, writing, written);
  }

  private fileChosen(event: Event): void {
    const field = event.target as HTMLInputElement;
    const [file] = field.files ?? [];
    if (file) void this.pictured(file);
    field.value = "";
  }

  /** The selection goes to the tutor by its ids: the server reads what is there. */
  private askAbout(): void {
    const { sheet, ids } = this.desk.selection;
    const [first] = this.desk.selected;
    if (!first) return;
    const shapes = [...ids].slice(0, ASKED_MOST);
    this.context.askAbout({ document: sheet, shapes }, shapes.length === 1 ? this.label(first) : tn("{n} shape on the board", "{n} shapes on the board", shapes.length));
  }

  private showPages(on: boolean): void {
    this.isPages = on;
    this.asked = null;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(on ? ".board-pages [aria-current]" : ".page-of")?.focus());
  }

  private askRemoval(page: string | null): void {
    this.asked = page;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(page ? ".page-keep" : ".board-pages [aria-current]")?.focus());
  }

  private switched(ref: string): void {
    this.refs.add(ref);
  }

  // ---- how it looks

  private nameOf(id: string): string | null {
    if (id === this.you) return t("you");
    return this.context.view.present.find((person) => person.id === id)?.name ?? this.company.others.find((other) => other.id === id)?.name ?? this.sheets.listing?.documents.find(({ owner }) => owner?.id === id)?.owner?.name ?? null;
  }

  private label(shape: Shape): string {
    return shapeWords(shape, (id) => this.nameOf(id));
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("aim") && this.aim) this.aiming.want(this.aim);
    else this.aiming.look();
    const count = this.sheets.all.reduce((sum, { scene }) => sum + scene.on(this.desk.page).length, 0);
    this.stage.svg.setAttribute("aria-label", t("The board, with {n} shapes on this page. Enter goes to the first one, letters choose tools.", { n: count }));
    this.stage.svg.dataset["tool"] = this.desk.tool;
    if (this.desk.size.w === 0) this.stage.look();
  }

  private show(sheet: string, id: string): void {
    const shape = this.sheets.get(sheet)?.scene.shapes.get(id);
    if (!shape) return;
    this.desk.turnTo(shape.page);
    const { view, size, seen } = this.desk;
    if (shape.x < seen.x || shape.y < seen.y || shape.x > seen.x + seen.w || shape.y > seen.y + seen.h) this.desk.look({ ...view, x: shape.x - size.w / view.zoom / 3, y: shape.y - size.h / view.zoom / 3 });
    this.stage.painter.flush();
    this.stage.light(sheet, id);
  }

  protected override render(): TemplateResult {
    const { desk } = this;
    this.hasShapes = this.sheets.all.some(({ scene }) => scene.on(desk.page).length > 0);
    this.zoomShown = Math.round(desk.view.zoom * 100);
    const tools: ToolContext = { desk, choose: (tool) => this.choose(tool), isList: this.isList, showList: (on) => (this.isList = on), isPages: this.isPages, showPages: (on) => this.showPages(on), ask: this.context.view.you?.can.ask ? () => this.askAbout() : null, line: wayToLine(desk, this.context, this) };
    const { view, send } = this.context;
    return html`
      ${headBar({
        desk, now: this.now, you: this.you, isStaff: view.you?.staff ?? false, others: this.company.others.filter(({ id }) => id !== this.you),
        students: view.present.filter(({ role }) => role === "student"),
        follow: (id) => ((desk.following = id), this.company.heard(), this.requestUpdate()),
        mode: (mode) => this.switched(send("board.mode", { mode })),
        grant: (person, write) => this.switched(send("board.grant", { person, write })),
        reveal: (document, on) => this.switched(send("board.reveal", { document, on })),
      })}
      <div class="board-body">
        <div class="board-stage">${this.stage.grid}${this.stage.svg}
          ${this.empty()} ${styleBar(tools)}
          ${desk.following === null ? nothing : html`<p class="board-following"><span>${t("You follow {name}", { name: this.nameOf(desk.following) ?? "" })}</span><button type="button" class="button small" @click=${() => ((desk.following = null), this.requestUpdate())}>${t("Stop")}</button></p>`}
          ${this.isPages ? pageList({ desk, asked: this.asked, ask: (page) => this.askRemoval(page), close: () => this.showPages(false) }) : nothing}
          ${this.fault ? html`<p class="board-fault" role="alert">${icon("warning")}<span>${this.fault}</span></p>` : nothing}
          <cs-board-writing .writing=${desk.writing} .view=${desk.view} .colour=${desk.style.stroke} .supplies=${this.supplies} @written=${(event: CustomEvent<Written | null>) => this.written(event.detail)}></cs-board-writing>
        </div>
        ${toolbar(tools)} ${this.isList ? shapeList({ desk, you: this.you, label: (shape) => this.label(shape), close: () => (this.isList = false), show: (sheet, id) => this.show(sheet, id) }) : nothing}
      </div>
      ${bottomBar(tools)}
      <input class="board-file" type="file" accept=${PICTURES} hidden aria-label=${t("Picture")} @change=${(event: Event) => this.fileChosen(event)} />
      <div class="visually-hidden" role="status" aria-live="polite">${this.said}</div>`;
  }

  private empty(): TemplateResult | typeof nothing {
    const state = this.sheets.base?.state;
    if (this.sheets.isMissing) return html`<div class="board-empty" role="alert"><strong>${t("The board cannot be reached just now.")}</strong><span>${t("It opens by itself as soon as it can.")}</span></div>`;
    if (!state?.isSynced && !this.hasShapes) return html`<div class="board-empty" role="status"><span>${t("Opening the board…")}</span></div>`;
    if (this.hasShapes || this.gestures.draft || this.desk.writing) return nothing;
    return this.desk.mayWrite
      ? html`<div class="board-empty"><strong>${t("An empty board")}</strong><span>${t("Draw with the pen, write a text or a formula, or drop a picture here. Everybody at this table sees it at once.")}</span></div>`
      : html`<div class="board-empty"><strong>${t("An empty board")}</strong><span>${t("You see here what is drawn, as it is drawn.")}</span></div>`;
  }
}

customElements.define("cs-board", BoardElement);
