// <cs-room room-id="…">: one room, live. The view comes from the link; this element shows it and sends what people do.

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";

import type { Status } from "../connection";
import type { ErrorFrame, Person } from "../frames";
import { icon } from "../icons";
import { sessionStore } from "../keeper";
import "../markdown-element";
import type { Store } from "../outbox";
import { Panes } from "../panes";
import { EVERYBODY, may } from "../passages";
import { findIn, pointPressed } from "../pointing";
import { plainLine } from "../markdown";
import { answerOf, EMPTY, openAnswers, type RoomView, sliceOf } from "../store";
import { closedWords, peopleWords, statusWords } from "../words";
import type { Aim } from "./aim";
import { news } from "./announcer";
import { type BlockWanted, pressed } from "./block-tools";
import "./composer";
import type { Composer, Mode, Wanted } from "./composer";
import { Follow } from "./follow";
import { banners, problemPanel, roomHead } from "./head";
import { hintBar } from "./hint-bar";
import { roomLog } from "./log";
import { browserEnv, forcedKind, RoomLink } from "./link";
import { peoplePanel } from "./people";
import { Player } from "./player";
import { t } from "../translate";
import "./stream-element";

const VERBS = { tutor: "answer.ask", room: "message.post", step: "step.submit" } as const satisfies Record<Mode, string>;

export class RoomElement extends LitElement {
  static override properties = {
    roomId: { attribute: "room-id" },
    heading: { attribute: "heading" },
    classTitle: { attribute: "class-name" },
    view: { state: true },
    status: { state: true },
    fresh: { state: true },
    said: { state: true },
    arePeopleOpen: { state: true },
    hintAsked: { state: true },
    now: { state: true },
  };

  declare roomId: string;
  declare heading: string;
  declare classTitle: string;
  declare view: RoomView;
  declare status: Status | null;
  /** How many lines came while the reader was further up. */
  declare fresh: number;
  declare said: string;
  declare arePeopleOpen: boolean;
  /** Id of the request for a hint that has not been answered yet. */
  declare hintAsked: string | null;
  declare now: number;

  private link: RoomLink | null = null;
  private follow: Follow | null = null;
  private clock: number | null = null;
  private readonly store: Store | null = sessionStore();
  private tools: Element | null = null;
  private readonly panes = new Panes(this, this.store);
  private readonly player = new Player(() => this.roomId, () => this.requestUpdate(), (words) => (this.said = words));

