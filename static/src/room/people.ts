// Who is here, and whose hand is up.

import { html, nothing, type TemplateResult } from "lit";

import type { Person } from "../frames";
import { icon } from "../icons";
import { avatar, roleBadge } from "./items";
import { t } from "../translate";

const ORDER: Readonly<Record<string, number>> = { teacher: 0, admin: 0, assistant: 1, student: 2, observer: 3 };

export interface PeopleContext {
  present: readonly Person[];
  hands: readonly Person[];
  you: string | null;
  isStaff: boolean;
  lower: (person: Person) => void;
}

export function sortedPeople(people: readonly Person[]): Person[] {
  return [...people].sort((one, other) => (ORDER[one.role] ?? 9) - (ORDER[other.role] ?? 9) || one.name.localeCompare(other.name));
}

export function peoplePanel(context: PeopleContext): TemplateResult {
  const { present, hands } = context;
  return html`
    ${hands.length
      ? html`<section aria-labelledby="hands-title">
          <h2 id="hands-title">${icon("hand")}${t("Hands up")} <span class="count">${hands.length}</span></h2>
          <ul class="people">${hands.map((person) => handRow(person, context))}</ul>
        </section>`
      : nothing}
    <section aria-labelledby="people-title">
      <h2 id="people-title">${icon("people")}${t("Here now")} <span class="count">${present.length}</span></h2>
      ${present.length
        ? html`<ul class="people">${sortedPeople(present).map((person) => personRow(person, context))}</ul>`
        : html`<p class="muted small-text">${t("Nobody is shown yet.")}</p>`}
    </section>
  `;
}

function personRow(person: Person, { you, hands }: PeopleContext): TemplateResult {
  const isUp = hands.some((hand) => hand.id === person.id);
  return html`<li>
    ${avatar(person)}
    <span class="person-name"><bdi title=${person.name}>${person.name}</bdi>${person.id === you ? html` <span class="muted">${t("(you)")}</span>` : nothing}</span>
    ${roleBadge(person)}${isUp ? html`<span class="hand-sign">${icon("hand")}<span class="visually-hidden">${t("hand is up")}</span></span>` : nothing}
  </li>`;
}

function handRow(person: Person, context: PeopleContext): TemplateResult {
  return html`<li>
    ${avatar(person)}<span class="person-name"><bdi title=${person.name}>${person.name}</bdi></span>
    ${context.isStaff || person.id === context.you
      ? html`<button type="button" class="button small" @click=${() => context.lower(person)}>${t("Lower")}<span class="visually-hidden"> ${t("the hand of {name}", { name: person.name })}</span></button>`
      : nothing}
  </li>`;
}
