// Below a finished answer: play it back at its own pace, faster, or show all of it again.

import { html, type TemplateResult } from "lit";

import type { AnswerItem } from "../frames";
import { icon } from "../icons";
import { type Speed, SPEEDS } from "../playback";
import { t } from "../translate";

/** `speed` null: it is not being played. */
export function playbackBar(item: AnswerItem, speed: Speed | null, play: (item: AnswerItem, speed: Speed) => void, showAll: () => void): TemplateResult {
  if (speed === null) return html`<button type="button" class="button small quiet play-back" @click=${() => play(item, 1)}>${icon("play")}${t("Play back")}</button>`;
  const choice = (wanted: Speed): TemplateResult =>
    html`<button type="button" class="button small ${wanted === speed ? "" : "quiet"}" aria-pressed=${wanted === speed ? "true" : "false"} @click=${() => play(item, wanted)}>×${wanted}</button>`;
  return html`<span class="play-back" role="group" aria-label=${t("Playing back")}>${SPEEDS.map(choice)}<button type="button" class="button small" @click=${showAll}>${t("Show all")}</button></span>`;
}
