// The marks of checked lines (rules V7, V8), put beside the lines in rendered text. They are made of nodes, and where the line
// cannot be found any more in what Markdown made of it, its mark stands at the end of its block.

import { pointButton } from "./pointing";
import type { LineMark } from "./steps";
import { said as spoken, witnessed } from "./said";
import { t } from "./translate";

export interface MarkWords {
  /** What stands before the witness of a line that does not hold. */
  refuted: string;
}
export const SAID: MarkWords = { refuted: t("Not right") };
export const TAUGHT: MarkWords = { refuted: t("The tutor's line does not hold") };

/** The words of a mark, as they are shown or read aloud. */
export function markWords(mark: LineMark, words: MarkWords): string {
  if (mark.verdict === "verified") return t("Verified");
  return mark.witness ? `${words.refuted}: ${witnessed(mark.witness)}` : `${words.refuted}.`;
}

/** Puts `mark` beside the line `written` in `node`, which shows a block. */
export function markLine(node: Element, written: string, mark: LineMark, words: MarkWords): void {
  const sign = signOf(mark, words);
  const formula = formulaOf(node, written);
  if (formula && formula !== node) return void formula.after(sign);
  if (!formula && besideText(node, written.trim(), sign)) return;
  endOf(node).append(sign);
}

/** Where something may be added at the end of a block: never in a list itself, but in its last line. */
export function endOf(node: Element): Element {
  const last = node.lastElementChild;
  if (node.tagName === "BLOCKQUOTE" && last?.tagName === "P") return last;
  return (node.tagName === "UL" || node.tagName === "OL") && last ? last : node;
}

function signOf(mark: LineMark, words: MarkWords): Element {
  const sign = document.createElement("span");
  sign.className = "line-mark";
  sign.dataset["verdict"] = mark.verdict;
  sign.title = spoken(mark.reason);
  const shape = sign.appendChild(document.createElement("span"));
  shape.setAttribute("aria-hidden", "true");
  shape.textContent = mark.verdict === "verified" ? "✓" : "✗";
  const said = sign.appendChild(document.createElement("span"));
  said.className = mark.verdict === "verified" ? "visually-hidden" : "line-why";
  said.textContent = markWords(mark, words);
  if (mark.step) sign.append(pointButton("step", mark.step, ""));
  return sign;
}

function isMarked(node: Node): boolean {
  return node.nextSibling instanceof Element && node.nextSibling.classList.contains("line-mark");
}

/** The formula that was written so, the first one that has no mark yet. */
function formulaOf(node: Element, written: string): Element | null {
  const tex = written.trim().replace(/^\$\$?|\$\$?$|^\\[([]|\\[)\]]$/g, "").trim();
  const found = [...(node.matches(".maths, .maths-block") ? [node] : []), ...node.querySelectorAll(".maths, .maths-block")];
  return found.find((maths) => !isMarked(maths) && maths.querySelector("annotation")?.textContent?.trim() === tex) ?? null;
}

function besideText(node: Element, line: string, sign: Element): boolean {
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode() as Text | null; text; text = walker.nextNode() as Text | null) {
    if (text.parentElement?.closest(".line-mark, .maths, .maths-block")) continue;
    const at = text.data.indexOf(line);
    if (at < 0 || (at + line.length === text.data.length && isMarked(text))) continue;
    text.splitText(at + line.length);
    text.after(sign);
    return true;
  }
  return false;
}
