// Above the stage: what one may do here, how saving stands, the sheets, the people, and the teacher's switches.

import { html, nothing, type TemplateResult } from "lit";

import type { Person } from "../frames";
import { icon } from "../icons";
import { t } from "../translate";
import { hue, initials } from "../words";
import type { Desk } from "./desk";
import type { Other } from "./others";
import type { BoardMode } from "./provider";
import { lineWords, MODE_ORDER, modeName, modeWords, sheetWords } from "./say";

export interface HeadContext {
  desk: Desk;
  now: number;
  you: string | null;
  isStaff: boolean;
  others: readonly Other[];
  /** Students that are here: who may be given the pen. */
  students: readonly Person[];
  follow: (id: string | null) => void;
  mode: (mode: BoardMode) => void;
  grant: (person: string, write: boolean | null) => void;
  reveal: (document: string, on: boolean) => void;
}

export function headBar(context: HeadContext): TemplateResult {
  const { desk, isStaff } = context;
  const { sheets } = desk;
  const state = sheets.target?.state ?? sheets.base?.state ?? null;
  const line = lineWords(state, context.now);
  const words = modeWords(sheets.mode, isStaff, sheets.target !== null);
  return html`<header class="board-head">
    <p class="board-mode" data-mode=${sheets.mode} title=${words}>${icon(sheets.mode === "open" ? "people" : sheets.mode === "view" ? "eye" : sheets.mode === "isolated" ? "layers" : "lock")}<span>${words}</span></p>
    <span class="board-line" data-tone=${line.tone} role="status">${line.words}</span>
    ${sheetMenu(context)} ${peopleMenu(context)} ${exportMenu(context)} ${sheets.listing?.may_manage ? manageMenu(context) : nothing}
  </header>`;
}

function menu(name: string, label: string, sign: TemplateResult, inside: unknown): TemplateResult {
  return html`<details class="board-menu" data-menu data-name=${name}><summary class="button small quiet" title=${label}><span class="visually-hidden">${label}: </span>${sign}</summary><div class="board-popup">${inside}</div></details>`;
}

/** Which sheet is drawn on; only where there is a choice, or more than one lies there. */
function sheetMenu({ desk, you, isStaff }: HeadContext): TemplateResult | typeof nothing {
  const all = desk.sheets.all;
  const others = (desk.sheets.listing?.documents ?? []).filter(({ kind, owner }) => kind === "layer" && owner?.id !== you);
  const drawnOn = desk.sheets.target ?? desk.sheets.base;
  if (!drawnOn || (all.length < 2 && !others.length)) return nothing;
  return menu("sheets", t("Sheets"), html`${icon("layers")}<span class="wide-only">${sheetWords(drawnOn.info, you)}</span>`, html`
    <fieldset><legend>${t("Draw on")}</legend>
      ${all.map((sheet) => html`<label class="choice"><input type="radio" name="board-sheet" .checked=${sheet === desk.sheets.target} ?disabled=${!sheet.state.mayWrite} @change=${() => desk.sheets.choose(sheet.info.id)} />${sheetWords(sheet.info, you)}${sheet.state.mayWrite ? nothing : html` <span class="muted small-text">${t("(to look at)")}</span>`}</label>`)}
    </fieldset>
    ${isStaff && others.length
      ? html`<fieldset><legend>${t("Show me")}</legend>${others.map((info) => html`<label class="choice"><input type="checkbox" .checked=${desk.sheets.isShown(info.id)} ?disabled=${info.revealed} @change=${(event: Event) => desk.sheets.show(info.id, (event.target as HTMLInputElement).checked)} />${sheetWords(info, you)}</label>`)}</fieldset>`
      : nothing}
  `);
}

function peopleMenu({ desk, others, follow }: HeadContext): TemplateResult | typeof nothing {
  // Somebody may be at several sheets; the one that says where she looks counts.
  const seen = new Map([...others].sort((one, other) => Number(one.view !== null) - Number(other.view !== null)).map((other) => [other.id, other]));
  if (!seen.size) return nothing;
  return menu("people", t("Who is at the board"), html`${icon("people")}<span>${seen.size}</span>`, html`
    <ul class="people">${[...seen.values()].map((other) => html`<li>
      <span class="avatar" data-hue=${hue(other.id)} aria-hidden="true">${initials(other.name)}</span><bdi class="person-name">${other.name}</bdi>
      ${other.view ? html`<button type="button" class="button small" aria-pressed=${desk.following === other.id ? "true" : "false"} @click=${() => follow(desk.following === other.id ? null : other.id)}>${icon("eye")}${desk.following === other.id ? t("Following") : t("Follow")}</button>` : nothing}
    </li>`)}</ul>
  `);
}

/** The sheet that is drawn on as a file, made by the server. */
function exportMenu({ desk }: HeadContext): TemplateResult | typeof nothing {
  const sheet = desk.sheets.target ?? desk.sheets.base;
  if (!sheet) return nothing;
  const file = (kind: string): string => `/api/boards/${sheet.info.id}/export.${kind}`;
  const page = `?page=${encodeURIComponent(desk.page)}`;
  return menu("export", t("Save as a file"), icon("download"), html`<ul class="board-files">
    <li><a href=${file("png") + page} download>${t("This page as a picture (PNG)")}</a></li>
    <li><a href=${file("svg") + page} download>${t("This page as a drawing (SVG)")}</a></li>
    <li><a href=${file("pdf")} download>${t("All pages to print (PDF)")}</a></li>
  </ul>`);
}

function manageMenu(context: HeadContext): TemplateResult {
  const { desk, you } = context;
  const grants = desk.sheets.listing?.grants ?? [];
  // Who has a right of her own is listed also while she is away.
  const students = [...new Map([...context.students, ...grants.map(({ person }) => person)].map((person) => [person.id, person])).values()];
  const layers = (desk.sheets.listing?.documents ?? []).filter(({ kind, owner }) => kind === "layer" && owner?.id !== you);
  return menu("manage", t("Who may draw"), html`${icon("settings")}<span class="wide-only" aria-hidden="true">${t("Who may draw")}</span>`, html`
    <fieldset><legend>${t("The board is for")}</legend>
      ${MODE_ORDER.map((mode) => html`<label class="choice"><input type="radio" name="board-mode" value=${mode} .checked=${desk.sheets.mode === mode} @change=${() => context.mode(mode)} /><span><strong>${modeName(mode)}</strong><br /><span class="muted small-text">${modeWords(mode, true, true)}</span></span></label>`)}
    </fieldset>
    ${students.length
      ? html`<fieldset><legend>${t("The pen of one student")}</legend>${students.map((person) => {
          const given = grants.find((grant) => grant.person.id === person.id)?.write ?? null;
          return html`<label class="grant"><bdi>${person.name}</bdi><select @change=${(event: Event) => context.grant(person.id, ({ yes: true, no: false } as Record<string, boolean>)[(event.target as HTMLSelectElement).value] ?? null)}>
            <option value="" ?selected=${given === null}>${t("as for everybody")}</option><option value="yes" ?selected=${given === true}>${t("may draw")}</option><option value="no" ?selected=${given === false}>${t("may only look")}</option>
          </select></label>`;
        })}</fieldset>`
      : nothing}
    ${layers.length
      ? html`<fieldset><legend>${t("Show everybody")}</legend>${layers.map((info) => html`<label class="choice"><input type="checkbox" .checked=${info.revealed} @change=${(event: Event) => context.reveal(info.id, (event.target as HTMLInputElement).checked)} />${sheetWords(info, you)}</label>`)}</fieldset>`
      : nothing}
  `);
}
