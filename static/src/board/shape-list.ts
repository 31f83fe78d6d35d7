// The page as a list: every shape in words, with fields to change it and buttons to make new ones. The board without a mouse.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { icon } from "../icons";
import { t } from "../translate";
import type { Desk } from "./desk";
import { boundsOf, frameOf, middle, rotated, scaled, textBox } from "./geometry";
import { TEXT_SIZE } from "./putting";
import { kindWords, sheetWords } from "./say";
import { ALT_MOST, BLANK, fontSize, LATEX_MOST, type NewShape, type Shape, type ShapeKind, TEXT_MOST } from "./shape";
import type { Sheet } from "./sheets";

export interface ListContext {
  desk: Desk;
  you: string | null;
  label: (shape: Shape) => string;
  close: () => void;
  /** Brings a shape into view and marks it. */
  show: (sheet: string, id: string) => void;
}

const SHOWN_MOST = 300;
const ADDABLE: readonly ShapeKind[] = ["rectangle", "ellipse", "line", "arrow", "point"];

export function shapeList(context: ListContext): TemplateResult {
  const { desk } = context;
  const sheets = desk.sheets.all;
  const count = sheets.reduce((sum, { scene }) => sum + scene.on(desk.page).length, 0);
  return html`<aside class="board-list" aria-label=${t("List of shapes")} @keydown=${(event: KeyboardEvent) => event.key === "Escape" && (event.preventDefault(), event.stopPropagation(), context.close())}>
    <div class="row between"><h2>${t("On this page")}</h2><button type="button" class="button small quiet" @click=${context.close}>${icon("close")}<span class="visually-hidden">${t("Close the list")}</span></button></div>
    ${desk.mayWrite ? adding(context) : nothing}
    ${count === 0 ? html`<p class="muted">${t("There is nothing on this page yet.")}</p>` : nothing}
    ${sheets.map((sheet) => {
      const shapes = [...sheet.scene.on(desk.page)].reverse();
      if (!shapes.length) return nothing;
      return html`<section><h3>${sheetWords(sheet.info, context.you)}</h3>
        <ol class="shape-rows">${repeat(shapes.slice(0, SHOWN_MOST), ({ id }) => id, (shape) => row(context, sheet, shape))}</ol>
        ${shapes.length > SHOWN_MOST ? html`<p class="muted small-text">${t("and {n} more below them", { n: shapes.length - SHOWN_MOST })}</p>` : nothing}
      </section>`;
    })}
  </aside>`;
}

function adding({ desk, show }: ListContext): TemplateResult {
  const put = (shape: NewShape): void => {
    desk.begin();
    const id = desk.add(shape);
    if (id && desk.sheets.target) {
      desk.select(desk.sheets.target, [id]);
      show(desk.sheets.target.info.id, id);
    }
  };
  const { x, y, w, h } = desk.seen;
  const centre = { x: Math.round(x + w / 2), y: Math.round(y + h / 2) };
  const base = { ...BLANK, stroke: desk.style.stroke, width: desk.style.width };
  const add = (kind: ShapeKind): void => {
    const isLine = kind === "line" || kind === "arrow";
    if (kind === "point") return put({ ...base, kind, ...centre, text: desk.pointName });
    put({ ...base, kind, x: centre.x - 60, y: centre.y - 40, ...(isLine ? { points: [0, 0, 120, 80] } : { w: 120, h: 80 }) });
  };
  return html`<form class="list-add" @submit=${(event: SubmitEvent) => {
      event.preventDefault();
      const field = (event.target as HTMLFormElement).elements.namedItem("words") as HTMLInputElement;
      if (field.value.trim()) put({ ...base, kind: "text", text: field.value.trim(), ...centre, ...textBox(field.value.trim(), TEXT_SIZE) });
      field.value = "";
    }}>
    <label class="visually-hidden" for="board-add-text">${t("New text")}</label>
    <input id="board-add-text" name="words" maxlength=${TEXT_MOST} placeholder=${t("New text")} autocomplete="off" />
    <button class="button small">${t("Add")}</button>
    <div class="row">${ADDABLE.map((kind) => html`<button type="button" class="button small" @click=${() => add(kind)}>${icon(kind as "line")}<span>${kindWords(kind)}</span></button>`)}
      <button type="button" class="button small" @click=${() => desk.write({ kind: "formula", at: centre, shape: null })}>${icon("formula")}<span>${kindWords("formula")}</span></button>
    </div>
  </form>`;
}

