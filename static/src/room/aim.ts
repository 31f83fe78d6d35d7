// Where the next text of the composer goes: into a running answer, about a passage, or in place of an earlier question.

import { html, nothing, type TemplateResult } from "lit";

import { icon } from "../icons";
import type { AboutWanted } from "../passages";
import { t } from "../translate";

/** An answer that is being written, and who asked for it. */
export interface Into {
  kind: "into";
  answer: string;
  name: string;
}
export interface AboutPassage {
  kind: "about";
  about: AboutWanted;
  text: string;
}
/** One's own question, that is asked in other words. */
export interface Instead {
  kind: "instead";
  answer: string;
}
export type Aim = Into | AboutPassage | Instead;

export const pointsAtShapes = (aim: Aim | null): boolean => aim?.kind === "about" && "shapes" in aim.about;

interface Say {
  button: string;
  verb: string;
  placeholder: string;
  label: string;
}
export const AIMED: Readonly<Record<Aim["kind"], Say>> = {
  into: { button: t("Put it in"), verb: t("Put in"), placeholder: t("Why symmetry here? Another way?"), label: t("Your word into the running answer") },
  about: { button: t("Ask about it"), verb: t("Ask"), placeholder: t("What about this passage?"), label: t("Your question about this passage") },
  instead: { button: t("Ask it so"), verb: t("Ask"), placeholder: t("Ask it in other words…"), label: t("Your question in other words") },
};

export function aimLine(aim: Aim | null, clear: () => void): TemplateResult | typeof nothing {
  if (!aim) return nothing;
  return html`<p class="composer-into">${icon(aim.kind === "about" ? "quote" : "edit")}${words(aim)}
    <button type="button" class="button small quiet" @click=${clear}>${icon("close")}<span class="visually-hidden">${aim.kind === "into" ? t("Do not put it in") : aim.kind === "about" ? t("Do not ask about this") : t("Leave the question as it is")}</span></button></p>`;
}

function words(aim: Aim): TemplateResult {
  if (aim.kind === "into") return html`<span>${t("Into the answer to")} <bdi>${aim.name}</bdi>${t(": the tutor stops there and replies to you.")}</span>`;
  if (aim.kind === "about") return html`<span class="aim-quote">${t("About")} <q><bdi>${aim.text}</bdi></q></span>`;
  return html`<span>${t("In place of your question: the tutor answers what you write now.")}</span>`;
}
