// Runs code in the sandbox, from the page: loads it on first use, cuts what is too long, and ends what takes too long.

import { type FromSandbox, heard, type TestReport, tidy, type ToSandbox } from "./messages";

export const RUN_MS = 10_000;
export const LOAD_MS = 90_000;
export const OUTPUT_LIMIT = 4_000;

export type Ending = "done" | "stopped" | "time" | "broken";
export interface Run {
  ending: Ending;
  /** The code ran to its end without an error. */
  ok: boolean;
  output: string;
  /** There was more output than is kept. */
  isCut: boolean;
  tests: TestReport | null;
  ms: number;
}
export type Phase = "loading" | "running";

/** The worker as the runner needs it; tests give their own. */
export interface Sandbox {
  postMessage(message: ToSandbox, transfer?: Transferable[]): void;
  terminate(): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: ((event: { message?: string }) => void) | null;
}
export interface Source {
  open: () => Sandbox;
  parts: () => Promise<{ wasm: ArrayBuffer; stdlib: ArrayBuffer }>;
}
export interface Watching {
  phase: (phase: Phase) => void;
  output: (text: string) => void;
}

export class Runner {
  private spare: Promise<Sandbox> | null = null;
  private end: ((ending: Ending) => void) | null = null;
  private runs = 0;

  constructor(private readonly source: Source) {}

  /** Opens a sandbox and loads it, so that the next run need not wait. */
  prepare(): void {
    this.spare ??= this.load();
    this.spare.catch(() => (this.spare = null));
  }

  /** Ends what runs. */
  stop(): void {
    this.end?.("stopped");
  }

  /** Throws the sandbox away. */
  close(): void {
    this.stop();
    this.runs += 1;
    void this.spare?.then((sandbox) => sandbox.terminate()).catch(() => undefined);
    this.spare = null;
  }

  /** Never rejects: whatever goes wrong is a way of ending. Each run has a sandbox of its own. */
  async run(code: string, tests: string, watching: Watching): Promise<Run> {
    const number = ++this.runs;
    this.stop();
    let stopped = false;
    this.end = () => (stopped = true);
    watching.phase("loading");
    this.prepare();
    let sandbox: Sandbox;
    try {
      sandbox = await (this.spare as Promise<Sandbox>);
    } catch {
      return { ...NOTHING, ending: "broken" };
    }
    if (stopped || number !== this.runs) return { ...NOTHING, ending: "stopped" };
    this.spare = null;
    watching.phase("running");
    const run = await this.watch(sandbox, code, tests, watching);
    sandbox.terminate();
    if (run.ending !== "broken") this.prepare();
    return run;
  }

  private watch(sandbox: Sandbox, code: string, tests: string, watching: Watching): Promise<Run> {
    return new Promise((done) => {
      const begun = Date.now();
      let output = "";
      let isCut = false;
      const finish = (ending: Ending, ok = false, report: TestReport | null = null): void => {
        window.clearTimeout(timer);
        this.end = sandbox.onmessage = sandbox.onerror = null;
        done({ ending, ok, output, isCut, tests: report, ms: Date.now() - begun });
      };
      const timer = window.setTimeout(() => finish("time"), RUN_MS);
      this.end = finish;
      sandbox.onerror = () => finish("broken");
      sandbox.onmessage = ({ data }) => {
        const message = heard(data);
        if (message?.kind === "out" && !isCut) {
          const whole = output + tidy(message.text);
          isCut = whole.length > OUTPUT_LIMIT;
          output = isCut ? tidy(whole.slice(0, OUTPUT_LIMIT)) : whole;
          watching.output(output);
        } else if (message?.kind === "done") finish("done", message.ok, message.tests);
        else if (message?.kind === "broken") finish("broken");
      };
      sandbox.postMessage({ kind: "run", code, tests });
    });
  }

  private async load(): Promise<Sandbox> {
    const parts = await this.source.parts();
    const sandbox = this.source.open();
    return new Promise((done, failed) => {
      const timer = window.setTimeout(() => fail("too slow"), LOAD_MS);
      const fail = (why: string): void => {
        window.clearTimeout(timer);
        sandbox.terminate();
        failed(new Error(why));
      };
      sandbox.onerror = (event) => fail(event.message ?? "the sandbox could not be started");
      sandbox.onmessage = ({ data }) => {
        const message: FromSandbox | null = heard(data);
        if (message?.kind === "broken") return fail(message.why);
        if (message?.kind !== "ready") return;
        window.clearTimeout(timer);
        done(sandbox);
      };
      sandbox.postMessage({ kind: "load", parts: { wasm: parts.wasm.slice(0), stdlib: parts.stdlib.slice(0) } });
    });
  }
}

const NOTHING: Run = { ending: "done", ok: false, output: "", isCut: false, tests: null, ms: 0 };
