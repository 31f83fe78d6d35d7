// <cs-solution>: the room's steps as solutions, line under line, each with its verdict beside it and a place for the next one.

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import type { ErrorFrame } from "../frames";
import { icon } from "../icons";
import type { PaneContext } from "../panes";
import { EVERYBODY, may } from "../passages";
import { avatar } from "../room/items";
import { stepLook, stepPlace, stepShown } from "../room/step-line";
import { said, witnessed } from "../said";
import { lengthOf } from "../store";
import { t, tn } from "../translate";
import { clockTime, closedWords, errorWords } from "../words";
import { ask, chatShow } from "./asking";
import "./solution.css";
import { type Line, lineOf, nextAfter, saidIn, type Solution, solutionsOf, tallyOf } from "./solution";

const STEP_LIMIT = 1000;

/** Where the next line goes: where this person is at, behind a line that she chose, or at the beginning of a new solution. */
type Place = { kind: "usual" } | { kind: "after"; step: string } | { kind: "fresh" };
const USUAL: Place = { kind: "usual" };

export class SolutionElement extends LitElement {
  static override properties = {
    context: { attribute: false },
    isShown: { attribute: false },
    aim: { attribute: false },
    text: { state: true },
    place: { state: true },
    pointed: { state: true },
    isSending: { state: true },
    fault: { state: true },
  };

  declare context: PaneContext;
  declare isShown: boolean;
  /** The step that somebody wants to see here. */
  declare aim: unknown;
  declare text: string;
  declare place: Place;
  /** The step that was pointed at last. */
  declare pointed: string | null;
  declare isSending: boolean;
  declare fault: string;

  private solutions: Solution[] = [];
  private isAtEnd = true;

  constructor() {
    super();
    this.isShown = this.isSending = false;
    this.aim = undefined;
    this.text = this.fault = "";
    this.place = USUAL;
    this.pointed = null;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  private get you(): string | null {
    return this.context?.view.you?.id ?? null;
  }

  /** Why nothing can be written; empty when something can. */
  private get closed(): string {
    const { view } = this.context;
    if (view.you && !view.you.can.post) return t("You may look in this room, but not write.");
    return closedWords(view);
  }

  /** The line that the next one follows. */
  private get previous(): Line | null {
    if (this.place.kind === "fresh" || this.afterSaid !== null) return null;
    return (this.place.kind === "after" ? lineOf(this.solutions, this.place.step) : null) ?? nextAfter(this.solutions, this.you);
  }

  /** The line of a message that the next one follows. */
  private get afterSaid(): string | null {
    return this.place.kind === "after" && !lineOf(this.solutions, this.place.step) && this.isSaid(this.place.step) ? this.place.step : null;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("context")) {
      const box = this.querySelector(".solution-lines");
      this.isAtEnd = !box || box.scrollHeight - box.scrollTop - box.clientHeight < 40;
      this.solutions = solutionsOf(this.context?.view.state?.items ?? []);
    }
    if (changed.has("aim") && typeof this.aim === "string") this.point(this.aim);
  }

  /** A line of a message is not here itself: then the one that follows it is shown, or it is where the next one goes. */
  private point(step: string): void {
    const follows = this.solutions.flatMap(({ lines }) => lines).find(({ item }) => item.after === step);
    this.pointed = lineOf(this.solutions, step) ? step : (follows?.item.step ?? null);
    if (this.pointed === null && this.isSaid(step)) this.place = { kind: "after", step };
  }

