// What the room adds to rendered text: the marks of checked lines. One function for each state of an item, so that blocks
// whose dress has not changed are not touched.

import type { LineMark } from "../steps";
import { markLine, type MarkWords } from "../marks";
import { lengthOf, sliceOf } from "../store";
import type { Dressing } from "../stream";

/** The dress of a text that begins at `from` code points of its item. */
export function marksDressing(marks: readonly LineMark[], text: string, words: MarkWords, from = 0): Dressing | null {
  const own = marks.filter((mark) => mark.start >= from && mark.start < from + lengthOf(text));
  if (!own.length) return null;
  return (start, end) => {
    const here = own.filter((mark) => mark.start - from >= start && mark.start - from < Math.max(end, start + 1));
    if (!here.length) return null;
    return {
      key: JSON.stringify(here),
      apply: (node) => here.forEach((mark) => markLine(node, sliceOf(text, mark.start - from, mark.end - from), mark, words)),
    };
  };
}

const kept = new WeakMap<object, Map<string, Dressing | null>>();

/** The same dress while `owner` is the same: a new function would have the whole text looked at again. */
export function once(owner: object, name: string, make: () => Dressing | null): Dressing | null {
  const own = kept.get(owner) ?? new Map<string, Dressing | null>();
  kept.set(owner, own);
  if (!own.has(name)) own.set(name, make());
  return own.get(name) ?? null;
}