function row({ desk, label, show }: ListContext, sheet: Sheet, shape: Shape): TemplateResult {
  const isSelected = desk.selection.sheet === sheet.info.id && desk.selection.ids.has(shape.id);
  const select = (): void => {
    desk.select(sheet, isSelected ? [] : [shape.id]);
    if (!isSelected) show(sheet.info.id, shape.id);
  };
  return html`<li class=${isSelected ? "selected" : ""} data-row=${shape.id}>
    <button type="button" class="shape-row" aria-expanded=${isSelected ? "true" : "false"} @click=${select}>
      <svg viewBox="0 0 12 12" aria-hidden="true"><circle cx="6" cy="6" r="5" fill=${shape.stroke}></circle></svg><bdi>${label(shape)}</bdi>
    </button>
    ${isSelected && sheet.state.mayWrite ? (shape.locked ? html`<div class="shape-fields">${lockButton(desk)}</div>` : fields(desk, shape)) : nothing}
  </li>`;
}

const lockButton = (desk: Desk): TemplateResult => html`<button type="button" class="button small" @click=${() => desk.lock(!desk.isLocked)}>${icon("lock")}${desk.isLocked ? t("Unlock") : t("Lock")}</button>`;

function fields(desk: Desk, shape: Shape): TemplateResult {
  const apply = (change: Partial<Shape>): void => desk.apply(new Map([[shape.id, change]]));
  const frame = frameOf(shape);
  const size = boundsOf(shape);
  const number = (name: string, words: string, value: number, change: (value: number) => Partial<Shape>): TemplateResult =>
    html`<label><span>${words}</span><input type="number" name=${name} step="any" .value=${String(Math.round(value))} @change=${(event: Event) => {
      const typed = (event.target as HTMLInputElement).valueAsNumber;
      if (Number.isFinite(typed)) apply(change(Math.min(1e5, Math.max(-1e5, typed))));
    }} /></label>`;
  const text = (name: "text" | "latex" | "alt", words: string, most: number): TemplateResult =>
    html`<label class="wide"><span>${words}</span><textarea name=${name} rows="2" maxlength=${most} .value=${shape[name]} @change=${(event: Event) => {
      const value = (event.target as HTMLTextAreaElement).value.slice(0, most);
      apply(name === "text" && shape.kind === "text" ? { text: value, ...textBox(value, fontSize(shape)) } : { [name]: value });
    }}></textarea></label>`;
  const isStill = shape.kind === "point";
  return html`<div class="shape-fields">
    ${shape.kind === "text" || shape.kind === "point" ? text("text", t("Text"), TEXT_MOST) : nothing} ${shape.kind === "formula" ? text("latex", t("Formula in LaTeX"), LATEX_MOST) : nothing}
    ${text("alt", t("What it shows, for those who cannot see it"), ALT_MOST)}
    ${number("x", t("From the left"), frame.x, (value) => ({ x: shape.x + value - frame.x }))} ${number("y", t("From the top"), frame.y, (value) => ({ y: shape.y + value - frame.y }))}
    ${isStill ? nothing : html`${number("w", t("Width"), size.w, (value) => scaled(shape, Math.max(1, value) / Math.max(1, size.w), 1, frame))} ${number("h", t("Height"), size.h, (value) => scaled(shape, 1, Math.max(1, value) / Math.max(1, size.h), frame))}
    ${number("turn", t("Turned by (°)"), shape.rotation, (value) => rotated(shape, value - shape.rotation, middle(frame)))}`}
    <div class="row wide">
      <button type="button" class="button small" @click=${() => desk.lift(true)}>${icon("front")}${t("To the front")}</button>
      <button type="button" class="button small" @click=${() => desk.duplicate()}>${icon("copy")}${t("Duplicate")}</button> ${lockButton(desk)}
      <button type="button" class="button small danger" @click=${() => desk.removeSelected()}>${icon("trash")}${t("Delete")}</button>
    </div>
  </div>`;
}
