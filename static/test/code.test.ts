import axe from "axe-core";
import { render } from "lit";
import { EditorView } from "@codemirror/view";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

import type { Received, RunItem } from "../src/frames";
import type { PaneContext } from "../src/panes";
import { caretsOf, decorationsOf } from "../src/panes/code-carets";
import { CodeEditor } from "../src/panes/code-editor";
import { itemLine } from "../src/room/items";
import { EMPTY, type RoomView } from "../src/store";
import { answer, AT, BOB, itemContext, LIN, ROOM, roomState, you } from "./samples";

vi.mock("../src/sandbox/source", () => ({ SOURCE: { open: () => null, parts: async () => Promise.reject(new Error("not here")) } }));
vi.mock("../src/board/listing", () => ({ listingFetch: async () => ({ mode: "open", may_manage: false, documents: [{ id: "d", kind: "code", owner: null, may_write: true, revealed: false }] }) }));
const lines: FakeLine[] = [];
class FakeLine {
  doc = new Y.Doc();
  awareness = new Awareness(this.doc);
  isStopped = false;
  constructor(readonly document: string, _env: unknown, readonly listener: { document: (doc: Y.Doc, awareness: Awareness) => void; state: (state: unknown) => void; refused: (refusal: unknown) => void }) {
    lines.push(this);
  }
  start(): void {
    this.listener.document(this.doc, this.awareness);
  }
  stop(): void {
    this.isStopped = true;
  }
  wake(): void {}
}
vi.mock("../src/board/provider", () => ({ BoardLine: FakeLine }));
const { CodeElement } = await import("../src/panes/code-element");

const ranges = { getClientRects: () => [], getBoundingClientRect: () => ({ left: 0, right: 0, top: 0, bottom: 0 }) };
Object.assign(Range.prototype, ranges);

describe("others' carets", () => {
  const doc = new Y.Doc();
  const text = doc.getText("code");
  text.insert(0, "print(1)\n");
  const awareness = new Awareness(doc);
  const at = (index: number): unknown => JSON.parse(JSON.stringify(Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index))));
  const states = (awareness as unknown as { states: Map<number, unknown> }).states;
  it("stand where their text is, with names and colours; what cannot be read is left out", () => {
    states.set(7, { user: { name: "林小雨", colour: "#24568f" }, cursor: { anchor: at(2), head: at(5) } });
    states.set(8, { user: { name: "Mallory", colour: "red;} body{" }, cursor: { anchor: at(3), head: at(3) } });
    states.set(9, { user: { name: "X", colour: "#24568f" }, cursor: { anchor: "there", head: { type: { client: "a" } } } });
    states.set(10, { user: "nobody", cursor: { anchor: at(1), head: at(1) } });
    states.set(11, { user: { name: "No caret" } });
    expect(caretsOf(awareness, text)).toEqual([
      { client: 7, name: "林小雨", colour: "#24568f", anchor: 2, head: 5 },
      { client: 8, name: "Mallory", colour: "#555555", anchor: 3, head: 3 },
    ]);
    expect(decorationsOf(caretsOf(awareness, text)).size).toBe(3);
    text.insert(0, "# one\n");
    expect(caretsOf(awareness, text)[0]?.anchor).toBe(8);
  });
});

describe("the editor", () => {
  it("edits the shared text, undoes one's own edits alone, and takes nothing from who only reads", () => {
    const host = document.body.appendChild(document.createElement("div"));
    const doc = new Y.Doc();
    const text = doc.getText("code");
    const editor = new CodeEditor(host);
    editor.allow(true);
    const run = vi.fn();
    editor.show(text, new Awareness(doc), run);
    const view = EditorView.findFromDOM(host.shadowRoot?.querySelector(".cm-editor") as HTMLElement) as EditorView;
    view.dispatch({ changes: { from: 0, insert: "x = 1" } });
    expect(text.toString()).toBe("x = 1");
    text.insert(0, "# theirs\n");
    expect(view.state.doc.toString()).toBe("# theirs\nx = 1");
    expect(view.contentDOM.getAttribute("aria-label")).toContain("shared code");
    view.contentDOM.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true, cancelable: true }));
    expect(run).toHaveBeenCalledOnce();
    view.contentDOM.dispatchEvent(new KeyboardEvent("keydown", { key: "z", ctrlKey: true, bubbles: true, cancelable: true }));
    expect(text.toString()).toBe("# theirs\n");
    editor.allow(false);
    expect([view.state.readOnly, view.contentDOM.getAttribute("contenteditable")]).toEqual([true, "false"]);
    editor.close();
  });
});

