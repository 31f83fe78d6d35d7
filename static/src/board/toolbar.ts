// The buttons around the stage: tools, colours, what can be done with the selection, undo, pages, zoom.

import { html, nothing, type TemplateResult } from "lit";

import { icon, type IconName } from "../icons";
import { mark, t, translated } from "../translate";
import type { Desk } from "./desk";
import type { Tool } from "./draw";
import { mayAdd, pageAdd } from "./page-list";
import { COLOURS } from "./say";
import { zoomed } from "./viewport";

interface ToolButton {
  tool: Tool;
  icon: IconName;
  label: string;
  key: string;
}
export const TOOLS: readonly ToolButton[] = [
  { tool: "select", icon: "pointer", label: mark("Select and move"), key: "V" },
  { tool: "hand", icon: "move", label: mark("Move the view"), key: "H" },
  { tool: "pen", icon: "pen", label: mark("Pen"), key: "P" },
  { tool: "highlighter", icon: "highlighter", label: mark("Highlighter"), key: "M" },
  { tool: "erase", icon: "eraser", label: mark("Eraser"), key: "E" },
  { tool: "line", icon: "line", label: mark("Line"), key: "L" },
  { tool: "arrow", icon: "arrow", label: mark("Arrow"), key: "A" },
  { tool: "rectangle", icon: "rectangle", label: mark("Rectangle"), key: "R" },
  { tool: "ellipse", icon: "ellipse", label: mark("Ellipse"), key: "O" },
  { tool: "polygon", icon: "polygon", label: mark("Polygon"), key: "G" },
  { tool: "point", icon: "point", label: mark("Point"), key: "D" },
  { tool: "text", icon: "text", label: mark("Text"), key: "T" },
  { tool: "formula", icon: "formula", label: mark("Formula"), key: "F" },
  { tool: "image", icon: "picture", label: mark("Picture"), key: "I" },
  { tool: "laser", icon: "laser", label: mark("Laser pointer"), key: "X" },
];
/** Tools that change nothing: who only looks has these. */
const LOOKING: ReadonlySet<Tool> = new Set<Tool>(["select", "hand", "laser"]);
export const WIDTHS: readonly { width: number; label: string }[] = [
  { width: 1.5, label: mark("Fine") },
  { width: 3, label: mark("Medium") },
  { width: 6, label: mark("Thick") },
];

export interface ToolContext {
  desk: Desk;
  choose: (tool: Tool) => void;
  isList: boolean;
  showList: (on: boolean) => void;
  /** Whether the window with the pages is open. */
  isPages: boolean;
  showPages: (on: boolean) => void;
  /** Asks the tutor about the selection; null where this person may not ask. */
  ask: (() => void) | null;
  /** Leads to the line of the solution that the selection is; null where it is none. */
  line: (() => void) | null;
}

export function toolbar({ desk, choose }: ToolContext): TemplateResult {
  const shown = TOOLS.filter(({ tool }) => desk.mayWrite || LOOKING.has(tool));
  const active = shown.some(({ tool }) => tool === desk.tool) ? desk.tool : "select";
  return html`<div class="board-tools" role="toolbar" aria-label=${t("Tools")} @keydown=${roving}>
    ${shown.map(({ tool, icon: sign, label, key }) => {
      const words = translated(label);
      return html`<button type="button" class="tool" data-tool=${tool} aria-pressed=${tool === active ? "true" : "false"} tabindex=${tool === active ? 0 : -1} aria-label=${words} title="${words} (${key})" @click=${() => choose(tool)}>${icon(sign)}</button>`;
    })}
  </div>`;
}

/** One stop for the Tab key; the arrow keys go on from there. */
function roving(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const bar = event.currentTarget as HTMLElement;
  const buttons = [...bar.querySelectorAll<HTMLButtonElement>("button:not(:disabled)")];
  const at = buttons.indexOf(event.target as HTMLButtonElement);
  buttons[(at + step + buttons.length) % buttons.length]?.focus();
  event.preventDefault();
}

const STYLED: ReadonlySet<Tool> = new Set<Tool>(["pen", "highlighter", "line", "arrow", "rectangle", "ellipse", "polygon", "point", "text", "formula"]);

