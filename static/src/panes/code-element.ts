// <cs-code>: the room's shared code, and a way to run it in this browser's sandbox, whose output the whole room gets.

import { toHexString } from "lib0/buffer";
import { digest } from "lib0/hash/sha256";
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";

import { keptIn } from "../board/kept";
import { listingFetch } from "../board/listing";
import { BoardLine, type BoardState, type Refusal } from "../board/provider";
import type { ErrorFrame, RunItem } from "../frames";
import { icon } from "../icons";
import { personOf, sessionStore } from "../keeper";
import type { PaneContext } from "../panes";
import { EVERYBODY, may } from "../passages";
import { browserEnv } from "../room/link";
import { runBody } from "../room/run-line";
import { type Phase, RUN_MS, Runner } from "../sandbox/runner";
import { SOURCE } from "../sandbox/source";
import { t } from "../translate";
import { closedWords, errorWords } from "../words";
import { ask } from "./asking";
import type { CodeEditor } from "./code-editor";
import { CODE_MOST, reportOf, testsFetch } from "./code";
import "./code.css";

export class CodeElement extends LitElement {
  static override properties = {
    context: { attribute: false },
    isShown: { attribute: false },
    line: { state: true },
    phase: { state: true },
    live: { state: true },
    fault: { state: true },
    tests: { state: true },
    sha256: { state: true },
  };

  declare context: PaneContext;
  declare isShown: boolean;
  /** How the document's line is; null before there is one. */
  declare line: BoardState | null;
  /** What the sandbox does just now. */
  declare phase: Phase | null;
  /** What this browser's run has printed so far. */
  declare live: string;
  declare fault: string;
  /** The problem's tests, as text; empty where it has none. */
  declare tests: string;
  /** Of the code as it stands. */
  declare sha256: string;

  private board: BoardLine | null = null;
  private editor: CodeEditor | null = null;
  private problem: string | null = null;
  private hashing = 0;
  /** Another in tests, where no worker can run. */
  runner = new Runner(SOURCE);
  private readonly wake = (): void => this.board?.wake();

  constructor() {
    super();
    this.isShown = false;
    this.line = this.phase = null;
    this.live = this.fault = this.tests = this.sha256 = "";
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    globalThis.addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    globalThis.removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.runner.close();
    this.board?.stop();
    this.editor?.close();
    this.board = this.editor = null;
  }

  private get text(): string {
    return this.board?.doc.getText("code").toString() ?? "";
  }

  private get lastRun(): RunItem | null {
    return (this.context.view.state?.items ?? []).findLast((item): item is RunItem => item.kind === "run") ?? null;
  }

  /** Why this person cannot run it; empty when she can. */
  private get cannotRun(): string {
    const { state, you } = this.context.view;
    const closed = closedWords(this.context.view);
    if (closed) return closed;
    if (!may(state?.controls ?? EVERYBODY, "run", you, null)) return t("In this room only the teacher runs the code.");
    return "";
  }

  protected override updated(changed: PropertyValues): void {
    if (!this.context) return;
    if (!this.board) void this.open();
    const problem = this.context.view.state?.problem?.id ?? null;
    if (changed.has("context") && problem !== this.problem) {
      this.problem = problem;
      void this.readTests();
    }
  }

  // ---- the document

  private opening = false;

  private async open(): Promise<void> {
    if (this.opening) return;
    this.opening = true;
    const env = browserEnv();
    const [listing, { CodeEditor }] = await Promise.all([listingFetch(this.context.room, env), import("./code-editor")]);
    const info = listing?.documents.find(({ kind }) => kind === "code");
    const host = this.querySelector<HTMLElement>(".code-host");
    if (!info || !host || !this.isConnected) {
      this.fault = t("The code could not be opened. Is the network there?");
      this.opening = false;
      return;
    }
    const editor = new CodeEditor(host);
    this.editor = editor;
    this.board = new BoardLine(info.id, env, {
      document: (doc, awareness) => {
        const code = doc.getText("code");
        code.observe(() => this.hashSoon());
        editor.show(code, awareness, () => void this.run());
      },
      state: (state) => {
        this.line = state;
        editor.allow(state.mayWrite);
      },
      refused: (refusal) => this.refused(refusal),
    }, keptIn(sessionStore(), personOf(document), info.id));
    this.board.start();
    this.hashSoon();
  }

  private refused(refusal: Refusal): void {
    this.fault = refusal.message || t("Your last change could not be kept. The code is as the room has it.");
  }

  /** The hash tells whether the output shown is of this code; it need not be exact while somebody types. */
  private hashSoon(): void {
    window.clearTimeout(this.hashing);
    this.hashing = window.setTimeout(() => (this.sha256 = hashOf(this.text)), 250);
  }

  private async readTests(): Promise<void> {
    const problem = this.problem;
    const tests = problem === null ? "" : await testsFetch(this.context.room, browserEnv());
    if (problem === this.problem && tests !== null) this.tests = tests;
  }