describe("the code pane", () => {
  let pane: InstanceType<typeof CodeElement>;
  let sent: { type: string; data: Record<string, unknown> }[];
  let ears: Set<(frame: Received) => void>;
  let tests = "";
  const words = (selector: string): string => pane.querySelector(selector)?.textContent?.replace(/\s+/g, " ").trim() ?? "";
  const button = (name: string): HTMLButtonElement => [...pane.querySelectorAll("button")].find((one) => one.textContent?.trim() === name) as HTMLButtonElement;
  const line = (): FakeLine => lines.at(-1) as FakeLine;
  const LIVE = { phase: "live", isSynced: true, isSaving: false, mayWrite: true, mode: "open", retryAt: null, reason: null };
  function context(view: RoomView): PaneContext {
    return {
      room: ROOM, view, askAbout: () => undefined,
      listen: (hear) => (ears.add(hear), () => void ears.delete(hear)),
      send: (type, data) => {
        sent.push({ type, data: data as Record<string, unknown> });
        queueMicrotask(() => [...ears].forEach((ear) => ear({ type: "ack", ref: "id", seq: 3 })));
        return "id";
      },
    };
  }
  const view = (change = {}, who = you(BOB)): RoomView => ({ ...EMPTY, you: who, state: roomState([], { problem: { id: "p", title: "P", statement: "" }, ...change }) });
  const run = (change: Partial<RunItem>): RunItem => ({ kind: "run", seq: 3, at: AT, by: LIN, sha256: "0".repeat(64), ok: true, output: "7\n", cut: false, ending: "done", tests: null, ...change });
  beforeEach(async () => {
    sent = [];
    ears = new Set();
    tests = "";
    vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ tests })));
    pane = new CodeElement();
    document.body.replaceChildren(pane);
    const count = lines.length;
    pane.context = context(view());
    await vi.waitFor(() => expect(lines.length).toBe(count + 1));
    line().listener.state(LIVE);
    await pane.updateComplete;
    return () => vi.unstubAllGlobals();
  });

  it("opens the room's code and says how it stands", async () => {
    expect(line().document).toBe("d");
    expect(words(".code-head")).toContain("Saved");
    for (const [change, said] of [[{ isSaving: true }, "Saving…"], [{ mayWrite: false }, "Read only"], [{ phase: "waiting" }, "Offline"], [{ phase: "ended" }, "Closed"]] as const) {
      line().listener.state({ ...LIVE, ...change });
      await pane.updateComplete;
      expect(words(".code-head")).toContain(said);
    }
  });
  it("runs what stands there with the problem's tests, and tells the room", async () => {
    tests = "assert f(1) == 2";
    line().doc.getText("code").insert(0, "print('é')");
    const ran = vi.fn(async (_code: string, _tests: string, watching: { output: (text: string) => void }) => {
      watching.output("é\n");
      return { ending: "done", ok: true, output: "é\n", isCut: false, tests: { passed: 1, total: 1, failed: [] }, ms: 5 } as const;
    });
    pane.runner = { run: ran, close: () => undefined } as never;
    button("Run").click();
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(ran.mock.calls[0]?.slice(0, 2)).toEqual(["print('é')", tests]);
    const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("print('é')"));
    const sha256 = [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    expect(sent[0]).toEqual({ type: "code.run", data: { sha256, ok: true, output: "é\n", cut: false, ending: "done", tests: { passed: 1, total: 1, failed: [] } } });
    await pane.updateComplete;
    expect(words(".code-tests")).toContain("no proof");
  });
  it("says so when Python cannot be started, and tells nobody", async () => {
    button("Run").click();
    await vi.waitFor(() => expect(words(".composer-fault")).toContain("Python could not be started"));
    expect(sent).toEqual([]);
  });
  it("shows what somebody else's run printed, and that the code is another since", async () => {
    pane.context = context(view({ items: [run({ output: "<b>7</b>\n" })] }));
    pane.sha256 = "1".repeat(64);
    await pane.updateComplete;
    expect(words(".code-ran")).toContain("林小雨 ran the code · it has been changed since");
    expect(pane.querySelector(".run-output")?.textContent).toBe("<b>7</b>\n");
    expect(pane.querySelector("b")).toBeNull();
  });
  it("can be run by whom the room lets, and by nobody in a closed room", async () => {
    expect(button("Run").disabled).toBe(false);
    const controls = { ...roomState().controls, run: "staff" as const };
    pane.context = context(view({ controls }));
    await pane.updateComplete;
    expect(button("Run").disabled).toBe(true);
    expect(button("Run").title).toContain("only the teacher");
    pane.context = context(view({ controls }, you(BOB, { staff: true })));
    await pane.updateComplete;
    expect(button("Run").disabled).toBe(false);
    pane.context = context(view({ room: { id: ROOM, title: "T", state: "closed", class: "Y" } }));
    await pane.updateComplete;
    expect(button("Run").disabled).toBe(true);
  });
  it("is asked about, where this room lets this person", async () => {
    const asked = vi.fn();
    pane.context = { ...context(view()), askAbout: asked };
    await pane.updateComplete;
    pane.querySelector<HTMLElement>(`[aria-label="Ask the tutor about this code"]`)?.click();
    expect(asked).toHaveBeenCalledWith({ document: "d" }, "the shared code");
    pane.context = context(view({ controls: { ...roomState().controls, about: "staff" } }));
    await pane.updateComplete;
    expect(pane.querySelector(`[aria-label="Ask the tutor about this code"]`)).toBeNull();
  });
  it("is opened from a question that was about it", () => {
    const list = document.body.appendChild(document.createElement("ol"));
    const about = { seq: 0, step: null, answer: null, start: null, end: null, text: "```python\nx = 1\n```", document: "d", shapes: [] };
    render(itemLine(answer({ about }), undefined, itemContext()), list);
    const wanted = vi.fn();
    list.addEventListener("panewanted", (event) => wanted((event as CustomEvent).detail));
    list.querySelector<HTMLElement>(`[aria-label="Show the code"]`)?.click();
    expect(wanted).toHaveBeenCalledWith({ pane: "code" });
    list.remove();
  });
  it("says when an edit was refused", async () => {
    line().listener.refused({ code: "too_big", message: "The code is too long.", retryable: false });
    await pane.updateComplete;
    expect(words(".composer-fault")).toContain("too long");
  });
  it("is accessible, and leaves nothing running behind", async () => {
    const { violations } = await axe.run(pane, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
    pane.remove();
    expect(line().isStopped).toBe(true);
  });
});
