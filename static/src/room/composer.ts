// <cs-composer>: where a person writes, to the tutor or to the room. A text leaves the box only when the server has it.

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";

import type { AnswerItem, ErrorFrame } from "../frames";
import { icon, type IconName } from "../icons";
import { lengthOf } from "../store";
import { errorWords } from "../words";
import type { AboutWanted } from "../passages";
import { type Aim, AIMED, aimLine, pointsAtShapes } from "./aim";
import { locale, t } from "../translate";

export type Mode = "tutor" | "room" | "step";
export interface Wanted {
  mode: Mode;
  text: string;
  /** The answer that this is put into, if any. */
  into: string | null;
  about?: AboutWanted;
  /** One's own question that this one replaces. */
  supersedes?: string;
}

const TWICE_MS = 400;
const TYPING_EVERY_MS = 3000;
const COUNT_FROM = 0.85;

/** A step is one line of maths. */
const STEP_LIMIT = 1000;
const ICONS: Readonly<Record<Mode, IconName>> = { tutor: "tutor", room: "chat", step: "check" };

const SAY: Readonly<Record<Mode, { button: string; verb: string; placeholder: string; label: string }>> = {
  tutor: { button: t("Ask the tutor"), verb: t("Ask"), placeholder: t("Ask the tutor about the problem…"), label: t("Your question to the tutor") },
  room: { button: t("Say to the room"), verb: t("Say"), placeholder: t("Say something to everybody here…"), label: t("Your message to the room") },
  step: { button: t("Check the step"), verb: t("Check"), placeholder: t("The next line, as 2x + 3 = 7"), label: t("Your next line of maths") },
};

export class Composer extends LitElement {
  static override properties = {
    closedReason: { type: String },
    tutorReason: { type: String },
    canAsk: { type: Boolean },
    canPost: { type: Boolean },
    isLive: { type: Boolean },
    limit: { type: Number },
    aim: { attribute: false },
    mode: { state: true },
    text: { state: true },
    pending: { state: true },
    fault: { state: true },
  };

  /** Why nothing can be written at all; empty when something can. */
  declare closedReason: string;
  /** Why the tutor cannot be asked just now; empty when it can. */
  declare tutorReason: string;
  declare canAsk: boolean;
  declare canPost: boolean;
  declare isLive: boolean;
  declare limit: number;
  declare aim: Aim | null;
  declare mode: Mode;
  declare text: string;
  /** Id of the frame that has not been answered yet. */
  declare pending: string | null;
  declare fault: string;

  private typedAt = 0;
  private last = { text: "", at: -TWICE_MS };
  private box: HTMLTextAreaElement | null = null;

