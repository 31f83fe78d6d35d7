// The lines of a room, and what is shown around them.

import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";

import type { RoomState } from "../frames";
import { icon } from "../icons";
import { type ItemContext, daySign, itemLine } from "./items";
import { t } from "../translate";

export interface LogContext extends ItemContext {
  /** How many lines came while the reader was further up; null while she is at the end. */
  fresh: number | null;
  toEnd: () => void;
  clicked: (event: Event) => void;
}

export function roomLog(state: RoomState | null, context: LogContext): TemplateResult {
  const items = state?.items ?? [];
  const flags = `${context.you} ${context.canStop} ${context.canAsk} ${JSON.stringify(state?.controls)}`;
  const played = (item: RoomState["items"][number]): string => (item.kind === "answer" ? JSON.stringify(context.playing(item.answer)) : "");
  return html`<div class="log-frame">
    <div class="room-log" tabindex="0" role="log" aria-live="off" aria-label=${t("Messages and answers")} @click=${context.clicked}>
      <div class="room-lines">
        ${state?.truncated ? html`<p class="muted small-text older">${t("Only the newest lines are shown here.")}</p>` : nothing}
        ${state ? (items.length ? nothing : emptyLog()) : html`<p class="muted older" role="status">${t("Opening the room…")}</p>`}
        <ol>${repeat(items, (item) => item.seq, (item, at) => guard([item, items[at - 1], flags, played(item)], () => html`${daySign(item, items[at - 1])}${itemLine(item, items[at - 1], context)}`))}</ol>
      </div>
    </div>
    ${context.fresh !== null && items.length
      ? html`<button type="button" class="new-pill" @click=${context.toEnd}>${icon("arrow-down")}${context.fresh ? t("{n} new", { n: context.fresh }) : t("To the newest")}</button>`
      : nothing}
  </div>`;
}

function emptyLog(): TemplateResult {
  return html`<div class="empty room-empty">${icon("chat")}<strong>${t("Nothing has been said yet")}</strong><p>${t("Ask the tutor about the problem, or say hello to the others.")}</p></div>`;
}
