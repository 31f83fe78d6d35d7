// The editor of the shared code. It lives in a shadow root, where its styles are adopted sheets and need no exception of the
// page's policy; colours come from the page by custom properties, so that light and dark are the page's affair.

import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import type { Awareness } from "y-protocols/awareness";
import { type Text, UndoManager } from "yjs";

import { t } from "../translate";
import { codeCarets } from "./code-carets";

const LOOK = EditorView.theme({
  "&": { blockSize: "100%", backgroundColor: "var(--surface)", color: "var(--ink)", fontSize: "1rem" },
  "&.cm-focused": { outline: "2px solid var(--stream)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--code)", lineHeight: "1.55", overflow: "auto" },
  ".cm-content": { caretColor: "var(--ink)", paddingBlock: "0.6rem 3rem" },
  ".cm-cursor": { borderInlineStartColor: "var(--ink)", borderInlineStartWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--ink-soft)", borderInlineEnd: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--stream-soft) 35%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--stream-soft)", color: "var(--ink)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--stream) 28%, transparent) !important" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--leaf-soft)", outline: "1px solid var(--leaf-line)" },
  ".cs-selected": { backgroundColor: "color-mix(in srgb, var(--caret) 25%, transparent)" },
  ".cs-caret": { position: "relative", borderInlineStart: "2px solid var(--caret)", marginInline: "-1px" },
  ".cs-caret-name": {
    position: "absolute", insetBlockEnd: "100%", insetInlineStart: "-2px", zIndex: "5", padding: "0 0.35rem", borderRadius: "4px 4px 4px 0",
    backgroundColor: "var(--caret)", color: "#fff", font: "600 0.7rem/1.4 var(--sans)", whiteSpace: "nowrap", maxInlineSize: "10rem", overflow: "hidden", textOverflow: "ellipsis", pointerEvents: "none",
  },
  // Above the first line there is no room for a name.
  ".cm-line:first-child .cs-caret-name": { insetBlockEnd: "auto", insetBlockStart: "100%", borderRadius: "0 4px 4px 4px" },
});
const COLOURS = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword], color: "var(--stream)", fontWeight: "600" },
    { tag: [tags.string, tags.special(tags.string)], color: "var(--leaf)" },
    { tag: [tags.number, tags.bool, tags.null], color: "var(--sky)" },
    { tag: [tags.function(tags.variableName), tags.definition(tags.variableName), tags.className], color: "var(--stream-deep)" },
    { tag: tags.comment, color: "var(--ink-soft)", fontStyle: "italic" },
    { tag: tags.invalid, color: "var(--coral)" },
  ]),
);

export class CodeEditor {
  private view: EditorView | null = null;
  private readonly rights = new Compartment();
  private readonly root: ShadowRoot;
  private mayWrite = false;

  constructor(host: HTMLElement) {
    this.root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  }

  /** Another document: at the start, and after a refused edit. */
  show(text: Text, awareness: Awareness, run: () => void): void {
    this.view?.destroy();
    const keys = [{ key: "Ctrl-Enter", mac: "Cmd-Enter", run: () => (run(), true) }, ...closeBracketsKeymap, ...yUndoManagerKeymap, ...defaultKeymap, indentWithTab];
    const state = EditorState.create({
      doc: text.toString(),
      extensions: [
        lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), drawSelection(), indentUnit.of("    "), indentOnInput(), bracketMatching(), closeBrackets(),
        python(), COLOURS, LOOK, EditorView.lineWrapping, keymap.of(keys), EditorState.tabSize.of(4),
        EditorView.contentAttributes.of({ "aria-label": t("The shared code (Escape, then Tab leaves it)"), autocapitalize: "off", autocorrect: "off", spellcheck: "false" }),
        this.rights.of(this.written()),
        // Carets are ours (see code-carets.ts); edits and undo are those of y-codemirror.
        yCollab(text, null, { undoManager: new UndoManager(text, { trackedOrigins: new Set() }) }), codeCarets(text, awareness),
      ],
    });
    this.view = new EditorView({ state, root: this.root, parent: this.root });
  }

  allow(mayWrite: boolean): void {
    if (mayWrite === this.mayWrite) return;
    this.mayWrite = mayWrite;
    this.view?.dispatch({ effects: this.rights.reconfigure(this.written()) });
  }

  focus(): void {
    this.view?.focus();
  }

  close(): void {
    this.view?.destroy();
    this.view = null;
  }

  private written(): Extension {
    return this.mayWrite ? [] : [EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({ tabindex: "0", "aria-readonly": "true" })];
  }
}