  // ---- running

  private async run(): Promise<void> {
    if (this.phase !== null || this.cannotRun || !this.board) return;
    const code = this.text;
    this.fault = this.live = "";
    if (code.length > CODE_MOST) {
      this.fault = t("The code is too long to be run.");
      return;
    }
    await this.readTests();
    const run = await this.runner.run(code, this.tests, { phase: (phase) => (this.phase = phase), output: (text) => (this.live = text) });
    this.phase = null;
    const report = reportOf(run, hashOf(code));
    if (report === null) {
      this.fault = t("Python could not be started in this browser.");
      return;
    }
    try {
      await ask(this.context, "code.run", report);
      this.live = "";
    } catch (error) {
      this.fault = errorWords(error as ErrorFrame);
    }
  }

  // ---- how it looks

  protected override render(): TemplateResult | typeof nothing {
    if (!this.context) return nothing;
    return html`<div class="code-pane">
      <header class="pane-title code-head"><h2>${t("Code")}</h2><span class="muted small-text code-kind">Python</span>${this.state()}<span class="code-phase" role="status">${this.phaseWords}</span>${this.askButton()}${this.runButton()}</header>
      ${this.fault ? html`<p class="composer-fault" role="alert">${icon("warning")}<span>${this.fault}</span></p>` : nothing}
      <div class="code-host" ?data-waiting=${!this.line?.isSynced}></div>
      ${this.line === null && !this.fault ? html`<p class="muted code-wait" role="status">${t("Opening the code…")}</p>` : nothing}
      <section class="code-below" aria-label=${t("Output")} tabindex="0">${this.output()}${this.testsBelow()}</section>
    </div>`;
  }

  private state(): TemplateResult | typeof nothing {
    const { line } = this;
    if (!line) return nothing;
    if (line.phase === "ended") return html`<span class="badge danger">${icon("lock")}${t("Closed")}</span>`;
    if (line.phase !== "live") return html`<span class="badge warn" title=${t("What you write is kept until the connection is back.")}>${icon("clock")}${t("Offline")}</span>`;
    if (!line.mayWrite) return html`<span class="badge">${icon("eye")}${t("Read only")}</span>`;
    return html`<span class="muted small-text" role="status">${line.isSaving ? t("Saving…") : line.isSynced ? t("Saved") : ""}</span>`;
  }

  private get phaseWords(): string {
    return this.phase === null ? "" : this.phase === "loading" ? t("Starting Python…") : t("Running…");
  }

  private askButton(): TemplateResult | typeof nothing {
    const { state, you } = this.context.view;
    const canAsk = you?.can.ask === true && state?.room.state === "open" && may(state.controls ?? EVERYBODY, "about", you, null);
    const document = this.board?.document;
    if (!canAsk || !document || !this.line?.isSynced) return nothing;
    return html`<button type="button" class="button small quiet" title=${t("Ask the tutor about this code")} aria-label=${t("Ask the tutor about this code")} @click=${() => this.context.askAbout({ document }, t("the shared code"))}>${icon("quote")}</button>`;
  }

  private runButton(): TemplateResult {
    if (this.phase !== null) {
      return html`<button type="button" class="button danger small" @click=${() => this.runner.stop()}>${icon("stop")}${t("Stop")}</button>`;
    }
    const why = this.cannotRun;
    return html`<button type="button" class="button primary small" title=${why || t("Runs in this browser only (Ctrl+Enter); everybody here sees what it prints")} ?disabled=${why !== "" || !this.line?.isSynced} @click=${() => void this.run()}>${icon("play")}${t("Run")}</button>`;
  }

  private output(): TemplateResult {
    if (this.phase === "running" || this.live) return html`<pre class="run-output" dir="ltr">${this.live}</pre>`;
    const last = this.lastRun;
    if (!last) return html`<p class="muted small-text">${t("Run it, and everybody in the room sees what it prints. It may take {n} seconds and cannot reach any network.", { n: RUN_MS / 1000 })}</p>`;
    return html`<div class="code-ran"><bdi>${last.by?.name ?? t("Somebody")}</bdi> ${t("ran the code")}${last.sha256 === this.sha256 || !this.sha256 ? nothing : html` <span class="muted">· ${t("it has been changed since")}</span>`}</div>${runBody(last)}`;
  }

  private testsBelow(): TemplateResult | typeof nothing {
    if (!this.tests) return nothing;
    return html`<details class="code-tests"><summary>${t("Tests of this problem")}</summary><p class="muted small-text">${t("They run behind your code, in this browser. That they pass is no proof that it is right.")}</p><pre class="run-output" dir="ltr">${this.tests}</pre></details>`;
  }
}

function hashOf(code: string): string {
  return toHexString(digest(new TextEncoder().encode(code)));
}

customElements.define("cs-code", CodeElement);
