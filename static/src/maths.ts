// Formulas: where they begin and end in Markdown, and how TeX becomes nodes. TeX is never turned into an HTML string.

import katex from "katex";
import type { MarkdownIt as Parser, StateBlock, StateInline } from "markdown-it";

/** What one parse knows: `source` is the whole text while it still grows, so an open formula at its end is held back. */
export interface ParseEnv {
  [key: PropertyKey]: unknown;
  source?: string;
}

const LONGEST = 4000;
const LONGEST_HELD = 400;
const KEPT = 300;
const WIDE = 30;
const kept = new Map<string, Element>();

/** A node with the formula; its source in plain letters where KaTeX cannot read it. */
export function mathsNode(tex: string, display: boolean): Element {
  const key = (display ? "d" : "i") + tex;
  let node = kept.get(key);
  if (!node) {
    node = build(tex, display);
    if (kept.size >= KEPT) kept.delete(kept.keys().next().value as string);
    kept.set(key, node);
  }
  return node.cloneNode(true) as Element;
}

function build(tex: string, display: boolean): Element {
  const node = document.createElement("span");
  try {
    if (tex.length > LONGEST) throw new RangeError("formula too long");
    katex.render(tex, node, {
      displayMode: display,
      output: "htmlAndMathml",
      trust: false,
      // Not about safety: other settings refuse Chinese or accented letters inside a formula.
      strict: "ignore",
      maxExpand: 100,
      maxSize: 10,
      throwOnError: true,
    });
    node.className = display ? "maths-block" : "maths";
    // What may be wider than a phone must be reachable by the keyboard, to be scrolled.
    if (display && tex.length > WIDE) named(node, "Formula");
  } catch {
    node.className = "maths-source";
    node.textContent = tex;
  }
  return node;
}

/** Makes a box that may scroll reachable, with a name. */
export function named(node: Element, name: string): void {
  node.setAttribute("tabindex", "0");
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", name);
}

/** Index of `closer` at or after `from`, not counting what a backslash escapes; -1 when there is none. */
function closerAt(text: string, closer: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text.startsWith(closer, at)) return at;
    if (text[at] === "\\") at++;
  }
  return -1;
}

// "$5 each, and …" is money. Models and books write "$5 and $7" far more often than a formula that starts like this.
const MONEY = /^\d[\d,.]*(?:\s+(?:an?|as|at|by|if|in|is|it|of|on|or|so|to|we|he|[A-Za-z]{3,})(?:[\s.,;!?]|$)|[.,;]\s+[A-Za-z]|\s*$)/;

interface Found {
  tex: string;
  end: number;
  display: boolean;
}

function dollars(src: string, at: number): Found | null {
  if (src.startsWith("$$", at)) {
    const end = closerAt(src, "$$", at + 2);
    const tex = src.slice(at + 2, end);
    return end < 0 || !tex.trim() ? null : { tex, end: end + 2, display: false };
  }
  const end = closerAt(src, "$", at + 1);
  const tex = src.slice(at + 1, end);
  // As pandoc has it: nothing but the formula touches the dollars, and no digit follows ("$5 to $7").
  if (end < 0 || !tex || /^\s|\s$|\n\s*\n/.test(tex) || /\d/.test(src[end + 1] ?? "")) return null;
  return MONEY.test(tex) && /\s/.test(tex) ? null : { tex, end: end + 1, display: false };
}

function brackets(src: string, at: number): Found | null {
  const closer = src[at + 1] === "(" ? "\\)" : "\\]";
  const end = closerAt(src, closer, at + 2);
  const tex = src.slice(at + 2, end);
  return end < 0 || !tex.trim() ? null : { tex, end: end + 2, display: closer === "\\]" };
}

/** Whether the open formula at `at` may still be closed by text to come. */
function isHeld(state: StateInline, at: number): boolean {
  const source = (state.env as ParseEnv).source?.trimEnd();
  const rest = state.src.slice(at);
  if (!source || rest.length > LONGEST_HELD || !source.endsWith(state.src.slice(at, state.posMax).trimEnd())) return false;
  if (rest === "\\" || rest === "$" || rest.startsWith("$$") || rest[0] === "\\") return true;
  return !/^\$\s/.test(rest) && !(MONEY.test(rest.slice(1)) && /\s/.test(rest));
}

function inlineRule(state: StateInline, silent: boolean): boolean {
  const at = state.pos;
  const two = state.src.slice(at, at + 2);
  const isBracket = two === "\\(" || two === "\\[";
  const isLast = two === "\\" && at + 1 === state.posMax;
  if (state.src[at] !== "$" && !isBracket && !isLast) return false;
  const found = isLast ? null : isBracket ? brackets(state.src, at) : dollars(state.src, at);
  if (found && found.end <= state.posMax) {
    if (!silent) {
      const token = state.push("maths_inline", "", 0);
      token.content = found.tex;
      token.info = found.display ? "display" : "";
    }
    state.pos = found.end;
    return true;
  }
  if (!isHeld(state, at)) return false;
  if (!silent) state.push("pending", "", 0).content = state.src.slice(at, state.posMax);
  state.pos = state.posMax;
  return true;
}

const OPENERS: [RegExp, (match: RegExpExecArray) => string][] = [
  [/^\$\$/, () => "$$"],
  [/^\\\[/, () => "\\]"],
  [/^\\begin\{((?:align|aligned|gather|equation|cases|array|[pbvBV]?matrix)\*?)\}/, (match) => `\\end{${match[1] ?? ""}}`],
];

/** A display formula on lines of its own. A blank line ends the hope for a closer, as it does in TeX. */
function blockRule(state: StateBlock, start: number, end: number, silent: boolean): boolean {
  if ((state.sCount[start] ?? 0) - state.blkIndent >= 4) return false;
  const lineText = (line: number): string => state.src.slice((state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0), state.eMarks[line]);
  const first = lineText(start);
  for (const [opener, closerOf] of OPENERS) {
    const match = opener.exec(first);
    if (!match) continue;
    const closer = closerOf(match);
    const isEnvironment = closer.startsWith("\\end");
    let text = isEnvironment ? first : first.slice(match[0].length);
    let line = start;
    for (; closerAt(text, closer, 0) < 0; text += `\n${lineText(line)}`) {
      line++;
      if (line < end && (state.sCount[line] ?? 0) >= state.blkIndent && lineText(line).trim()) continue;
      return line >= end && (state.env as ParseEnv).source !== undefined && blockHeld(state, start, line, silent);
    }
    const at = closerAt(text, closer, 0);
    if (text.slice(at + closer.length).trim()) return false;
    const tex = text.slice(0, isEnvironment ? at + closer.length : at);
    if (!tex.trim()) return false;
    if (!silent) blockToken(state, "maths_block", tex, start, line + 1);
    return true;
  }
  return false;
}

function blockHeld(state: StateBlock, start: number, end: number, silent: boolean): boolean {
  const text = state.getLines(start, end, state.blkIndent, false);
  if (text.length > LONGEST || end < state.lineMax) return false;
  if (!silent) blockToken(state, "pending_block", text, start, end);
  return true;
}

function blockToken(state: StateBlock, type: string, content: string, start: number, end: number): void {
  const token = state.push(type, "", 0);
  token.content = content;
  token.map = [start, end];
  token.block = true;
  state.line = end;
}

export function mathsRules(parser: Parser): void {
  parser.inline.ruler.before("escape", "maths", inlineRule);
  parser.block.ruler.before("fence", "maths_block", blockRule, { alt: ["paragraph", "blockquote", "list"] });
}