/** Colours and widths for what is drawn next or is selected, and what can be done with the selection. */
export function styleBar({ desk, ask, line }: ToolContext): TemplateResult | typeof nothing {
  const selected = desk.selected;
  const asking = (ask && selected.length) || line ? html`${line ? lineButton(line) : nothing} ${ask ? askButton(ask) : nothing}` : nothing;
  if (!desk.mayWrite) return asking === nothing ? nothing : html`<div class="board-style" role="group" aria-label=${t("The selection")}>${asking}</div>`;
  if (!STYLED.has(desk.tool) && !selected.length) return nothing;
  const stroke = selected[0]?.stroke ?? desk.style.stroke;
  const width = selected[0]?.width ?? desk.style.width;
  const isFilled = selected.length ? selected.some((shape) => shape.fill !== null) : desk.style.fill;
  return html`<div class="board-style" role="group" aria-label=${selected.length ? t("The selection") : t("Colour and width")}>
    <div class="swatches" role="group" aria-label=${t("Colour")}>
      ${COLOURS.map(({ hex, name }) => html`<button type="button" class="swatch" data-colour=${name} aria-pressed=${hex === stroke ? "true" : "false"} aria-label=${translated(name)} title=${translated(name)} @click=${() => desk.dress({ stroke: hex })}><svg viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="8" fill=${hex}></circle></svg></button>`)}
    </div>
    <div class="widths" role="group" aria-label=${t("Width of the line")}>
      ${WIDTHS.map((one) => html`<button type="button" class="swatch" aria-pressed=${one.width === width ? "true" : "false"} aria-label=${translated(one.label)} title=${translated(one.label)} @click=${() => desk.dress({ width: one.width })}><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 10h14" stroke="currentColor" stroke-linecap="round" stroke-width=${one.width}></path></svg></button>`)}
      <button type="button" class="swatch" aria-pressed=${isFilled ? "true" : "false"} aria-label=${t("Filled")} title=${t("Filled")} @click=${() => desk.dress({ fill: !isFilled })}>${icon("fill")}</button>
    </div>
    ${selected.length && desk.mayChange(null) ? selectionBar(desk) : nothing} ${asking}
  </div>`;
}

const askButton = (ask: () => void): TemplateResult => html`<button type="button" class="button small board-ask" @click=${ask}>${icon("tutor")}${t("Ask the tutor about it")}</button>`;

const lineButton = (line: () => void): TemplateResult => html`<button type="button" class="button small board-line-of" @click=${line}>${icon("check")}${t("To the line of the solution")}</button>`;

function selectionBar(desk: Desk): TemplateResult {
  const button = (sign: IconName, label: string, act: () => void): TemplateResult => html`<button type="button" class="swatch" aria-label=${label} title=${label} @click=${act}>${icon(sign)}</button>`;
  return html`<div class="swatches" role="group" aria-label=${t("With the selection")}>
    ${button("front", t("To the front"), () => desk.lift(true))} ${button("back", t("To the back"), () => desk.lift(false))}
    ${button("copy", t("Duplicate"), () => desk.duplicate())}
    <button type="button" class="swatch" aria-pressed=${desk.isLocked ? "true" : "false"} aria-label=${t("Locked")} title=${desk.isLocked ? t("Unlock (K)") : t("Lock: nobody moves or changes it by mistake (K)")} @click=${() => desk.lock(!desk.isLocked)}>${icon("lock")}</button>
    ${button("trash", t("Delete"), () => desk.removeSelected())}
  </div>`;
}

export function bottomBar(context: ToolContext): TemplateResult {
  const { desk, isList, showList } = context;
  const scene = desk.sheets.target?.scene;
  const centre = { x: desk.size.w / 2, y: desk.size.h / 2 };
  const button = (sign: IconName, label: string, act: () => void, more: { off?: boolean; pressed?: boolean; name?: string } = {}): TemplateResult =>
    html`<button type="button" class="tool ${more.name ?? ""}" ?disabled=${more.off ?? false} aria-pressed=${more.pressed === undefined ? nothing : more.pressed ? "true" : "false"} aria-label=${label} title=${label} @click=${act}>${icon(sign)}</button>`;
  return html`<div class="board-foot">
    <div class="board-group" role="group" aria-label=${t("Undo")}>
      ${button("undo", t("Undo my last change"), () => desk.undo(), { off: !scene?.canUndo })} ${button("redo", t("Redo"), () => desk.redo(), { off: !scene?.canRedo })}
    </div>
    ${pageGroup(context)}
    <div class="board-group" role="group" aria-label=${t("View")}>
      ${button("minus", t("Smaller"), () => desk.look(zoomed(desk.view, 0.8, centre)), { name: "narrow-off" })}
      <button type="button" class="tool zoom" title=${t("Everything in view")} aria-label=${t("{n} %: show everything", { n: Math.round(desk.view.zoom * 100) })} @click=${() => desk.fit()}>${Math.round(desk.view.zoom * 100)} %</button>
      ${button("plus", t("Larger"), () => desk.look(zoomed(desk.view, 1.25, centre)), { name: "narrow-off" })}
      ${button("grid", t("Grid, and what is drawn goes to it"), () => gridTurn(desk), { pressed: desk.isGrid, name: "narrow-off" })}
      ${button("list", t("List of shapes"), () => showList(!isList), { pressed: isList })}
    </div>
  </div>`;
}

function gridTurn(desk: Desk): void {
  desk.isGrid = !desk.isGrid;
  desk.isSnapping = desk.isGrid;
  desk.look(desk.view);
  desk.choose(desk.tool);
}

function pageGroup({ desk, isPages, showPages }: ToolContext): TemplateResult {
  const pages = desk.sheets.base?.scene.pages ?? [];
  const at = Math.max(0, pages.findIndex(({ id }) => id === desk.page));
  const title = pages[at]?.title ?? "";
  const of = t("{n} of {all}", { n: at + 1, all: Math.max(1, pages.length) });
  return html`<div class="board-group pages" role="group" aria-label=${t("Pages")}>
    <button type="button" class="tool flip" ?disabled=${at === 0} aria-label=${t("Page before")} title=${t("Page before")} @click=${() => desk.flip(-1)}>${icon("chevron")}</button>
    <button type="button" class="tool page-of" aria-expanded=${isPages ? "true" : "false"} title=${t("Pages: go to one, name it, remove it")} aria-label=${[t("Pages"), of, title].filter(Boolean).join(", ")} @click=${() => showPages(!isPages)}><span>${of}</span>${title ? html`<bdi class="wide-only">${title}</bdi>` : nothing}</button>
    <button type="button" class="tool unflip" ?disabled=${at >= pages.length - 1} aria-label=${t("Next page")} title=${t("Next page")} @click=${() => desk.flip(1)}>${icon("chevron")}</button>
    ${mayAdd(desk) ? html`<button type="button" class="tool" aria-label=${t("New page")} title=${t("New page")} @click=${() => pageAdd(desk)}>${icon("plus")}</button>` : nothing}
  </div>`;
}
