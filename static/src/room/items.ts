// How the lines of a room look: messages, questions with the tutor's answer, notices.

import { html, nothing, type TemplateResult } from "lit";

import type { AnswerItem, HintItem, Item, MessageItem, NoticeItem, Person, RunItem, StepItem } from "../frames";
import { type IconName, icon } from "../icons";
import { rungName } from "../ladder";
import { SAID, TAUGHT } from "../marks";
import type { About, Action } from "../passages";
import { partly, type Speed } from "../playback";
import { type Find, pointing } from "../pointing";
import { isOpen, partsOf } from "../store";
import type { Dressing } from "../stream";
import { answerWords, clockTime, dayOf, dayWords, hue, initials, noticeWords, ROLE_WORDS } from "../words";
import { marksDressing, once } from "./dress";
import { sourcesBelow } from "./sources";
import { blocksDressing } from "./block-tools";
import { playbackBar } from "./playback-bar";
import { runBody } from "./run-line";
import { stepBody, stepShown } from "./step-line";
import { answerPieces, boardButton } from "./tools";
import { locale, t } from "../translate";
import { said } from "../said";

const TOGETHER_MS = 4 * 60_000;

export interface ItemActions {
  stop: (answer: string) => void;
  pause: (answer: string) => void;
  resume: (answer: string) => void;
  putIn: (item: AnswerItem) => void;
  again: (question: string) => void;
  edit: (item: AnswerItem) => void;
  askAbout: (step: StepItem) => void;
  play: (item: AnswerItem, speed: Speed) => void;
  showAll: () => void;
}

export interface ItemContext extends ItemActions {
  you: string | null;
  canStop: boolean;
  canAsk: boolean;
  may: (action: Action, owner: Person | null) => boolean;
  /** What a reference in an answer stands for. */
  find: Find;
  /** How much of this answer is played back just now, and how fast; null if it is not. */
  playing: (answer: string) => { length: number; speed: Speed } | null;
}

export function avatar(person: Person): TemplateResult {
  return html`<span class="avatar" data-hue=${hue(person.id)} aria-hidden="true">${initials(person.name)}</span>`;
}

export function roleBadge(person: Person): TemplateResult | typeof nothing {
  return person.role === "student" ? nothing : html`<span class="role" data-role=${person.role}>${ROLE_WORDS[person.role] ?? person.role}</span>`;
}

function time(at: string): TemplateResult {
  return html`<time datetime=${at} title=${new Date(at).toLocaleString(locale())}>${clockTime(at)}</time>`;
}

/** Whether a message goes on below the one before it, under the same name. */
export function isContinued(item: Item, before: Item | undefined): boolean {
  if (item.kind !== "message" || before?.kind !== "message" || !item.by || item.by.id !== before.by?.id) return false;
  return dayOf(item.at) === dayOf(before.at) && Date.parse(item.at) - Date.parse(before.at) < TOGETHER_MS;
}

export function daySign(item: Item, before: Item | undefined): TemplateResult | typeof nothing {
  if (!item.at || (before && dayOf(item.at) === dayOf(before.at))) return nothing;
  const words = dayWords(item.at, Date.now());
  return !before && words === t("Today") ? nothing : html`<li class="day" aria-hidden="true"><span>${words}</span></li>`;
}

export function itemLine(item: Item, before: Item | undefined, context: ItemContext): TemplateResult {
  if (item.kind === "message") return messageLine(item, isContinued(item, before), context);
  if (item.kind === "answer") return answerLine(item, context);
  if (item.kind === "step") return stepLine(item, context);
  if (item.kind === "run") return runLine(item, context);
  if (item.kind === "hint") return hintLine(item);
  return noticeLine(item);
}

function stepLine(item: StepItem, context: ItemContext): TemplateResult {
  const { you } = context;
  const own = item.by !== null && item.by.id === you;
  return html`<li class="line step-line ${own ? "own" : ""}" id=${`seq-${item.seq}`} data-seq=${item.seq} data-step=${item.step}>
    ${item.by ? avatar(item.by) : html`<span class="avatar-gap"></span>`}
    <article class="said" aria-label=${t("Step by {name}, {time}", { name: item.by?.name ?? t("somebody"), time: clockTime(item.at) })}>
      ${nameLine(item.by, item.at, t("showed a step"), you)}
      ${stepBody(item, context.canAsk && context.may("about", item.by) ? () => context.askAbout(item) : null)}
    </article>
  </li>`;
}

function runLine(item: RunItem, { you }: ItemContext): TemplateResult {
  return html`<li class="line run-line ${item.by?.id === you ? "own" : ""}" id=${`seq-${item.seq}`} data-seq=${item.seq}>
    ${item.by ? avatar(item.by) : html`<span class="avatar-gap"></span>`}
    <article class="said" aria-label=${t("Run by {name}, {time}", { name: item.by?.name ?? t("somebody"), time: clockTime(item.at) })}>
      ${nameLine(item.by, item.at, t("ran the code"), you)} ${runBody(item)}
    </article>
  </li>`;
}

