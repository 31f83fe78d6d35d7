// A step as people type it, as TeX for the screen. It changes how a line looks, never what it says: what is sent and checked is the text.

const SIGNS: readonly [RegExp, string][] = [
  [/<=|=</g, "\\le "],
  [/>=/g, "\\ge "],
  [/!=/g, "\\ne "],
  [/\*\*/g, "^"],
  [/[*·⋅×]/g, "\\cdot "],
  [/÷/g, "\\div "],
  [/−/g, "-"],
  [/±/g, "\\pm "],
  [/√/g, "\\surd "],
  [/%/g, "\\%"],
  [/\s*\band\b\s*/g, " \\text{ and } "],
  [/\s*\bor\b\s*/g, " \\text{ or } "],
];
const FUNCTIONS = /(?<![\\A-Za-z])(arcsin|arccos|arctan|sin|cos|tan|cot|ln|log|exp|pi)(?![A-Za-z])/g;
const ROOT = /(?<![\\A-Za-z])sqrt\s*\(/;
const WORDS = /[A-Za-z]{4,}/;
const PLAIN_DIVISION = /(?<![\d.\w)])(\d+)\s*\/\s*(\d+)(?![\d.\w(])/g;

/** TeX that looks like the line; null for what is better shown as it was typed. */
export function stepTex(text: string): string | null {
  const line = text.replace(/^\s*\$+|\$+\s*$/g, "").replaceAll("$$", " ").trim();
  if (!line || line.includes("$") || line.includes("\n")) return null;
  if (line.includes("\\")) return line;
  if (WORDS.test(line.replace(/\b(sqrt|arcsin|arccos|arctan)\b/g, ""))) return null;
  let tex = roots(line);
  if (tex === null) return null;
  for (const [sign, written] of SIGNS) tex = tex.replace(sign, written);
  tex = tex.replace(PLAIN_DIVISION, "\\frac{$1}{$2}").replace(/\^\(([^()]*)\)/g, "^{$1}").replace(/\^(-?\d+)/g, "^{$1}");
  return tex.replace(FUNCTIONS, "\\$1 ");
}

/** Each `sqrt( … )` with its bar over all that stands in the brackets; null if one is not closed. */
function roots(line: string): string | null {
  for (let found = ROOT.exec(line); found; found = ROOT.exec(line)) {
    const begin = found.index + found[0].length;
    let depth = 1;
    let at = begin;
    while (at < line.length && depth > 0) {
      depth += line[at] === "(" ? 1 : line[at] === ")" ? -1 : 0;
      at += 1;
    }
    if (depth > 0) return null;
    line = `${line.slice(0, found.index)}\\sqrt{${line.slice(begin, at - 1)}}${line.slice(at)}`;
  }
  return line;
}
