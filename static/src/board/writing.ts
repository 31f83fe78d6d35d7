// <cs-board-writing>: where a text or a formula is written, on the board itself or in a small window beside it.

import { html, LitElement, nothing, svg, type PropertyValues, type TemplateResult } from "lit";

import { t } from "../translate";
import type { Writing } from "./desk";
import { TEXT_SIZE } from "./putting";
import { fontSize, LATEX_MOST, POINT_SIZE, TEXT_MOST } from "./shape";
import type { Drawing } from "./glyphs";
import { isFault, type ServerSupplies } from "./supplies";
import { toScreen, type View } from "./viewport";

const DRAW_MS = 300;
const EXAMPLE = "\\frac{1}{2}x^2";

/** What was written; `drawing` where the server has drawn the formula. Empty words take the shape away. */
export interface Written {
  words: string;
  drawing: Drawing | null;
}

export class BoardWriting extends LitElement {
  static override properties = { writing: { attribute: false }, view: { attribute: false }, colour: {}, supplies: { attribute: false }, words: { state: true }, drawing: { state: true }, fault: { state: true } };

  declare writing: Writing | null;
  declare view: View;
  declare colour: string;
  declare supplies: ServerSupplies | null;
  declare words: string;
  declare drawing: Drawing | null;
  declare fault: string;
  private timer: number | null = null;

  constructor() {
    super();
    this.writing = this.supplies = this.drawing = null;
    this.view = { x: 0, y: 0, zoom: 1 };
    this.colour = "#182726";
    this.words = this.fault = "";
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("writing") || !this.writing) return;
    this.words = (this.writing.kind === "text" ? this.writing.shape?.text : this.writing.shape?.latex) ?? "";
    this.drawing = null;
    this.fault = "";
    if (this.writing.kind === "formula" && this.words) this.drawSoon();
  }

  protected override updated(changed: PropertyValues<this>): void {
    const box = this.querySelector<HTMLElement>(".board-writing");
    if (!box || !this.writing) return;
    const at = toScreen(this.view, this.writing.at);
    if (this.writing.kind === "text") {
      const size = (!this.writing.shape ? TEXT_SIZE : this.writing.shape.kind === "point" ? POINT_SIZE : fontSize(this.writing.shape)) * this.view.zoom;
      box.style.setProperty("font-size", `${Math.max(12, size)}px`);
      box.style.setProperty("color", this.writing.shape?.stroke ?? this.colour);
    }
    box.style.setProperty("left", `${Math.max(4, Math.min(at.x, this.clientWidth - 40, (this.parentElement?.clientWidth ?? 400) - box.offsetWidth - 8))}px`);
    box.style.setProperty("top", `${Math.max(4, at.y)}px`);
    if (changed.has("writing")) this.querySelector<HTMLElement>("textarea, input")?.focus();
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.writing) return nothing;
    return this.writing.kind === "text" ? this.text() : this.formula();
  }

  private text(): TemplateResult {
    const lines = this.words.split("\n");
    return html`<textarea
      class="board-writing board-textarea" aria-label=${t("Text on the board")} maxlength=${TEXT_MOST} spellcheck="true" .value=${this.words} rows=${lines.length} cols=${Math.min(60, Math.max(8, ...lines.map((line) => line.length + 1)))}
      @input=${(event: Event) => (this.words = (event.target as HTMLTextAreaElement).value)} @keydown=${this.keyed} @blur=${() => this.done()}
    ></textarea>`;
  }

  private formula(): TemplateResult {
    return html`<form class="board-writing board-formula" role="dialog" aria-label=${t("Formula")} @submit=${(event: Event) => (event.preventDefault(), void this.formulaDone())} @keydown=${this.keyed}>
      <label for="board-latex">${t("Formula in LaTeX")}</label>
      <input id="board-latex" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength=${LATEX_MOST} placeholder=${EXAMPLE} .value=${this.words} @input=${this.typed} aria-describedby="board-latex-fault" />
      <div class="formula-preview" aria-hidden="true">${this.drawing ? svg`<svg viewBox="0 0 ${this.drawing.w} ${this.drawing.h}" fill=${this.colour}>${this.drawing.paths.map(({ d, transform }) => svg`<path d=${d} transform=${transform || nothing}></path>`)}</svg>` : html`<code>${this.words}</code>`}</div>
      <p id="board-latex-fault" class="field-error" role="status">${this.fault}</p>
      <div class="row">
        <button class="button small primary" ?disabled=${!this.words.trim()}>${this.writing?.shape ? t("Change it") : t("Put it on the board")}</button>
        <button type="button" class="button small" @click=${() => this.end(null)}>${t("Cancel")}</button>
      </div>
    </form>`;
  }

  private readonly keyed = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === "Escape") {
      event.preventDefault();
      if (this.writing?.kind === "text") this.done();
      else this.end(null);
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.done();
  };

  private readonly typed = (event: Event): void => {
    this.words = (event.target as HTMLInputElement).value;
    this.drawSoon();
  };

  private drawSoon(): void {
    if (this.timer !== null) window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.draw(), DRAW_MS);
  }

  /** True where the formula is drawn, or nobody could say that it cannot be. */
  private async draw(): Promise<boolean> {
    const words = this.words.trim();
    if (!words || !this.supplies) return false;
    const found = await this.supplies.draw(words);
    if (words !== this.words.trim()) return false;
    this.drawing = isFault(found) ? null : found;
    this.fault = isFault(found) ? found.message || t("The formula cannot be drawn just now.") : "";
    return !isFault(found);
  }

  private async formulaDone(): Promise<void> {
    if (await this.draw()) this.end({ words: this.words.trim(), drawing: this.drawing });
  }

  private done(): void {
    if (this.writing?.kind === "formula") void this.formulaDone();
    else if (this.writing) this.end({ words: this.words.replace(/\s+$/, ""), drawing: null });
  }

  private end(written: Written | null): void {
    this.dispatchEvent(new CustomEvent<Written | null>("written", { detail: written }));
  }
}

customElements.define("cs-board-writing", BoardWriting);