/** A hint as it was written: the tutor's card, with what kind of hint it is and who asked. */
function hintLine(item: HintItem): TemplateResult {
  return html`<li class="line hint-line" data-seq=${item.seq} data-rung=${item.rung}>
    <span class="tutor-mark">${icon("bulb")}</span>
    <article class="said" aria-label=${t("Hint, {level}, {time}", { level: rungName(item.rung), time: clockTime(item.at) })}>
      <div class="line-head"><span class="name">${t("Hint")}</span>${rungBadge(item.rung)}<span class="what">${t("for")} <bdi>${item.asked_by.name}</bdi></span>${time(item.at)}</div>
      <div class="hint-card"><cs-markdown .text=${said(item.text)}></cs-markdown></div>
    </article>
  </li>`;
}

function rungBadge(rung: number): TemplateResult {
  return html`<span class="badge tutor">${rungName(rung)}</span>`;
}

function nameLine(by: Person | null, at: string, what: string, you: string | null): TemplateResult {
  return html`<div class="line-head">
    <bdi class="name">${by?.name ?? t("Somebody")}</bdi>${by && by.id === you ? html`<span class="muted">${t("(you)")}</span>` : nothing}${by ? roleBadge(by) : nothing}
    ${what ? html`<span class="what">${what}</span>` : nothing}${time(at)}
  </div>`;
}

function messageLine(item: MessageItem, continued: boolean, { you, find }: ItemContext): TemplateResult {
  const own = item.by !== null && item.by.id === you;
  return html`<li class="line message ${own ? "own" : ""} ${continued ? "continued" : ""}" id=${`seq-${item.seq}`} data-seq=${item.seq}>
    ${continued || !item.by ? html`<span class="avatar-gap"></span>` : avatar(item.by)}
    <article class="said" aria-label=${`${item.by?.name ?? t("Somebody")}, ${clockTime(item.at)}`}>
      ${continued ? nothing : nameLine(item.by, item.at, "", you)}
      ${item.about ? aboutQuote(item.about) : nothing}
      <cs-markdown .dressing=${once(item.checks, "said", () => pointing(marksDressing(item.checks, item.text, SAID), find))} .text=${item.text}></cs-markdown>
    </article>
  </li>`;
}

function answerLine(item: AnswerItem, context: ItemContext): TemplateResult {
  if (item.reason === "superseded" && !item.text) return supersededLine(item);
  const playing = context.playing(item.answer);
  const own = item.by !== null && item.by.id === context.you;
  return html`<li class="line question ${own ? "own" : ""}" id=${`seq-${item.seq}`} data-seq=${item.seq} data-answer=${item.answer} data-state=${item.state}>
    ${item.by ? avatar(item.by) : html`<span class="avatar-gap"></span>`}
    <article class="said" aria-label=${item.hint === null ? t("Question by {name}, {time}", { name: item.by?.name ?? t("somebody"), time: clockTime(item.at) }) : t("Hint for {name}, {time}", { name: item.by?.name ?? t("somebody"), time: clockTime(item.at) })}>
      ${nameLine(item.by, item.at, item.hint === null ? t("asked the tutor") : t("asked for a hint"), context.you)}
      ${item.about ? aboutQuote(item.about) : nothing} ${item.hint === null ? html`<cs-markdown .text=${item.question}></cs-markdown>` : nothing}
      <div class="answer" role="group" data-state=${item.state} aria-label=${t("The tutor's answer")} aria-busy=${item.state === "running" ? "true" : "false"}>
        ${answerHead(item, context)} ${answerParts(playing ? partly(item, playing.length) : item, context)}
        ${sourcesBelow(item)} ${answerFoot(item, context)}
      </div>
    </article>
  </li>`;
}

/** A question that was asked again in other words leaves a line, not its text. */
function supersededLine(item: AnswerItem): TemplateResult {
  return html`<li class="line notice" id=${`seq-${item.seq}`} data-seq=${item.seq}><p><bdi>${item.by?.name ?? t("Somebody")}</bdi> ${t("put a question in other words")} ${time(item.at)}</p></li>`;
}

function codeShow(event: Event): void {
  event.currentTarget?.dispatchEvent(new CustomEvent("panewanted", { bubbles: true, composed: true, detail: { pane: "code" } }));
}

