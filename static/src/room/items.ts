// How the lines of a room look: messages, questions with the tutor's answer, notices.

import { html, nothing, type TemplateResult } from "lit";

import type { AnswerItem, HintItem, Item, MessageItem, NoticeItem, Person, StepItem } from "../frames";
import { type IconName, icon } from "../icons";
import { rungName } from "../ladder";
import { SAID, TAUGHT } from "../marks";
import { isOpen, partsOf } from "../store";
import type { Dressing } from "../stream";
import { answerWords, clockTime, dayOf, dayWords, hue, initials, noticeWords, ROLE_WORDS } from "../words";
import { marksDressing, once } from "./dress";
import { sourcesBelow } from "./sources";
import { stepBody } from "./step-line";
import { answerPieces } from "./tools";

const TOGETHER_MS = 4 * 60_000;

export interface ItemActions {
  stop: (answer: string) => void;
  pause: (answer: string) => void;
  resume: (answer: string) => void;
  putIn: (item: AnswerItem) => void;
  again: (question: string) => void;
}

export interface ItemContext extends ItemActions {
  you: string | null;
  canStop: boolean;
  canAsk: boolean;
}

export function avatar(person: Person): TemplateResult {
  return html`<span class="avatar" data-hue=${hue(person.id)} aria-hidden="true">${initials(person.name)}</span>`;
}

export function roleBadge(person: Person): TemplateResult | typeof nothing {
  return person.role === "student" ? nothing : html`<span class="role" data-role=${person.role}>${ROLE_WORDS[person.role] ?? person.role}</span>`;
}

function time(at: string): TemplateResult {
  return html`<time datetime=${at} title=${new Date(at).toLocaleString()}>${clockTime(at)}</time>`;
}

/** Whether a message goes on below the one before it, under the same name. */
export function isContinued(item: Item, before: Item | undefined): boolean {
  if (item.kind !== "message" || before?.kind !== "message" || !item.by || item.by.id !== before.by?.id) return false;
  return dayOf(item.at) === dayOf(before.at) && Date.parse(item.at) - Date.parse(before.at) < TOGETHER_MS;
}

export function daySign(item: Item, before: Item | undefined): TemplateResult | typeof nothing {
  if (!item.at || (before && dayOf(item.at) === dayOf(before.at))) return nothing;
  const words = dayWords(item.at, Date.now());
  return !before && words === "Today" ? nothing : html`<li class="day" aria-hidden="true"><span>${words}</span></li>`;
}

export function itemLine(item: Item, before: Item | undefined, context: ItemContext): TemplateResult {
  if (item.kind === "message") return messageLine(item, isContinued(item, before), context);
  if (item.kind === "answer") return answerLine(item, context);
  if (item.kind === "step") return stepLine(item, context);
  if (item.kind === "hint") return hintLine(item);
  return noticeLine(item);
}

function stepLine(item: StepItem, { you }: ItemContext): TemplateResult {
  const own = item.by !== null && item.by.id === you;
  return html`<li class="line step-line ${own ? "own" : ""}" data-seq=${item.seq} data-step=${item.step}>
    ${item.by ? avatar(item.by) : html`<span class="avatar-gap"></span>`}
    <article class="said" aria-label=${`Step by ${item.by?.name ?? "somebody"}, ${clockTime(item.at)}`}>
      ${nameLine(item.by, item.at, "showed a step", you)} ${stepBody(item)}
    </article>
  </li>`;
}

/** A hint as it was written: the tutor's card, with what kind of hint it is and who asked. */
function hintLine(item: HintItem): TemplateResult {
  return html`<li class="line hint-line" data-seq=${item.seq} data-rung=${item.rung}>
    <span class="tutor-mark">${icon("bulb")}</span>
    <article class="said" aria-label=${`Hint, ${rungName(item.rung)}, ${clockTime(item.at)}`}>
      <div class="line-head"><span class="name">Hint</span>${rungBadge(item.rung)}<span class="what">for <bdi>${item.asked_by.name}</bdi></span>${time(item.at)}</div>
      <div class="hint-card"><cs-markdown .text=${item.text}></cs-markdown></div>
    </article>
  </li>`;
}

function rungBadge(rung: number): TemplateResult {
  return html`<span class="badge tutor">${rungName(rung)}</span>`;
}

function nameLine(by: Person | null, at: string, what: string, you: string | null): TemplateResult {
  return html`<div class="line-head">
    <bdi class="name">${by?.name ?? "Somebody"}</bdi>${by && by.id === you ? html`<span class="muted">(you)</span>` : nothing}${by ? roleBadge(by) : nothing}
    ${what ? html`<span class="what">${what}</span>` : nothing}${time(at)}
  </div>`;
}

