// Where others are in the shared code: their carets with names, their selections in their colours. y-codemirror.next has such a
// plugin, which writes style attributes as text; the pages' policy refuses these, so ours sets properties of nodes instead.

import { Annotation, type Extension, RangeSet, type Range } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate, WidgetType } from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

import { isRecord } from "../shapes";

export interface Caret {
  client: number;
  name: string;
  colour: string;
  anchor: number;
  head: number;
}
const COLOUR = /^#[0-9a-f]{6}$/i;
const moved = Annotation.define<boolean>();

/** The carets of everybody else, as far as they can be read and stand in this text. */
export function caretsOf(awareness: Awareness, text: Y.Text): Caret[] {
  const found: Caret[] = [];
  awareness.getStates().forEach((state, client) => {
    const { cursor, user } = state as Record<string, unknown>;
    if (client === awareness.clientID || !isRecord(cursor) || !isRecord(user)) return;
    const anchor = placeOf(cursor["anchor"], text);
    const head = placeOf(cursor["head"], text);
    if (anchor === null || head === null) return;
    const colour = String(user["colour"] ?? "");
    found.push({ client, name: String(user["name"] ?? "").slice(0, 60), colour: COLOUR.test(colour) ? colour : "#555555", anchor, head });
  });
  return found;
}

function placeOf(value: unknown, text: Y.Text): number | null {
  if (!isRecord(value) || !text.doc) return null;
  try {
    const place = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(value), text.doc);
    return place?.type === text ? Math.min(place.index, text.length) : null;
  } catch {
    return null; // somebody else's browser made it
  }
}

class Sign extends WidgetType {
  constructor(private readonly caret: Caret) {
    super();
  }
  override eq(other: Sign): boolean {
    return other.caret.client === this.caret.client && other.caret.name === this.caret.name && other.caret.colour === this.caret.colour;
  }
  override toDOM(): HTMLElement {
    const sign = document.createElement("span");
    sign.className = "cs-caret";
    sign.style.setProperty("--caret", this.caret.colour);
    const name = sign.appendChild(document.createElement("span"));
    name.className = "cs-caret-name";
    name.textContent = this.caret.name;
    return sign;
  }
  override ignoreEvent(): boolean {
    return true;
  }
}

export function decorationsOf(carets: readonly Caret[]): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  for (const caret of carets) {
    const [from, to] = [Math.min(caret.anchor, caret.head), Math.max(caret.anchor, caret.head)];
    if (from < to) ranges.push(Decoration.mark({ class: "cs-selected", attributes: { style: `--caret: ${caret.colour}` } }).range(from, to));
    ranges.push(Decoration.widget({ widget: new Sign(caret), side: caret.head >= caret.anchor ? 1 : -1 }).range(caret.head));
  }
  return RangeSet.of(ranges, true);
}

export function codeCarets(text: Y.Text, awareness: Awareness): Extension {
  class Carets {
    decorations: DecorationSet = Decoration.none;
    private readonly changed = (change: Record<"added" | "updated" | "removed", number[]>): void => {
      const others = [...change.added, ...change.updated, ...change.removed].some((id) => id !== awareness.clientID);
      if (others) this.view.dispatch({ annotations: moved.of(true) });
    };
    constructor(private readonly view: EditorView) {
      awareness.on("change", this.changed);
      this.decorations = decorationsOf(caretsOf(awareness, text));
    }
    update(update: ViewUpdate): void {
      this.show(update);
      this.decorations = decorationsOf(caretsOf(awareness, text).filter(({ anchor, head }) => Math.max(anchor, head) <= update.state.doc.length));
    }
    destroy(): void {
      awareness.off("change", this.changed);
    }
    /** Tells the others where this person is, while she is here. */
    private show(update: ViewUpdate): void {
      const shown = (awareness.getLocalState() as Record<string, unknown> | null)?.["cursor"] ?? null;
      if (!update.view.hasFocus) {
        if (shown && update.focusChanged) awareness.setLocalStateField("cursor", null);
        return;
      }
      if (shown && !update.selectionSet && !update.docChanged && !update.focusChanged) return;
      const { anchor, head } = update.state.selection.main;
      const place = (index: number): unknown => Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, Math.min(index, text.length)));
      awareness.setLocalStateField("cursor", { anchor: place(anchor), head: place(head) });
    }
  }
  return ViewPlugin.fromClass(Carets, { decorations: (carets) => carets.decorations });
}