  constructor() {
    super();
    this.view = EMPTY;
    this.status = null;
    this.fresh = 0;
    this.said = this.heading = this.classTitle = "";
    this.arePeopleOpen = false;
    this.hintAsked = null;
    this.now = Date.now();
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    // What the server put here serves until this moment; the forms of staff move into the room's head.
    if (!this.hasUpdated) {
      this.tools = this.querySelector("[data-staff-tools]");
      this.tools?.removeAttribute("hidden");
      this.replaceChildren();
    }
    super.connectedCallback();
    this.link = new RoomLink(this.roomId, browserEnv(), this.store, forcedKind(location.search), {
      changed: (view, before) => this.viewChanged(view, before),
      status: (status) => (this.status = status),
      acked: (ref) => this.acked(ref),
      heard: (frame) => this.panes.heard(frame),
      refused: (error, text) => this.refused(error, text),
    });
    this.link.start();
    this.clock = window.setInterval(() => this.tick(), 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.link?.stop();
    this.follow?.stop();
    this.follow = null;
    if (this.clock !== null) window.clearInterval(this.clock);
  }

  /** Frames may come forty times a second; a screen needs one update a frame. */
  protected override async scheduleUpdate(): Promise<void> {
    if (this.hasUpdated && !document.hidden) await new Promise((paint) => requestAnimationFrame(paint));
    super.scheduleUpdate();
  }

  private get composer(): Composer | null {
    return this.querySelector("cs-composer");
  }

  // ---- what happens

  private viewChanged(view: RoomView, before: RoomView): void {
    this.view = view;
    this.now = Date.now();
    const lines = news(before, view);
    if (lines.length) this.said = lines.join(" ");
    const aim = this.composer?.aim;
    if (this.composer && aim?.kind === "into" && !openAnswers(view.state).some((item) => item.answer === aim.answer)) this.composer.aim = null;
    const added = (view.state?.items.length ?? 0) - (before.state?.items.length ?? 0);
    if (before.state && added > 0 && this.follow && !this.follow.isFollowing) this.fresh += added;
    if (view.state && view.state.room.title !== before.state?.room.title) document.title = `${view.state.room.title} · Chalkstream`;
  }

  private tick(): void {
    if (this.status?.phase === "waiting" || this.view.typing.length > 0) this.now = Date.now();
  }

  private acked(ref: string): void {
    if (ref === this.hintAsked) this.hintAsked = null;
    if (this.panes.owns(ref) || !this.composer?.settled(ref)) return;
    this.store?.removeItem(this.draftKey);
    this.follow?.toEnd();
  }

  private refused(error: ErrorFrame, text: string): void {
    if (error.ref === this.hintAsked) this.hintAsked = null;
    if (this.panes.owns(error.ref)) return;
    this.composer?.refused(error, text);
  }

  private get draftKey(): string {
    return `draft:${this.roomId}`;
  }

  private wanted({ mode, text, into, about, supersedes }: Wanted): void {
    const more = { ...(about && { about }), ...(supersedes && { supersedes }) };
    const id = into ? this.link?.send("answer.insert", { answer: into, text }) : this.link?.send(VERBS[mode], { text, ...more });
    if (id) this.composer?.sent(id);
  }

  private drafted(text: string): void {
    try {
      if (text) this.store?.setItem(this.draftKey, text);
      else this.store?.removeItem(this.draftKey);
    } catch {
      // Full storage: the draft lives in the box alone.
    }
  }

  private hint(): void {
    this.hintAsked = this.link?.send("hint.request", {}) ?? null;
  }

  private lower(person: Person): void {
    this.link?.send("hand.lower", person.id === this.view.you?.id ? {} : { user: person.id });
  }

  // ---- how it looks

  protected override firstUpdated(): void {
    const draft = this.store?.getItem(this.draftKey) ?? "";
    const kept = this.store?.getItem("mode");
    const mode: Mode = kept === "room" || kept === "step" ? kept : "tutor";
    if (this.composer) {
      this.composer.mode = mode;
      this.composer.text = draft;
    }
    // On a phone the keyboard would cover the room at once.
    if (window.matchMedia?.("(min-width: 56.25em)").matches) void this.composer?.updateComplete.then(() => this.querySelector("textarea")?.focus());
  }

  protected override updated(_: PropertyValues): void {
    const box = this.querySelector<HTMLElement>(".room-log");
    const inner = this.querySelector<HTMLElement>(".room-lines");
    if (box && inner && !this.follow) this.follow = new Follow(box, inner, () => this.followed());
  }

  private followed(): void {
    if (this.follow?.isFollowing) this.fresh = 0;
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    return html`<div class="room ${this.arePeopleOpen ? "people-open" : ""} ${this.panes.classes}">
      ${roomHead({
        view: this.view, status: this.status, now: this.now, heading: this.heading, classTitle: this.classTitle, tools: this.tools,
        bar: this.panes.bar(), arePeopleOpen: this.arePeopleOpen, toggleHand: (isUp) => void this.link?.send(isUp ? "hand.lower" : "hand.raise", {}), showPeople: (open) => this.showPeople(open), retry: () => this.link?.now(),
      })}
      <div class="room-main">
        ${problemPanel(this.view.state?.problem ?? null)} ${banners(this.view, this.status, this.now)} ${this.log()}
        <div class="room-foot">
          <p class="typing" aria-hidden="true">${peopleWords(this.view.typing.filter((sign) => sign.until > this.now).map((sign) => sign.person))}</p>
          ${this.hints()}
          <cs-composer
            .closedReason=${this.closedReason()} .tutorReason=${this.tutorReason()} .canAsk=${this.view.you?.can.ask ?? true} .canPost=${this.view.you?.can.post ?? true}
            .isLive=${this.status?.phase === "live"} .limit=${this.view.limits.text}
            @wanted=${(event: CustomEvent<Wanted>) => this.wanted(event.detail)} @typing=${() => this.link?.send("typing.show", {})}
            @draft=${(event: CustomEvent<string>) => this.drafted(event.detail)} @mode=${(event: CustomEvent<Mode>) => this.store?.setItem("mode", event.detail)}
            @editlast=${() => this.editLast()} @takeback=${(event: CustomEvent<string>) => this.link?.forget(event.detail)}
          ></cs-composer>
        </div>
      </div>
      ${this.panes.area({ room: this.roomId, view: this.view, send: (type, data) => this.link?.send(type, data) ?? "", askAbout: (about, text) => this.composer?.aimAt({ kind: "about", about, text }) })}
      <aside class="room-side" id="room-side" aria-label=${t("People")} @keydown=${(event: KeyboardEvent) => event.key === "Escape" && this.showPeople(false)}>
        <button type="button" class="button small quiet only-narrow side-close" @click=${() => this.showPeople(false)}>${icon("close")}${t("Close")}</button>
        ${peoplePanel({ present: this.view.present, hands: this.view.state?.hands ?? [], you: this.view.you?.id ?? null, isStaff: this.view.you?.staff ?? false, lower: (person) => this.lower(person) })}
      </aside>
      <div class="visually-hidden" role="status" aria-live="polite">${this.said}</div>
    </div>`;
  }

  private hints(): unknown {
    const { state, you } = this.view;
    if (!you?.can.ask || state?.room.state !== "open" || this.status?.phase === "ended") return nothing;
    return hintBar({
      ladder: state.ladder, isStaff: you.staff, isPending: this.hintAsked !== null, now: Date.now(),
      ask: () => this.hint(), move: (rung) => void this.link?.send("teacher.rung", { rung }),
    });
  }

  private showPeople(open: boolean): void {
    this.arePeopleOpen = open;
    const selector = open ? ".side-close" : ".room-head [aria-controls]";
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(selector)?.focus());
  }

