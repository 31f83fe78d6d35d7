// The pages of the board in a small window: go to one, name it, add one, take one away.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { icon } from "../icons";
import { t, tn } from "../translate";
import type { Desk } from "./desk";
import type { Page } from "./scene";
import { PAGES_MOST, TITLE_MOST } from "./shape";

export interface PagesContext {
  desk: Desk;
  /** The page that is about to be taken away: that is asked first. */
  asked: string | null;
  ask: (page: string | null) => void;
  close: () => void;
}

export function mayAdd({ sheets: { base } }: Desk): boolean {
  return base?.state.mayWrite === true && base.scene.pages.length < PAGES_MOST;
}

export function pageAdd(desk: Desk): void {
  const id = desk.sheets.base?.scene.pageAdd();
  if (id) desk.turnTo(id);
}

export const pageWords = (page: Page, at: number): string => page.title || t("Page {n}", { n: at + 1 });

export function pageList(context: PagesContext): TemplateResult {
  const { desk, close } = context;
  const pages = desk.sheets.base?.scene.pages ?? [];
  const keyed = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key !== "Escape") return;
    event.preventDefault();
    if (context.asked === null) close();
    else context.ask(null);
  };
  return html`<section class="board-pages" role="dialog" aria-label=${t("Pages of the board")} tabindex="-1" @keydown=${keyed}>
    <div class="row between"><h2>${t("Pages of the board")}</h2><button type="button" class="button small quiet" @click=${close}>${icon("close")}<span class="visually-hidden">${t("Close the pages")}</span></button></div>
    <ol>${repeat(pages, ({ id }) => id, (page, at) => row(context, page, at, pages.length))}</ol>
    ${mayAdd(desk) ? html`<button type="button" class="button small" @click=${() => pageAdd(desk)}>${icon("plus")}${t("New page")}</button>` : nothing}
  </section>`;
}

function row(context: PagesContext, page: Page, at: number, count: number): TemplateResult {
  const { desk, asked, ask } = context;
  const isHere = page.id === desk.page;
  const mayWrite = desk.sheets.base?.state.mayWrite === true;
  const n = at + 1;
  const rename = (event: Event): void => desk.sheets.base?.scene.pageRename(page.id, (event.target as HTMLInputElement).value);
  return html`<li class=${isHere ? "here" : ""}>
    <div class="page-row">
      <button type="button" class="button small page-go" aria-current=${isHere ? "page" : nothing} aria-label=${t("Go to page {n}", { n })} @click=${() => desk.turnTo(page.id)}>${n}</button>
      ${mayWrite
        ? html`<input maxlength=${TITLE_MOST} autocomplete="off" aria-label=${t("Title of page {n}", { n })} placeholder=${t("Page {n}", { n })} .value=${page.title} @change=${rename} />`
        : html`<bdi>${pageWords(page, at)}</bdi>`}
      ${mayWrite && count > 1 ? html`<button type="button" class="button small quiet page-remove" aria-label=${t("Remove page {n}", { n })} title=${t("Remove page {n}", { n })} @click=${() => ask(page.id)}>${icon("trash")}</button>` : nothing}
    </div>
    ${asked === page.id ? question(context, page, n) : nothing}
  </li>`;
}

function question({ desk, ask }: PagesContext, page: Page, n: number): TemplateResult {
  const shapes = desk.sheets.all.reduce((sum, { scene }) => sum + scene.on(page.id).length, 0);
  const remove = (): void => {
    const { base } = desk.sheets;
    base?.scene.pageRemove(page.id);
    // Undo is of the sheet that is drawn on: the pages are the common board's.
    if (base) desk.sheets.choose(base.info.id);
    desk.settle();
    desk.say(t("Page {n} is removed. Undo brings it back.", { n }));
    ask(null);
  };
  return html`<div class="page-question" role="alertdialog" aria-label=${t("Remove page {n}", { n })}>
    <p>${shapes ? tn("Remove page {page} with the shape on it, for everybody? You can undo it.", "Remove page {page} with the {n} shapes on it, for everybody? You can undo it.", shapes, { page: n }) : t("Remove page {n}, for everybody? You can undo it.", { n })}</p>
    <div class="row"><button type="button" class="button small danger" @click=${remove}>${t("Remove it")}</button><button type="button" class="button small page-keep" @click=${() => ask(null)}>${t("Keep it")}</button></div>
  </div>`;
}