function messageLine(item: MessageItem, continued: boolean, { you }: ItemContext): TemplateResult {
  const own = item.by !== null && item.by.id === you;
  return html`<li class="line message ${own ? "own" : ""} ${continued ? "continued" : ""}" data-seq=${item.seq}>
    ${continued || !item.by ? html`<span class="avatar-gap"></span>` : avatar(item.by)}
    <article class="said" aria-label=${`${item.by?.name ?? "Somebody"}, ${clockTime(item.at)}`}>
      ${continued ? nothing : nameLine(item.by, item.at, "", you)}
      <cs-markdown .dressing=${once(item.checks, "said", () => marksDressing(item.checks, item.text, SAID))} .text=${item.text}></cs-markdown>
    </article>
  </li>`;
}

function answerLine(item: AnswerItem, context: ItemContext): TemplateResult {
  const own = item.by !== null && item.by.id === context.you;
  return html`<li class="line question ${own ? "own" : ""}" data-seq=${item.seq} data-answer=${item.answer} data-state=${item.state}>
    ${item.by ? avatar(item.by) : html`<span class="avatar-gap"></span>`}
    <article class="said" aria-label=${`${item.hint === null ? "Question by" : "Hint for"} ${item.by?.name ?? "somebody"}, ${clockTime(item.at)}`}>
      ${nameLine(item.by, item.at, item.hint === null ? "asked the tutor" : "asked for a hint", context.you)}
      ${item.hint === null ? html`<cs-markdown .text=${item.question}></cs-markdown>` : nothing}
      <div class="answer" role="group" data-state=${item.state} aria-label="The tutor's answer" aria-busy=${item.state === "running" ? "true" : "false"}>
        ${answerHead(item, context)} ${answerParts(item, context.you)}
        ${sourcesBelow(item)} ${answerFoot(item, context)}
      </div>
    </article>
  </li>`;
}

/** The text as it was written, and between its parts what people put in. */
function answerParts(item: AnswerItem, youId: string | null): TemplateResult[] {
  const parts = partsOf(item);
  return parts.map(({ putIn, text, start }, at) => {
    const isDone = at < parts.length - 1 || !isOpen(item);
    const dress = (words: string, from: number): Dressing | null => once(item.checks, `part ${from}`, () => marksDressing(item.checks, words, TAUGHT, from));
    return html`${putIn
        ? html`<div class="put-in" role="note" aria-label=${`Put in by ${putIn.by?.name ?? "somebody"}`}>
            <div class="line-head">${putIn.by ? avatar(putIn.by) : nothing}<bdi class="name">${putIn.by?.name ?? "Somebody"}</bdi>${putIn.by?.id === youId ? html`<span class="muted">(you)</span>` : nothing}<span class="what">put in</span></div>
            <cs-markdown .text=${putIn.text}></cs-markdown>
          </div>`
        : nothing}${answerPieces(item, { at, text, start, isDone, dress })}`;
  });
}

const TONES: Partial<Record<AnswerItem["state"], string>> = { failed: "danger", stopped: "warn", paused: "warn" };

function answerHead(item: AnswerItem, context: ItemContext): TemplateResult {
  const { badge } = answerWords(item);
  const tone = TONES[item.state] ?? "tutor";
  const moves = item.state === "running" || item.state === "queued";
  return html`<div class="answer-head">
    <span class="tutor-mark">${icon("tutor")}</span><span class="name">${item.hint === null ? "Tutor" : "Hint"}</span>${item.hint === null ? nothing : rungBadge(item.hint)}
    ${badge ? html`<span class="badge ${tone}">${badge}${moves ? html`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>` : nothing}</span>` : nothing}
    ${isOpen(item) && context.canStop ? html`<span class="hands">${hands(item, context)}</span>` : nothing}
  </div>`;
}

/** What can be done with an answer that has not ended. */
function hands(item: AnswerItem, context: ItemContext): TemplateResult {
  const { answer, state } = item;
  const button = (name: IconName, kind: string, words: string, rest: string, act: () => void): TemplateResult =>
    html`<button type="button" class="button small ${kind}" title=${words + rest} @click=${act}>${icon(name)}<span class="hand-words">${words}</span><span class="visually-hidden">${rest}</span></button>`;
  return html`
    ${state === "queued" || !context.canAsk ? nothing : button("edit", "quiet", "Put in a word", " while the tutor is writing", () => context.putIn(item))}
    ${state === "running" ? button("pause", "quiet", "Pause", " this answer", () => context.pause(answer)) : nothing}
    ${state === "paused" ? button("play", "quiet", "Go on", " with this answer", () => context.resume(answer)) : nothing}
    ${button("stop", "stop", "Stop", " this answer", () => context.stop(answer))}`;
}

function answerFoot(item: AnswerItem, context: ItemContext): TemplateResult | typeof nothing {
  const { note } = answerWords(item);
  const isBroken = item.state === "failed" || item.state === "stopped";
  if (!note && !isBroken) return nothing;
  return html`<div class="answer-foot">
    <span>${note}</span>
    ${isBroken && context.canAsk && item.hint === null ? html`<button type="button" class="button small quiet" @click=${() => context.again(item.question)}>Ask again</button>` : nothing}
  </div>`;
}

function noticeLine(item: NoticeItem): TemplateResult {
  return html`<li class="line notice" data-seq=${item.seq}><p><bdi>${noticeWords(item)}</bdi> ${time(item.at)}</p></li>`;
}