/** What a question points at, with the way to it. */
function aboutQuote(about: About): TemplateResult {
  if (about.shapes?.length) return html`<div class="about-quote about-shapes"><p class="about-text"><bdi>${about.text}</bdi></p>${boardButton(about.shapes)}</div>`;
  if (about.document) return html`<div class="about-quote"><button type="button" class="block-tool" title=${t("Show the code")} aria-label=${t("Show the code")} @click=${codeShow}>${icon("code")}</button><cs-markdown class="about-text" .text=${about.text}></cs-markdown></div>`;
  return html`<div class="about-quote"><a class="about-link" href=${`#seq-${about.seq}`} title=${t("To the passage")}>${icon("quote")}<span class="visually-hidden">${t("About this passage")}</span></a>
    ${about.step ? html`<span class="about-text">${stepShown(about.text)}</span>` : html`<cs-markdown class="about-text" .text=${about.text}></cs-markdown>`}</div>`;
}

/** The text as it was written, and between its parts what people put in. */
function answerParts(item: AnswerItem, context: ItemContext): TemplateResult[] {
  const parts = partsOf(item);
  const youId = context.you;
  const isOver = !isOpen(item);
  const rights = { about: isOver && context.canAsk && context.may("about", item.by), highlight: isOver && context.canAsk && context.may("highlight", item.by) };
  return parts.map(({ putIn, text, start }, at) => {
    const isDone = at < parts.length - 1 || !isOpen(item);
    const marked = (words: string, from: number): Dressing => pointing(marksDressing(item.checks, words, TAUGHT, from), context.find);
    const dress = (words: string, from: number): Dressing | null =>
      isOver
        ? once(item.highlights, `part ${from} ${item.checks.length} ${rights.about} ${rights.highlight}`, () => blocksDressing(item, from, rights, marked(words, from)))
        : once(item.checks, `part ${from}`, () => marked(words, from));
    return html`${putIn
        ? html`<div class="put-in" role="note" aria-label=${t("Put in by {name}", { name: putIn.by?.name ?? t("somebody") })}>
            <div class="line-head">${putIn.by ? avatar(putIn.by) : nothing}<bdi class="name">${putIn.by?.name ?? t("Somebody")}</bdi>${putIn.by?.id === youId ? html`<span class="muted">${t("(you)")}</span>` : nothing}<span class="what">${t("put in")}</span></div>
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
    <span class="tutor-mark">${icon("tutor")}</span><span class="name">${item.hint === null ? t("Tutor") : t("Hint")}</span>${item.hint === null ? nothing : rungBadge(item.hint)}
    ${badge ? html`<span class="badge ${tone}">${badge}${moves ? html`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>` : nothing}</span>` : nothing}
    ${item.held_by ? html`<span class="muted">${t("by")} <bdi>${item.held_by.name}</bdi></span>` : nothing}
    ${isOpen(item) && context.canStop ? html`<span class="hands">${hands(item, context)}</span>` : nothing}
  </div>`;
}

/** What can be done with an answer that has not ended. */
function hands(item: AnswerItem, context: ItemContext): TemplateResult {
  const { answer, state } = item;
  const button = (name: IconName, kind: string, words: string, rest: string, act: () => void): TemplateResult =>
    html`<button type="button" class="button small ${kind}" title=${words + rest} @click=${act}>${icon(name)}<span class="hand-words">${words}</span><span class="visually-hidden">${rest}</span></button>`;
  const pauses = context.may("pause", item.by);
  const isEditable = context.canAsk && item.by?.id === context.you && item.hint === null && !item.text && state !== "paused";
  return html`
    ${isEditable ? button("edit", "quiet", t("Edit"), t(" this question"), () => context.edit(item)) : nothing}
    ${state === "queued" || !context.canAsk || !context.may("insert", item.by) || (isEditable && !item.text) ? nothing : button("edit", "quiet", t("Put in a word"), t(" while the tutor is writing"), () => context.putIn(item))}
    ${state === "running" && pauses ? button("pause", "quiet", t("Pause"), t(" this answer"), () => context.pause(answer)) : nothing}
    ${state === "paused" && pauses ? button("play", "quiet", t("Go on"), t(" with this answer"), () => context.resume(answer)) : nothing}
    ${context.may("stop", item.by) ? button("stop", "stop", t("Stop"), t(" this answer"), () => context.stop(answer)) : nothing}`;
}

function answerFoot(item: AnswerItem, context: ItemContext): TemplateResult | typeof nothing {
  const { note } = answerWords(item);
  const isBroken = item.state === "failed" || item.state === "stopped";
  if (isOpen(item) || (!note && !isBroken && !item.text)) return nothing;
  return html`<div class="answer-foot">
    <span>${note}</span>
    ${item.text ? playbackBar(item, context.playing(item.answer)?.speed ?? null, context.play, context.showAll) : nothing}
    ${isBroken && context.canAsk && item.hint === null ? html`<button type="button" class="button small quiet" @click=${() => context.again(item.question)}>${t("Ask again")}</button>` : nothing}
  </div>`;
}

function noticeLine(item: NoticeItem): TemplateResult {
  return html`<li class="line notice" data-seq=${item.seq}><p><bdi>${noticeWords(item)}</bdi> ${time(item.at)}</p></li>`;
}
