// Text that grows on the screen. A block is finished once another one begins on a complete line below it; finished
// blocks are never touched again, and the one that grows is patched in place, so nothing flickers or loses a selection.

import { type Block, blockNode, parseBlocks } from "./markdown";
import { lengthOf } from "./store";

interface Shown {
  source: string;
  node: Node;
}

/** What is added to a block beside its own text: `key` says when it is another one. `start` and `end` in code points. */
export interface Dress {
  key: string;
  apply: (node: Element) => void;
}
export type Dressing = (start: number, end: number, source: string) => Dress | null;

type Schedule = (paint: () => void) => void;

const nextFrame: Schedule = (paint) => {
  // Frames do not come in a hidden tab; its text must be right when somebody looks.
  if (document.hidden) setTimeout(paint, 100);
  else requestAnimationFrame(paint);
};

export class StreamText {
  private text = "";
  private isDone = false;
  private isScheduled = false;
  private finished: Shown[] = [];
  private finishedText = "";
  private tail: Shown[] = [];
  private dressing: Dressing | null = null;

  constructor(
    private readonly host: Element,
    private readonly schedule: Schedule = nextFrame,
  ) {
    host.classList.add("text");
  }

  /** Shows `text`, all of it, at the next frame. `done`: nothing more comes, so what was held back is shown as it is. */
  update(text: string, done: boolean, dressing: Dressing | null = null): void {
    if (text === this.text && done === this.isDone && dressing === this.dressing) return;
    if (dressing !== this.dressing) this.forget();
    this.text = text;
    this.isDone = done;
    this.dressing = dressing;
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.schedule(() => this.paint());
  }

  paint(): void {
    this.isScheduled = false;
    if (!this.text.startsWith(this.finishedText)) this.forget();
    const rest = this.text.slice(this.finishedText.length);
    const blocks = this.isDone ? parseBlocks(rest) : parseBlocks(closedEmphasis(rest), { source: closedEmphasis(rest) });
    this.show(blocks, rest);
    if (!this.isDone) this.settle(rest, blocks);
  }

  private forget(): void {
    this.tail = [...this.finished, ...this.tail];
    this.finished = [];
    this.finishedText = "";
  }

  private show(blocks: Block[], rest: string): void {
    const next: Shown[] = [];
    blocks.forEach((block, at) => {
      const old = this.tail[at];
      const isLast = at === blocks.length - 1;
      const dress = this.dressing && dressed(this.dressing, block, rest, this.finishedText);
      const source = dress ? `${block.source}\0${dress.key}` : block.source;
      if (old && old.source === source && !isLast) return void next.push(old);
      const node = blockNode(block);
      dress?.apply(node);
      next.push({ source: isLast && !this.isDone ? "\0" : source, node: old ? patched(old.node, node) : this.host.appendChild(node) });
    });
    for (const extra of this.tail.slice(blocks.length)) (extra.node as ChildNode).remove();
    this.tail = next;
  }

  /** Moves blocks that no further text can change out of the tail. Their nodes were made from the closed source already. */
  private settle(rest: string, blocks: Block[]): void {
    const complete = rest.split("\n").length - 1;
    const last = blocks.findLastIndex((block) => block.line < complete);
    if (last < 1) return;
    const first = blocks[last] as Block;
    this.finishedText += rest.split("\n").slice(0, first.line).join("\n") + "\n";
    this.finished.push(...this.tail.splice(0, last));
  }
}

/** What is added to a block, told where it stands in the whole text. */
export function dressed(dressing: Dressing, block: Block, rest: string, before = ""): Dress | null {
  const start = lengthOf(before) + lengthOf(rest.split("\n").slice(0, block.line).map((line) => `${line}\n`).join(""));
  return dressing(start, start + lengthOf(block.source.trimEnd()), block.source);
}

/** Emphasis and code that are open at the end, closed for now, so that no stars blink while a word is being written. */
export function closedEmphasis(text: string): string {
  const from = text.lastIndexOf("\n\n") + 1;
  const tail = text.slice(from);
  if (/(^|\n) {0,3}(```|~~~|\$\$|\\\[|\\begin)/.test(tail) || /(^|\n)( {4}|\t)/.test(tail)) return text;
  const ticks = tail.match(/`/g)?.length ?? 0;
  if (ticks % 2) return tail.endsWith("`") ? text.slice(0, -1) : `${text}\``;
  const bare = tail.replace(/`[^`]*`|\$[^$\n]*\$/g, "");
  const stars = bare.match(/\*\*/g)?.length ?? 0;
  if (stars % 2 === 0) return text;
  const cut = text.replace(/\s*\*+$/, "");
  return cut === text ? text.replace(/(\s*)$/, "**$1") : cut;
}

/** Makes `old` equal to `wanted` with as few changes as it takes, and says which node stands there now. */
export function patched(old: Node, wanted: Node): Node {
  if (old.isEqualNode(wanted)) return old;
  if (old instanceof Text && wanted instanceof Text) {
    old.data = wanted.data;
    return old;
  }
  const isAlike = old instanceof Element && wanted instanceof Element && old.tagName === wanted.tagName && old.className === wanted.className;
  if (!isAlike || old.className.startsWith("maths") || !sameAttributes(old, wanted)) {
    (old as ChildNode).replaceWith(wanted);
    return wanted;
  }
  const children = [...wanted.childNodes];
  children.forEach((child, at) => {
    const current = old.childNodes[at];
    if (current) patched(current, child);
    else old.appendChild(child);
  });
  while (old.childNodes.length > children.length) old.lastChild?.remove();
  return old;
}

function sameAttributes(one: Element, other: Element): boolean {
  return one.attributes.length === other.attributes.length && [...one.attributes].every((attribute) => other.getAttribute(attribute.name) === attribute.value);
}
