// What can be done with a block of a finished answer: ask about it, highlight it; and who has highlighted it. Made of nodes,
// as its text is; one listener at the log hears all the buttons.

import type { AnswerItem } from "../frames";
import { iconNode, type IconName } from "../icons";
import { endOf } from "../marks";
import type { Highlight, Place } from "../passages";
import type { Dress, Dressing } from "../stream";
import { t } from "../translate";

export interface BlockRights {
  about: boolean;
  highlight: boolean;
}
export type BlockAct = "about" | "on" | "off";
export interface BlockWanted {
  act: BlockAct;
  answer: string;
  places: Place[];
}

/** `start` and `end` of a block in the whole answer, what is highlighted in it, and what this person may do with it. */
function blockDress(at: Place, highlights: readonly Highlight[], rights: BlockRights): Dress | null {
  const here = highlights.filter((one) => one.start >= at.start && one.start < Math.max(at.end, at.start + 1));
  if (!here.length && !rights.about && !rights.highlight) return null;
  return {
    key: JSON.stringify([at, here, rights]),
    apply: (node) => {
      if (node.tagName === "HR") return;
      node.classList.add("has-tools");
      if (here.length) node.classList.add("key-step");
      const tools = document.createElement("span");
      tools.className = "block-tools";
      if (rights.about) tools.append(button("about", "quote", t("Ask about this passage"), [at]));
      if (rights.highlight && !here.length) tools.append(button("on", "star", t("Highlight this passage"), [at]));
      const line = here.length ? note(here, rights) : null;
      if (tools.childElementCount) line?.append(tools);
      const extra = line ?? (tools.childElementCount ? tools : null);
      if (extra) endOf(node).append(extra);
    },
  };
}

/** Marks and tools together: the dress of a part that begins at `from`. */
export function blocksDressing(item: AnswerItem, from: number, rights: BlockRights, marks: Dressing | null): Dressing {
  return (start, end, source) => {
    const marked = marks?.(start, end, source) ?? null;
    const tools = blockDress({ start: start + from, end: end + from }, item.highlights, rights);
    if (!marked || !tools) return marked ?? tools;
    return { key: `${marked.key}${tools.key}`, apply: (node) => [marked, tools].forEach((one) => one.apply(node)) };
  };
}

function note(here: readonly Highlight[], rights: BlockRights): Element {
  const line = document.createElement("span");
  line.className = "key-note";
  const names = [...new Set(here.flatMap((one) => (one.by ? [one.by.name] : [])))];
  line.append(iconNode("star"));
  const words = line.appendChild(document.createElement("span"));
  words.textContent = names.length ? t("Key step: ") : t("Key step, proposed by the tutor");
  if (names.length) words.appendChild(document.createElement("bdi")).textContent = names.join(", ");
  if (!rights.highlight) return line;
  const places = here.map(({ start, end }) => ({ start, end }));
  if (!names.length) line.append(button("on", "check", t("Keep this key step"), places));
  line.append(button("off", "close", t("No key step"), places));
  return line;
}

function button(act: BlockAct, name: IconName, words: string, places: readonly Place[]): Element {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "block-tool";
  made.dataset["act"] = act;
  made.dataset["places"] = JSON.stringify(places);
  made.title = words;
  made.setAttribute("aria-label", words);
  made.append(iconNode(name));
  return made;
}

/** What was pressed, if it was one of these buttons. */
export function pressed(event: Event): BlockWanted | null {
  const made = event.target instanceof Element ? event.target.closest<HTMLElement>(".block-tool") : null;
  const answer = made?.closest<HTMLElement>("[data-answer]")?.dataset["answer"];
  if (!made || !answer) return null;
  return { act: made.dataset["act"] as BlockAct, answer, places: JSON.parse(made.dataset["places"] ?? "[]") as Place[] };
}
