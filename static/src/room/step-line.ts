// A step in the log: the line as maths, the verdict in words with its sign and colour, the reason and the witness.

import { html, nothing, type TemplateResult } from "lit";

import type { StepItem } from "../frames";
import { type IconName, icon } from "../icons";
import { mathsNode } from "../maths";
import { stepTex } from "../step-tex";
import { t } from "../translate";
import { said, witnessed } from "../said";

const WIDE = 24;

interface Look {
  words: string;
  tone: string;
  icon: IconName;
}
const LOOKS: Readonly<Record<"waiting" | "verified" | "refuted" | "unknown", Look>> = {
  waiting: { words: t("Checking…"), tone: "", icon: "clock" },
  verified: { words: t("Verified"), tone: "ok", icon: "check" },
  refuted: { words: t("Not right"), tone: "danger", icon: "close" },
  unknown: { words: t("Cannot tell"), tone: "warn", icon: "info" },
};

export function stepLook(item: StepItem): Look {
  return LOOKS[item.verdict ?? "waiting"];
}

/** What a screen reader hears of a check. */
export function stepSentence(item: StepItem): string {
  const what = t("The step {text}: {verdict}.", { text: item.text, verdict: stepLook(item).words.toLowerCase() });
  return [what, said(item.reason), item.witness ? `${witnessed(item.witness)}.` : ""].filter(Boolean).join(" ");
}

/** Opens the solution pane at this step. */
function showInSolution(event: Event, item: StepItem): void {
  event.currentTarget?.dispatchEvent(new CustomEvent("panewanted", { bubbles: true, composed: true, detail: { pane: "solution", aim: item.step } }));
}

/** `ask`: what the button for a question about it does; null without one. */
export function stepBody(item: StepItem, ask: (() => void) | null = null): TemplateResult {
  const look = stepLook(item);
  return html`<div class="step" data-verdict=${item.verdict ?? "waiting"}>
    ${
      // What may be wider than a phone must be reachable by the keyboard, to be scrolled.
      item.text.length > WIDE
        ? html`<div class="step-text" tabindex="0" role="group" aria-label=${t("The step")}>${stepShown(item.text)}</div>`
        : html`<div class="step-text">${stepShown(item.text)}</div>`
    }
    <div class="step-verdict">
      <span class="badge ${look.tone}">${icon(look.icon)}${look.words}</span>
      ${item.witness ? html`<span class="step-witness">${witnessed(item.witness)}</span>` : nothing}
      <span class="step-tools"><button type="button" class="block-tool" title=${t("Show it in the solution")} aria-label=${t("Show it in the solution")} @click=${(event: Event) => showInSolution(event, item)}>${icon("check")}</button>
      ${ask ? html`<button type="button" class="block-tool" title=${t("Ask about this step")} aria-label=${t("Ask about this step")} @click=${ask}>${icon("quote")}</button>` : nothing}</span>
    </div>
    ${item.reason ? html`<p class="step-reason">${said(item.reason)}${stepPlace(item)}</p>` : nothing}
  </div>`;
}

export function stepShown(text: string): Node | TemplateResult {
  const tex = stepTex(text);
  const node = tex === null ? null : mathsNode(`\\displaystyle ${tex}`, false);
  return node === null || node.className === "maths-source" ? html`<code dir="ltr">${text}</code>` : node;
}

/** Where reading stopped: the characters before it, and the one at it. */
export function stepPlace({ column, text }: StepItem): TemplateResult | typeof nothing {
  if (column === null) return nothing;
  const signs = [...text];
  const begin = Math.max(0, column - 13);
  const here = signs[column - 1];
  return html` <span class="step-place"><code dir="ltr">${begin ? "…" : ""}${signs.slice(begin, column - 1).join("")}<mark>${here ?? "⎵"}</mark></code> ${t("(character {n})", { n: column })}</span>`;
}
