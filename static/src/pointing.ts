// A sentence of the tutor that points at one shape of a board, or at a step: `[shape kfwq]` (rule A15). The reference is made
// of the id as tutor/pointing.py makes it, and becomes a button only where the room's log has named exactly one such thing.

import type { Item } from "./frames";
import { iconNode } from "./icons";
import type { Dressing } from "./stream";
import { t } from "./translate";

export type PointKind = "shape" | "step";
/** The id that a reference stands for; null for none, or for several. */
export type Find = (kind: PointKind, reference: string) => string | null;

const LETTERS = "bcdfghjklmnpqrstvwxz";
const LENGTH = 4;
const REFERENCE = new RegExp(`\\[(shape|step) ([${LETTERS}]{${LENGTH}})\\]`, "gi");
const SKIPPED = "a, pre, button, .line-mark, .maths, .maths-block, .block-tools, .key-note";

export function referenceOf(id: string): string {
  let number = Number.parseInt(id.slice(0, 8), 16);
  let letters = "";
  for (let at = 0; at < LENGTH; at++) {
    letters += LETTERS[number % LETTERS.length] ?? "";
    number = Math.floor(number / LETTERS.length);
  }
  return letters;
}

/** Looks a reference up in what the lines of a room have named: shapes asked about and drawn, and steps. */
export function findIn(items: readonly Item[], kind: PointKind, reference: string): string | null {
  const named = items.flatMap((item) => {
    if (kind === "step") return item.kind === "step" ? [item.step] : item.kind === "message" ? item.checks.flatMap((mark) => mark.step ?? []) : [];
    if (item.kind === "message") return item.about?.shapes ?? [];
    return item.kind === "answer" ? [...(item.about?.shapes ?? []), ...(item.tools ?? []).flatMap((call) => call.board ?? [])] : [];
  });
  const [found, ...others] = new Set(named.filter((id) => referenceOf(id) === reference));
  return found !== undefined && !others.length ? found : null;
}

/** The dress of a text whose references are to be links. */
export function pointing(inner: Dressing | null, find: Find): Dressing {
  return (start, end, source) => {
    const dress = inner?.(start, end, source) ?? null;
    const found = [...source.matchAll(REFERENCE)].map(([, kind, reference]) => idOf(find, kind, reference)).filter((id) => id !== null);
    if (!found.length) return dress;
    return {
      key: `${dress?.key ?? ""}${found.join(" ")}`,
      apply: (node) => {
        dress?.apply(node);
        link(node, find);
      },
    };
  };
}

function idOf(find: Find, kind = "", reference = ""): string | null {
  return find(kind.toLowerCase() as PointKind, reference.toLowerCase());
}

function link(root: Element, find: Find): void {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  for (const text of texts) {
    const parent = text.parentElement;
    const isReference = text.data.replace(REFERENCE, "") === "";
    if (!parent || parent.closest(SKIPPED) || (parent.closest("code") && !isReference)) continue;
    const pieces = piecesOf(text.data, find);
    // A model may set a reference as code, to quote it.
    const place = parent.tagName === "CODE" && parent.childNodes.length === 1 ? parent : text;
    if (pieces.length > 1 || pieces[0] instanceof Element) place.replaceWith(...pieces);
  }
}

function piecesOf(text: string, find: Find): (string | Element)[] {
  const pieces: (string | Element)[] = [];
  let from = 0;
  for (const match of text.matchAll(REFERENCE)) {
    const id = idOf(find, match[1], match[2]);
    if (id === null) continue;
    if (match.index > from) pieces.push(text.slice(from, match.index));
    pieces.push(pointButton(match[1]?.toLowerCase() as PointKind, id));
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}

/** What leads to a shape or a step; without `words` it is a sign with its name. */
export function pointButton(kind: PointKind, id: string, words = kind === "shape" ? t("this shape") : t("this step")): Element {
  const made = document.createElement("button");
  made.type = "button";
  made.className = words ? "point-to" : "point-to bare";
  made.dataset["point"] = kind;
  made.dataset["id"] = id;
  made.title = kind === "shape" ? t("Show it on the board") : t("Show it in the solution");
  if (!words) made.setAttribute("aria-label", made.title);
  made.append(iconNode(kind === "shape" ? "board" : words ? "check" : "arrow-right"), words);
  return made;
}

/** The text for where there are no links. */
export function withoutReferences(text: string): string {
  return text.replace(REFERENCE, (_, kind: string) => (kind.toLowerCase() === "shape" ? t("this shape") : t("this step")));
}

/** Opens what was pressed, if it was such a link: rendered nodes are cloned and morphed, so they carry no listener. */
export function pointPressed(event: Event): boolean {
  const made = event.target instanceof Element ? event.target.closest<HTMLElement>(".point-to") : null;
  const { point, id } = made?.dataset ?? {};
  if (!made || !point || !id) return false;
  const detail = point === "shape" ? { pane: "board", aim: { shapes: [id] } } : { pane: "solution", aim: id };
  made.dispatchEvent(new CustomEvent("panewanted", { bubbles: true, composed: true, detail }));
  return true;
}
