// A tool's card inside an answer, at its place in the text: what was calculated or drawn, and in words how.

import { html, nothing, type TemplateResult } from "lit";

import "./drawing";
import type { AnswerItem } from "../frames";
import { icon } from "../icons";
import { mathsNode } from "../maths";
import { stepTex } from "../step-tex";
import type { Dressing } from "../stream";
import { piecesOf, type ToolItem } from "../tools";
import { t } from "../translate";

const WIDE = 24;
const TRIED: Readonly<Record<string, string>> = { calculate: t("a calculation"), plot: t("a graph"), draw: t("a figure"), look_up: t("to look something up") };
const BUSY: Readonly<Record<string, string>> = { calculate: t("Calculating"), plot: t("Plotting"), draw: t("Drawing"), look_up: t("Looking it up") };
const HOW: Readonly<Record<string, string>> = {
  calculate: t("Worked out exactly by the computer algebra, not guessed by the tutor."),
  plot: t("The points are computed by the computer algebra."),
};

/** The `at`th part of an answer, from `start` code points on; `dress`: what its text is dressed in, by where it begins. */
export interface AnswerPart {
  at: number;
  text: string;
  start: number;
  isDone: boolean;
  dress: (text: string, start: number) => Dressing | null;
}

/** A part of an answer, and in it the cards of the tools that were called there. */
export function answerPieces(item: AnswerItem, { at, text, start, isDone, dress }: AnswerPart): TemplateResult[] {
  const calls = (item.tools ?? []).filter((call) => call.put_ins === at);
  const pieces = piecesOf(calls.length ? [...text] : text, start, calls);
  return pieces.map(({ call, text: words, start: from }, place) => {
    const isLast = place === pieces.length - 1;
    const content: [string, boolean, Dressing | null] = [words, isDone || !isLast, dress(words, from)];
    return html`${call ? toolCard(call, isLast && !isDone) : nothing}<cs-stream class="answer-text" .content=${content}></cs-stream>`;
  });
}

/** What a screen reader hears of a call. */
export function toolSentence({ tool, asked, outcome, text }: ToolItem): string {
  if (outcome === "done") return [asked, text].filter(Boolean).join(t(" gives "));
  if (outcome === "withheld") return t("A result was withheld: it would give the answer away.");
  const what = TRIED[tool] ?? t("a tool");
  return outcome === "failed" ? t("The tutor tried {what}: {text}", { what, text }) : `${BUSY[tool] ?? t("Working")}…`;
}

function toolCard(call: ToolItem, isWaited: boolean): TemplateResult | typeof nothing {
  if (call.outcome === null) {
    const words = `${BUSY[call.tool] ?? t("Working")}…`;
    return isWaited ? html`<div class="tool-card" role="note" aria-busy="true" data-tool=${call.tool}><span class="tool-verb">${icon("clock")} ${words}</span></div>` : nothing;
  }
  return html`<div class="tool-card ${call.outcome}" role="note" aria-label=${toolSentence(call)} data-tool=${call.tool} data-outcome=${call.outcome}>
    ${call.outcome === "done" ? result(call) : html`<span class="tool-verb">${toolSentence(call)}</span>`}
  </div>`;
}

function result(call: ToolItem): TemplateResult {
  const [verb, rest] = halves(call.asked);
  const { drawing, text } = call;
  if (call.tool === "look_up") {
    const [first, ...quotes] = text.split("\n");
    return html`<div class="tool-head"><span class="tool-verb">${verb}</span><bdi>${rest}</bdi></div>
      ${quotes.length ? html`<details><summary>${t("Passages: {n}", { n: quotes.length })}</summary>${quotes.map((quote) => html`<p dir="auto">${quote}</p>`)}</details>` : html`<p>${first}</p>`}`;
  }
  if (drawing === null) {
    return html`<div class="tool-head"><span class="tool-verb">${verb}</span>${maths(rest, call)}</div>
      ${call.tool in HOW ? details(t("How"), HOW[call.tool] as string) : nothing}`;
  }
  return html`<div class="tool-head"><span class="tool-verb">${verb}</span>${rest ? html`<span class="tool-maths">${shown(rest)}</span>` : nothing}</div>
    <cs-drawing .content=${[drawing, text] as const}></cs-drawing>
    ${details(t("In words"), text)} ${call.board?.length ? boardButton(call.board) : nothing}`;
}

/** Opens the board where these shapes are, and lights them up. */
export function boardButton(shapes: readonly string[]): TemplateResult {
  const show = (event: Event): unknown => event.currentTarget?.dispatchEvent(new CustomEvent("panewanted", { bubbles: true, composed: true, detail: { pane: "board", aim: { shapes: [...shapes] } } }));
  return html`<button type="button" class="button small quiet" @click=${show}>${icon("board")}${t("Show on the board")}</button>`;
}

function details(summary: string, words: string): TemplateResult {
  return html`<details><summary>${summary}</summary><p>${words}</p></details>`;
}

/** “Calculated: 3*7” in its verb and what was asked; one that may not be repeated is a verb of its own. */
function halves(asked: string): [string, string] {
  const at = asked.indexOf(": ");
  return at < 0 ? [asked || t("Result"), ""] : [asked.slice(0, at), asked.slice(at + 2)];
}

function maths(asked: string, { tex, text }: ToolItem): TemplateResult {
  const left = asked ? stepTex(asked) : "";
  const tie = asked ? (/[=]/.test(asked) ? " \\;\\Rightarrow\\; " : " = ") : "";
  const node = left === null || !tex ? null : mathsNode(`\\displaystyle ${left}${tie}${tex}`, false);
  const body = node === null || node.className === "maths-source" ? html`<code dir="ltr">${asked} → ${text}</code>` : node;
  // What may be wider than a phone must be reachable by the keyboard, to be scrolled.
  return asked.length + text.length > WIDE
    ? html`<div class="tool-maths" tabindex="0" role="group" aria-label=${t("The calculation")}>${body}</div>`
    : html`<div class="tool-maths">${body}</div>`;
}

function shown(text: string): Node | TemplateResult {
  const tex = stepTex(text);
  const node = tex === null ? null : mathsNode(tex, false);
  return node === null || node.className === "maths-source" ? html`<code dir="ltr">${text}</code>` : node;
}
