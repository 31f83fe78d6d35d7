// The top of a room: its name, the line's state, hand and people buttons, the problem, and what everybody must know.

import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";

import type { Status } from "../connection";
import type { Problem } from "../frames";
import { icon } from "../icons";
import type { RoomView } from "../store";
import { statusWords } from "../words";
import { t } from "../translate";
import { said } from "../said";

export interface HeadContext {
  view: RoomView;
  status: Status | null;
  now: number;
  /** What the server said before the first snapshot. */
  heading: string;
  classTitle: string;
  /** Links and forms of staff, made by the server. */
  tools: Element | null;
  arePeopleOpen: boolean;
  /** The buttons of the panes. */
  bar: unknown;
  toggleHand: (isUp: boolean) => void;
  showPeople: (open: boolean) => void;
  retry: () => void;
}

export function roomHead(context: HeadContext): TemplateResult {
  const { view, arePeopleOpen } = context;
  const room = view.state?.room;
  const hands = view.state?.hands ?? [];
  return html`<header class="room-head">
    <div class="room-title">
      <h1 class="clip" title=${room?.title ?? context.heading}><bdi>${room?.title ?? context.heading}</bdi></h1>
      <p class="clip muted small-text"><bdi>${room?.class ?? context.classTitle}</bdi></p>
    </div>
    ${context.bar} ${lineState(context)} ${handButton(context)}
    <button type="button" class="button small only-narrow" aria-expanded=${arePeopleOpen ? "true" : "false"} aria-controls="room-side" @click=${() => context.showPeople(!arePeopleOpen)}>
      ${icon("people")}<span>${view.present.length}</span>${hands.length ? html`<span class="hand-sign">${icon("hand")}${hands.length}</span>` : nothing}<span class="visually-hidden"> ${t("people here")}</span>
    </button>
    ${context.status?.phase === "ended" ? nothing : toolsShown(context.tools, room?.state)}
  </header>`;
}

function handButton({ view, toggleHand }: HeadContext): TemplateResult | typeof nothing {
  const mayRaise = view.you?.can.post === true && !view.you.staff && view.state?.room.state === "open";
  if (!mayRaise) return nothing;
  const isUp = view.state?.hands.some((hand) => hand.id === view.you?.id) ?? false;
  const words = isUp ? t("Lower hand") : t("Raise hand");
  return html`<button type="button" class="button small hand ${isUp ? "up" : ""}" aria-label=${words} title=${words} @click=${() => toggleHand(isUp)}>
    ${icon("hand")}<span class="tool-words">${words}</span>
  </button>`;
}

function toolsShown(tools: Element | null, state: "open" | "closed" | undefined): Element | typeof nothing {
  if (!tools) return nothing;
  for (const part of tools.querySelectorAll<HTMLElement>("[data-when]")) part.hidden = part.dataset["when"] !== (state ?? "open");
  return tools;
}

function lineState({ status, now, retry }: HeadContext): TemplateResult {
  if (!status) return html`<span class="line-state" data-tone="warn"><i></i>${t("Connecting…")}</span>`;
  const words = statusWords(status, now, navigator.onLine);
  const canRetry = status.phase === "waiting" || status.phase === "paused";
  return html`<span class="line-state" data-tone=${words.tone} data-phase=${status.phase} data-kind=${status.kind} title=${words.long}>
    <i></i><span class=${words.tiny ? "state-long" : ""}>${words.short}</span>${words.tiny ? html`<span class="state-tiny" aria-hidden="true">${words.tiny}</span>` : nothing}
    ${canRetry ? html`<button type="button" class="button small" @click=${retry}>${t("Try now")}</button>` : nothing}
  </span>`;
}

export function problemPanel(problem: Problem | null): unknown {
  if (!problem) return nothing;
  return guard(
    [problem],
    () => html`<details class="room-problem" open>
      <summary>${icon("book")}<bdi class="clip" title=${problem.title}>${problem.title}</bdi>${icon("chevron")}</summary>
      <div class="room-statement" tabindex="0" role="region" aria-label=${t("The problem")}><cs-markdown .text=${problem.statement}></cs-markdown></div>
    </details>`,
  );
}

export function banners(view: RoomView, status: Status | null, now: number): TemplateResult {
  const isEnded = status?.phase === "ended";
  return html`
    ${isEnded ? html`<p class="alert error" role="alert">${icon("warning")}<span>${statusWords(status, now, true).long} <a href="/">${t("To your rooms")}</a></span></p>` : nothing}
    ${view.state && !view.tutor.available && !isEnded
      ? html`<p class="alert warning" role="status">${icon("tutor")}<span><strong>${t("The tutor is unavailable.")}</strong> ${said(view.tutor.reason)} ${t("You can still talk to each other.")}</span></p>`
      : nothing}
    ${view.isBehind ? html`<p class="alert info" role="status">${icon("clock")}<span>${t("Saving is slow just now. Nothing is lost; lines appear as soon as they are kept.")}</span></p>` : nothing}
  `;
}
