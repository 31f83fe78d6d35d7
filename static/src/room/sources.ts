// Below an answer: the passages of the class's documents that went along with its question, or that there were none.

import { html, nothing, type TemplateResult } from "lit";

import type { AnswerItem, Source } from "../frames";
import { icon } from "../icons";
import { t } from "../translate";

/** The page of the document, with this passage marked. */
export function sourcePath({ document, passage }: Source): string {
  return `/documents/${encodeURIComponent(document)}/?passage=${passage}#passage-${passage}`;
}

/** Of a path of headings the last: the others are in the link's title. */
export function placeWords({ anchor }: Source): string {
  return anchor.split(" › ").at(-1) ?? anchor;
}

/** What the search is at, in words; nothing where there is nothing to say. */
export function searchWords(item: AnswerItem): string {
  if (item.search === "searching" && item.state === "queued") return t("Looking into the class’s documents…");
  return item.search === "nothing" ? t("Not in your materials: nothing about this was found in the class’s documents.") : "";
}

export function sourcesBelow(item: AnswerItem): TemplateResult | typeof nothing {
  const words = searchWords(item);
  if (!words && item.sources.length === 0) return nothing;
  return html`<div class="sources">
    ${words ? html`<p class="muted small-text">${words}</p>` : nothing}
    ${item.sources.length === 0
      ? nothing
      : html`<ul aria-label=${t("From the class’s documents")}>
          ${item.sources.map((one) => html`<li><a class="source" href=${sourcePath(one)} title=${`${one.title}, ${one.anchor}`} target="_blank" rel="noopener">${icon("book")}<span class="source-n">[${one.n}]</span><bdi class="source-title">${one.title}</bdi><bdi class="source-place">${placeWords(one)}</bdi></a></li>`)}
        </ul>`}
  </div>`;
}
