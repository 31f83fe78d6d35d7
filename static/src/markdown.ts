// The one renderer for text that anybody else wrote. Markdown → tokens → nodes made by createElement from the tables
// below; no HTML string exists on the way, so there is nothing to sanitise.

import MarkdownIt, { type Token } from "markdown-it";

import { mathsNode, mathsRules, named, type ParseEnv } from "./maths";
import { t } from "./translate";

const parser = new MarkdownIt({ html: false, linkify: false, breaks: true, typographer: false });
// A definition further down would change blocks that are finished already.
parser.disable(["reference", "html_block", "html_inline"]);
parser.validateLink = (url) => linkOf(url) !== null;
parser.use(mathsRules);

const LONGEST = 40_000;

const CONTAINERS: Readonly<Record<string, string>> = {
  paragraph: "p",
  bullet_list: "ul",
  ordered_list: "ol",
  list_item: "li",
  blockquote: "blockquote",
  thead: "thead",
  tbody: "tbody",
  tr: "tr",
  th: "th",
  td: "td",
  strong: "strong",
  em: "em",
  s: "s",
};
const OWN_DIRECTION = new Set(["p", "li", "blockquote", "th", "td"]);

/** A top-level block: its source, where it begins in the text, and its tokens. */
export interface Block {
  source: string;
  line: number;
  tokens: Token[];
}