  constructor() {
    super();
    this.closedReason = this.tutorReason = this.text = this.fault = "";
    this.canAsk = this.canPost = true;
    this.isLive = false;
    this.limit = 8000;
    this.mode = "tutor";
    this.aim = null;
    this.pending = null;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  // ---- what the room tells

  /** The frame with this text is on its way. */
  sent(id: string): void {
    this.pending = id;
  }

  /** The server has it: the box is free. True if it was ours. */
  settled(ref: string): boolean {
    if (ref !== this.pending) return false;
    this.pending = null;
    this.aim = null;
    this.change("");
    return true;
  }

  /** The server refused it: the text stays. `lost` is its text when it was sent before a reload. */
  refused(error: ErrorFrame, lost: string): void {
    if (error.ref === this.pending) this.pending = null;
    if (lost && !this.text) this.change(lost);
    this.fault = errorWords(error);
    this.box?.focus();
  }

  /** Puts a text into the box, as a suggestion to send again. */
  suggest(text: string, mode: Mode): void {
    this.mode = mode;
    if (!this.pending) this.change(text);
    void this.updateComplete.then(() => this.box?.focus());
  }

  /** Puts an own question back into the box, to be asked in other words. */
  edit(item: AnswerItem): void {
    if (this.pending) return;
    this.change(item.question);
    this.aimAt({ kind: "instead", answer: item.answer });
  }

  /** The next text goes there, whatever is in the box. */
  aimAt(aim: Aim): void {
    this.aim = aim;
    this.mode = "tutor";
    this.fault = "";
    void this.updateComplete.then(() => this.box?.focus());
  }

  // ---- what the person does

  private change(text: string): void {
    this.text = text;
    this.fault = "";
    this.dispatchEvent(new CustomEvent("draft", { detail: text }));
  }

  private typed(event: InputEvent): void {
    this.change((event.target as HTMLTextAreaElement).value);
    const now = Date.now();
    if (!this.text.trim() || now - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = now;
    this.dispatchEvent(new CustomEvent("typing"));
  }

  private keyed(event: KeyboardEvent): void {
    // While an input method composes, Enter chooses a character.
    if (event.key === "Escape" && this.aim) this.aim = null;
    if (event.key === "ArrowUp" && !this.text && !event.isComposing) this.dispatchEvent(new CustomEvent("editlast"));
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    const isOther = event.ctrlKey || event.metaKey;
    this.submit(isOther ? (this.mode === "tutor" ? "room" : "tutor") : this.mode);
  }

  private submit(mode: Mode): void {
    const text = this.text.trim();
    if (this.pending || this.closedReason || !text || lengthOf(text) > this.longest) return;
    const why = this.whyNot(mode);
    if (why) {
      this.fault = why;
      return;
    }
    // A second Enter or click before anything was answered: the same thing once.
    const now = Date.now();
    if (text === this.last.text && now - this.last.at < TWICE_MS) return;
    this.last = { text, at: now };
    this.typedAt = 0;
    this.fault = "";
    this.dispatchEvent(new CustomEvent<Wanted>("wanted", { detail: { mode, text, ...this.aimed(mode) } }));
  }

  private aimed(mode: Mode): Omit<Wanted, "mode" | "text"> {
    const aim = mode === "tutor" || (mode === "room" && pointsAtShapes(this.aim)) ? this.aim : null;
    if (aim?.kind === "about") return { into: null, about: aim.about };
    return aim?.kind === "instead" ? { into: null, supersedes: aim.answer } : { into: aim?.answer ?? null };
  }

  private get longest(): number {
    return this.mode === "step" ? Math.min(STEP_LIMIT, this.limit) : this.limit;
  }

  private whyNot(mode: Mode): string {
    if (mode === "tutor" && !this.canAsk) return t("You may talk in this room, but not ask the tutor.");
    if (mode !== "tutor" && !this.canPost) return t("You may not write in this room.");
    return mode === "tutor" ? this.tutorReason : "";
  }

  private takeBack(): void {
    const id = this.pending;
    this.pending = null;
    this.dispatchEvent(new CustomEvent("takeback", { detail: id }));
  }

  // ---- how it looks

  protected override updated(changed: PropertyValues): void {
    this.box = this.querySelector("textarea");
    if (this.box && this.box.value !== this.text) this.box.value = this.text;
    if (this.box && changed.has("text")) this.fit(this.box);
  }

  private fit(box: HTMLTextAreaElement): void {
    box.style.blockSize = "auto";
    box.style.blockSize = `${box.scrollHeight + 2}px`;
  }

  protected override render(): TemplateResult {
    if (this.closedReason) return html`<p class="composer-closed" role="status">${icon("lock")}<span>${this.closedReason}</span></p>`;
    const say = this.aim && this.mode === "tutor" ? AIMED[this.aim.kind] : SAY[this.mode];
    const length = lengthOf(this.text);
    const isOver = length > this.longest;
    const cannot = this.pending !== null || !this.text.trim() || isOver || this.whyNot(this.mode) !== "";
    return html`<form class="composer" @submit=${(event: Event) => this.submitted(event)}>
      ${this.faultLine(isOver, length)}
      <div class="composer-box" data-mode=${this.mode}>
        ${aimLine(this.aim, () => (this.aim = null))}
        <textarea
          rows="1" dir="auto" aria-label=${say.label} placeholder=${say.placeholder} aria-describedby="composer-fault composer-keys"
          aria-invalid=${isOver || this.fault ? "true" : "false"} ?readonly=${this.pending !== null}
          @input=${(event: InputEvent) => this.typed(event)} @keydown=${(event: KeyboardEvent) => this.keyed(event)}
        ></textarea>
        <div class="composer-row">
          ${this.modeSwitch()}
          <span class="keys only-wide" id="composer-keys"><kbd>Enter</kbd> ${t("sends")} · <kbd>Shift</kbd>+<kbd>Enter</kbd> ${t("new line")} · <kbd>Ctrl</kbd>+<kbd>Enter</kbd> ${this.mode === "tutor" ? t("chat") : t("tutor")}</span>
          ${length >= this.longest * COUNT_FROM ? html`<span class="count ${isOver ? "over" : ""}">${length.toLocaleString(locale())} / ${this.longest.toLocaleString(locale())}</span>` : nothing}
          <button type="submit" class="button primary send" ?disabled=${cannot} aria-label=${say.button}>
            ${icon(this.mode === "room" ? "send" : ICONS[this.mode])}<span class="send-long">${this.pending ? t("Sending…") : say.button}</span><span class="send-short">${this.pending ? "…" : say.verb}</span>
          </button>
        </div>
      </div>
    </form>`;
  }

  private submitted(event: Event): void {
    event.preventDefault();
    this.submit(this.mode);
  }

  private faultLine(isOver: boolean, length: number): TemplateResult {
    const over = isOver ? t("The text is {n} characters too long: {most} fit.", { n: (length - this.longest).toLocaleString(locale()), most: this.longest.toLocaleString(locale()) }) : "";
    const waits = this.pending !== null && !this.isLive;
    return html`<div id="composer-fault" role="alert">
      ${over || this.fault ? html`<p class="composer-fault">${icon("warning")}<span>${over || this.fault}</span></p>` : nothing}
      ${waits ? html`<p class="composer-waits">${icon("clock")}<span>${t("Not sent yet: it goes out as soon as the connection is back.")}</span><button type="button" class="button small" @click=${() => this.takeBack()}>${t("Change it")}</button></p>` : nothing}
    </div>`;
  }

  private modeSwitch(): TemplateResult {
    const choice = (mode: Mode, words: string): TemplateResult => html`<label @click=${(event: MouseEvent) => event.detail > 0 && this.box?.focus()}>
      <input type="radio" name="composer-mode" value=${mode} .checked=${this.mode === mode} @change=${() => this.choose(mode)} />
      <span>${icon(ICONS[mode])}${words}</span>
    </label>`;
    return html`<fieldset class="switch"><legend class="visually-hidden">${t("Who is this for?")}</legend>${choice("tutor", t("Tutor"))}${choice("room", t("Chat"))}${choice("step", t("Step"))}</fieldset>`;
  }

  private choose(mode: Mode): void {
    this.mode = mode;
    // What is selected on the board can be shown to the others as it can be asked about.
    if (mode === "step" || !pointsAtShapes(this.aim)) this.aim = null;
    this.fault = "";
    this.dispatchEvent(new CustomEvent("mode", { detail: mode }));
  }
}

customElements.define("cs-composer", Composer);
