// Above the composer: the button for a hint with what is left, and for staff how far the tutor may go.

import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";

import type { LadderState } from "../frames";
import { icon } from "../icons";
import { dateWords, hintChance, RUNG_NAMES } from "../ladder";
import { t } from "../translate";

export interface HintBarContext {
  /** Null in a room without a problem: there are no hints, and no bar. */
  ladder: LadderState | null;
  isStaff: boolean;
  isPending: boolean;
  now: number;
  ask: () => void;
  move: (rung: number) => void;
}

export function hintBar(context: HintBarContext): TemplateResult | typeof nothing {
  const { ladder, isStaff, isPending, now, ask } = context;
  if (!ladder) return nothing;
  const { words, why } = hintChance(ladder, isStaff, now);
  const isLater = ladder.solution_at !== null && Date.parse(ladder.solution_at) > now;
  const date = isLater && ladder.solution_at ? ` · ${t("Solution from {date}", { date: dateWords(ladder.solution_at) })}` : "";
  return html`<div class="hint-bar" role="group" aria-label=${t("Hints")}>
    <button type="button" class="button small hint-button" ?disabled=${isPending || why !== ""} aria-describedby="hint-words" @click=${ask}>${icon("bulb")}${t("Hint")}</button>
    <span class="hint-words" id="hint-words">${isPending ? t("Asking…") : why || words}${date ? html`<span class="only-wide">${date}</span>` : nothing}</span>
    ${isStaff ? rungSelect(ladder, context.move) : nothing}
  </div>`;
}

function rungSelect(ladder: LadderState, move: (rung: number) => void): TemplateResult {
  const chosen = (event: Event): void => move(Number((event.target as HTMLSelectElement).value));
  return html`<label class="rung-select"><span class="visually-hidden">${t("How far the tutor may go")}</span><span class="only-wide" aria-hidden="true">${t("Level")}</span>
    <select .value=${live(String(ladder.rung))} title=${t("How far the tutor may go; the next hint is of this level")} @change=${chosen}>
      ${RUNG_NAMES.map((name, rung) => html`<option value=${rung} ?selected=${rung === ladder.rung}>${rung} · ${name}</option>`)}
    </select></label>`;
}