/** The http, https or mailto address that a link may have; null for every other. */
export function linkOf(address: string): URL | null {
  if (!/^(?:https?:\/\/|mailto:)/i.test(address)) return null;
  try {
    const url = new URL(address);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

/** Cuts text into top-level blocks. `env.source` says that the text still grows. */
export function parseBlocks(text: string, env: ParseEnv = {}): Block[] {
  const tokens = parser.parse(text.slice(0, LONGEST), env);
  const lines = text.split("\n");
  const blocks: Block[] = [];
  let from = 0;
  for (let at = 0, depth = 0; at < tokens.length; at++) {
    depth += tokens[at]?.nesting ?? 0;
    if (depth > 0) continue;
    const map = tokens[from]?.map ?? [0, lines.length];
    blocks.push({ source: lines.slice(map[0], map[1]).join("\n"), line: map[0], tokens: tokens.slice(from, at + 1) });
    from = at + 1;
  }
  return blocks;
}

/** The one element that shows a block. */
export function blockNode(block: Block): Element {
  const holder = document.createElement("div");
  append(holder, block.tokens);
  return holder.childElementCount === 1 ? (holder.firstElementChild as Element) : holder;
}

/** Replaces what `target` holds by the rendered text. */
export function renderInto(target: Element, text: string): void {
  target.replaceChildren(...parseBlocks(text).map(blockNode));
  target.classList.add("text");
}

/** What is left of Markdown when there is room for one line only. */
export function plainLine(text: string): string {
  const holder = document.createElement("div");
  renderInto(holder, text.slice(0, 500));
  // A fraction without its bar would read as another number: formulas appear as they were written.
  for (const maths of holder.querySelectorAll(".maths, .maths-block")) maths.replaceChildren(maths.querySelector("annotation")?.textContent ?? "");
  for (const extra of holder.querySelectorAll(".code-bar, .host")) extra.remove();
  for (const piece of holder.querySelectorAll("p, li, th, td, br, h3, h4, h5, h6, pre, .maths-block")) piece.after(" ");
  return (holder.textContent ?? "").replace(/\s+/g, " ").trim();
}

function append(root: Node, tokens: readonly Token[]): void {
  const stack: Node[] = [root];
  for (const token of tokens) {
    const top = stack[stack.length - 1] as Node;
    if (token.nesting === 1) {
      const [outer, inner] = opened(token);
      top.appendChild(outer);
      stack.push(inner);
    } else if (token.nesting === -1) {
      closed(stack.pop() as Node);
    } else {
      leaf(top, token);
    }
  }
}

/** The element for an opening token: [what is put into the page, what takes the children]. */
function opened(token: Token): [Node, Node] {
  const name = token.type.replace(/_open$/, "");
  if (name === "link") return both(linkNode(token));
  // Page headings are h1 and h2: headings inside a text go below them.
  if (name === "heading") return both(element(`h${Math.min(Number(token.tag.slice(1)) + 2, 6)}`));
  if (name === "table") {
    const scroll = element("div", "scroll");
    named(scroll, t("Table"));
    const table = scroll.appendChild(element("table"));
    return [scroll, table];
  }
  const node = element(CONTAINERS[name] ?? "span");
  const start = Number(token.attrGet("start") ?? 1);
  if (name === "ordered_list" && Number.isInteger(start) && start !== 1 && start >= 0 && start < 1e9) node.setAttribute("start", String(start));
  // A tight list's paragraphs have no element of their own.
  if (name === "paragraph" && token.hidden) return both(element("span"));
  return both(node);
}

function both(node: Element): [Node, Node] {
  return [node, node];
}

function closed(node: Node): void {
  if (!(node instanceof HTMLAnchorElement) || !node.href) return;
  const url = new URL(node.href);
  const place = url.protocol === "mailto:" ? url.pathname : url.host;
  if (!node.textContent?.includes(place)) node.append(" ", element("span", "host", `(${place})`));
}

function linkNode(token: Token): Element {
  const url = linkOf(String(token.attrGet("href") ?? ""));
  if (!url) return element("span");
  const node = element("a") as HTMLAnchorElement;
  node.href = url.href;
  node.rel = "noopener noreferrer";
  node.target = "_blank";
  return node;
}

function leaf(into: Node, token: Token): void {
  switch (token.type) {
    case "inline":
      return append(into, token.children ?? []);
    case "softbreak":
    case "hardbreak":
      return void into.appendChild(element("br"));
    case "hr":
      return void into.appendChild(element("hr"));
    case "code_inline":
      return void into.appendChild(element("code", "", token.content));
    case "code_block":
    case "fence":
      return void into.appendChild(codeNode(token.content, token.info));
    case "maths_inline":
      return void into.appendChild(mathsNode(token.content, token.info === "display"));
    case "maths_block":
      return void into.appendChild(mathsNode(token.content, true));
    case "pending":
    case "pending_block":
      return void into.appendChild(element(token.type === "pending" ? "span" : "p", "pending", token.content));
    case "image":
      return void into.appendChild(element("span", "picture", `[picture: ${token.content || "no description"}]`));
    default:
      return void into.appendChild(document.createTextNode(token.content));
  }
}

function codeNode(content: string, info: string): Element {
  const node = element("div", "code-block");
  const bar = node.appendChild(element("div", "code-bar"));
  bar.appendChild(element("span", "", /^[\w+#.-]{1,20}/.exec(info.trim())?.[0] ?? "code"));
  const copy = bar.appendChild(element("button", "copy", t("Copy")));
  copy.setAttribute("type", "button");
  const pre = node.appendChild(element("pre"));
  pre.setAttribute("dir", "ltr");
  pre.setAttribute("tabindex", "0");
  pre.appendChild(element("code", "", content));
  return node;
}

function element(tag: string, className = "", text = ""): HTMLElement {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  if (OWN_DIRECTION.has(tag)) node.dir = "auto";
  return node;
}

/** One listener for all copy buttons: rendered nodes are cloned and morphed, so they carry none themselves. */
export async function copyClicked(event: Event): Promise<void> {
  const button = event.target;
  if (!(button instanceof HTMLButtonElement) || !button.classList.contains("copy")) return;
  const code = button.closest(".code-block")?.querySelector("code")?.textContent ?? "";
  try {
    await navigator.clipboard.writeText(code);
    button.textContent = t("Copied");
  } catch {
    button.textContent = t("Not allowed");
  }
  setTimeout(() => (button.textContent = t("Copy")), 2000);
}