  private isSaid(step: string): boolean {
    return saidIn(this.context?.view.state?.items ?? []).has(step);
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("pointed") && this.pointed) this.querySelector(`[data-line="${this.pointed}"]`)?.scrollIntoView({ block: "center" });
    else if (changed.has("context") && this.isAtEnd) this.querySelector(".solution-lines")?.scrollTo({ top: 1e9 });
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.context) return nothing;
    return html`<div class="solution">
      <h2 class="pane-title">${t("Solution")}</h2>
      <div class="solution-lines" tabindex="0" role="group" aria-label=${t("The room's solutions")}>
        ${this.solutions.length ? repeat(this.solutions, (solution) => solution.id, (solution, at) => this.solution(solution, at)) : this.empty()}
      </div>
      ${this.closed ? html`<p class="solution-closed">${icon("lock")}<span>${this.closed}</span></p>` : this.form()}
    </div>`;
  }

  private empty(): TemplateResult {
    return html`<div class="empty">${icon("check")}<strong>${t("No line yet")}</strong>
      <p>${t("Write your solution line by line. Each line is compared with the one before it, and everybody here sees how it stands.")}</p></div>`;
  }

  private solution(solution: Solution, at: number): TemplateResult {
    const { verified, refuted, unknown } = tallyOf(solution);
    const counts = [
      verified ? tn("{n} verified", "{n} verified", verified) : "",
      refuted ? tn("{n} not right", "{n} not right", refuted) : "",
      unknown ? tn("{n} cannot tell", "{n} cannot tell", unknown) : "",
    ].filter(Boolean);
    const names = [...new Map(solution.lines.map(({ item }) => [item.by?.id, item.by?.name ?? t("Somebody")])).values()];
    return html`<section class="solution-part" aria-label=${t("Solution {n}", { n: at + 1 })}>
      <header><h3>${t("Solution {n}", { n: at + 1 })}</h3><bdi class="muted clip" title=${names.join(", ")}>${names.join(", ")}</bdi><span class="solution-tally">${counts.join(" · ")}</span></header>
      <ol>${repeat(solution.lines, (line) => line.item.step, (line) => this.line(line))}</ol>
    </section>`;
  }

  private line(line: Line): TemplateResult {
    const { item } = line;
    const look = stepLook(item);
    const isNext = this.place.kind === "after" && this.place.step === item.step;
    return html`<li class="solution-line ${this.pointed === item.step ? "pointed-at" : ""} ${isNext ? "chosen" : ""}" data-line=${item.step} data-verdict=${item.verdict ?? "waiting"}>
      <span class="solution-number" aria-hidden="true">${line.number}</span>
      <button type="button" class="solution-said" title=${t("Show it in the chat")} aria-label=${t("Line {n}: {text}. Show it in the chat", { n: line.number, text: item.text })} @click=${() => chatShow(this, item.seq)}>${stepShown(item.text)}</button>
      <div class="solution-verdict">
        <span class="badge ${look.tone}">${icon(look.icon)}${look.words}</span>
        ${item.witness ? html`<span class="step-witness">${witnessed(item.witness)}</span>` : nothing}
        ${item.reason ? html`<span class="step-reason">${said(item.reason)}${stepPlace(item)}</span>` : nothing}
      </div>
      <div class="solution-by">
        ${item.by ? avatar(item.by) : nothing}<bdi class="clip">${item.by?.name ?? t("Somebody")}</bdi><time datetime=${item.at}>${clockTime(item.at)}</time>
        ${line.follows ? html`<span class="muted">${t("follows line {n}", { n: line.follows })}</span>` : this.afterChat(line)}
        <span class="solution-tools">${this.tools(line)}</span>
      </div>
    </li>`;
  }

  private afterChat({ isAfterElsewhere, saidAt }: Line): TemplateResult | typeof nothing {
    if (!isAfterElsewhere) return nothing;
    const words = t("follows a line of the chat");
    if (saidAt === null) return html`<span class="muted">${words}</span>`;
    return html`<button type="button" class="button small quiet" title=${t("Show it in the chat")} @click=${() => chatShow(this, saidAt)}>${icon("chat")}${words}</button>`;
  }

  private tools({ item }: Line): TemplateResult {
    const { state, you } = this.context.view;
    const canAsk = you?.can.ask === true && state?.room.state === "open" && may(state.controls ?? EVERYBODY, "about", you, item.by);
    const onBoard = t("Put it on the board, or show it there");
    return html`<button type="button" class="block-tool" title=${onBoard} aria-label=${onBoard} @click=${() => this.dispatchEvent(new CustomEvent("panewanted", { bubbles: true, composed: true, detail: { pane: "board", aim: { step: item.step, text: item.text } } }))}>${icon("board")}</button>
      ${canAsk ? html`<button type="button" class="block-tool" title=${t("Ask about this step")} aria-label=${t("Ask about this step")} @click=${() => this.context.askAbout({ step: item.step }, item.text)}>${icon("quote")}</button>` : nothing}
      ${this.closed ? nothing : html`<button type="button" class="block-tool" title=${t("Go on from this line")} aria-label=${t("Go on from this line")} @click=${() => this.choose({ kind: "after", step: item.step })}>${icon("arrow-down")}</button>`}`;
  }

  // ---- the next line

  private form(): TemplateResult {
    const length = lengthOf(this.text);
    const isOver = length > STEP_LIMIT;
    const preview = this.text.trim() && !isOver ? stepShown(this.text.trim()) : null;
    return html`<form class="solution-next" @submit=${(event: Event) => this.submitted(event)}>
      ${this.behind()}
      ${this.fault || isOver ? html`<p class="composer-fault" role="alert">${icon("warning")}<span>${isOver ? t("The text is {n} characters too long: {most} fit.", { n: length - STEP_LIMIT, most: STEP_LIMIT }) : this.fault}</span></p>` : nothing}
      <div class="solution-row">
        <input type="text" dir="auto" autocomplete="off" autocapitalize="off" spellcheck="false" aria-label=${t("Your next line of maths")} placeholder=${t("The next line, as 2x + 3 = 7")}
          .value=${this.text} ?readonly=${this.isSending} aria-invalid=${isOver || this.fault ? "true" : "false"} @input=${(event: InputEvent) => this.typed(event)} />
        <button type="submit" class="button primary" ?disabled=${this.isSending || isOver || !this.text.trim()}>${icon("check")}<span>${this.isSending ? t("Sending…") : t("Check")}</span></button>
      </div>
      ${preview ? html`<div class="solution-preview" aria-hidden="true">${preview}</div>` : nothing}
    </form>`;
  }

  /** What the next line will be compared with, and the other places where it could go. */
  private behind(): TemplateResult | typeof nothing {
    if (!this.solutions.length && this.afterSaid === null) return nothing;
    const before = this.previous;
    return html`<p class="solution-behind">
      ${before
        ? html`<span class="solution-behind-words">${t("Goes on from line {n}", { n: before.number })} <bdi>${stepShown(before.item.text)}</bdi></span>`
        : html`<span class="solution-behind-words">${this.afterSaid === null ? t("Begins a new solution") : t("Goes on from a line of the chat")}</span>`}
      ${this.place.kind === "usual" ? nothing : html`<button type="button" class="button small quiet" @click=${() => this.choose(USUAL)}>${t("Back to the last line")}</button>`}
      ${this.place.kind === "fresh" ? nothing : html`<button type="button" class="button small quiet" @click=${() => this.choose({ kind: "fresh" })}>${icon("plus")}${t("New solution")}</button>`}
    </p>`;
  }

  private choose(place: Place): void {
    this.place = place;
    this.fault = "";
    void this.updateComplete.then(() => this.querySelector("input")?.focus());
  }

  private typed(event: InputEvent): void {
    this.text = (event.target as HTMLInputElement).value;
    this.fault = "";
  }

  private submitted(event: Event): void {
    event.preventDefault();
    const text = this.text.trim();
    if (this.isSending || this.closed || !text || lengthOf(text) > STEP_LIMIT) return;
    void this.send(text);
  }

  private async send(text: string): Promise<void> {
    this.isSending = true;
    this.fault = "";
    const after = this.afterSaid ?? this.previous?.item.step;
    try {
      await ask(this.context, "step.submit", { text, ...(after && { after }), ...(this.place.kind === "fresh" && { fresh: true }) });
      this.text = "";
      this.place = USUAL;
      this.isAtEnd = true;
    } catch (error) {
      this.fault = errorWords(error as ErrorFrame);
    }
    this.isSending = false;
    await this.updateComplete;
    this.querySelector("input")?.focus();
  }
}

customElements.define("cs-solution", SolutionElement);