  private log(): TemplateResult {
    const { state, you } = this.view;
    const aim = (aim: Aim): void => this.composer?.aimAt(aim);
    return roomLog(state, {
      you: you?.id ?? null,
      canStop: you?.can.stop === true && this.status?.phase !== "ended",
      canAsk: you?.can.ask === true && state?.room.state === "open",
      may: (action, owner) => may(state?.controls ?? EVERYBODY, action, you, owner),
      stop: (answer) => void this.link?.send("answer.stop", { answer }),
      pause: (answer) => void this.link?.send("answer.pause", { answer }),
      resume: (answer) => void this.link?.send("answer.resume", { answer }),
      putIn: (item) => aim({ kind: "into", answer: item.answer, name: item.by?.name ?? t("a question") }),
      again: (question) => this.composer?.suggest(question, "tutor"),
      edit: (item) => this.composer?.edit(item),
      askAbout: (item) => aim({ kind: "about", about: { step: item.step }, text: item.text }),
      play: (item, speed) => void this.player.play(item, speed),
      showAll: () => this.player.stop(),
      playing: (answer) => this.player.at(answer),
      fresh: this.follow && !this.follow.isFollowing ? this.fresh : null,
      toEnd: () => this.follow?.toEnd(),
      clicked: (event) => pointPressed(event) || this.clicked(pressed(event)),
      find: (kind, reference) => findIn(this.view.state?.items ?? [], kind, reference),
    });
  }

  /** A button at a block of an answer. */
  private clicked(wanted: BlockWanted | null): void {
    const [place] = wanted?.places ?? [];
    const item = answerOf(this.view.state, wanted?.answer ?? "");
    if (!wanted || !place || !item) return;
    if (wanted.act === "about") {
      this.composer?.aimAt({ kind: "about", about: { answer: item.answer, ...place }, text: plainLine(sliceOf(item.text, place.start, place.end)) });
      return;
    }
    for (const one of wanted.places) this.link?.send("highlight.set", { answer: item.answer, ...one, on: wanted.act === "on" });
  }

  /** The latest own question whose answer shows nothing yet goes back into the box. */
  private editLast(): void {
    const last = openAnswers(this.view.state).findLast((item) => item.by?.id === this.view.you?.id && item.hint === null && !item.text);
    if (last && this.view.you?.can.ask) this.composer?.edit(last);
  }

  private closedReason(): string {
    return this.status?.phase === "ended" ? statusWords(this.status, this.now, true).long : closedWords(this.view);
  }

  private tutorReason(): string {
    return this.view.tutor.available ? "" : t("The tutor is unavailable just now. Choose Chat to write to the others.");
  }
}

customElements.define("cs-room", RoomElement);
