// The sandbox: a worker of its own policy (classroom/settings.py, SANDBOX_POLICY), which may load and reach nothing at all. What
// it needs is handed in; what it says is text. One worker runs one piece of code once, then it is thrown away.

import { loadPyodide } from "pyodide";
import createPyodideModule from "pyodide/pyodide.asm.mjs";
import { info } from "pyodide/pyodide-lock.json";

import HARNESS from "./harness.py?raw";
import { type FromSandbox, type Parts, type ToSandbox } from "./messages";

const OUTPUT_MOST = 20_000;
const FLUSH_MS = 60;

type Python = Awaited<ReturnType<typeof loadPyodide>>;
const scope = globalThis as unknown as { fetch: unknown; postMessage: (message: FromSandbox) => void };
const tell = (message: FromSandbox): void => scope.postMessage(message);

/** Pyodide fetches its two files: they are given to it here, and everything else is refused before the policy has to. */
function fetchReplace(parts: Parts | null): void {
  scope.fetch = async (address: unknown): Promise<Response> => {
    const name = String(address).split("/").at(-1) ?? "";
    if (parts && name.endsWith(".wasm")) return new Response(parts.wasm, { headers: { "Content-Type": "application/wasm" } });
    if (parts && name.endsWith(".zip")) return new Response(parts.stdlib);
    throw new TypeError("There is no network in here.");
  };
}

async function load(parts: Parts): Promise<Python> {
  fetchReplace(parts);
  const python = await loadPyodide({
    indexURL: "https://sandbox.invalid/",
    createPyodideModule,
    lockFileContents: { info, packages: {} } as never,
    // What `import js` finds: nothing of this worker.
    jsglobals: Object.create(null) as object,
    checkAPIVersion: true,
  });
  fetchReplace(null);
  python.runPython(HARNESS);
  return python;
}

/** Gathers output and sends it in pieces: a loop that prints must not send a million messages. */
class Printer {
  private text = "";
  private sent = 0;
  private at = 0;
  private readonly decoder = new TextDecoder();

  write(bytes: Uint8Array): number {
    if (this.sent <= OUTPUT_MOST) this.text += this.decoder.decode(bytes, { stream: true });
    const now = Date.now();
    if (this.text.length > OUTPUT_MOST || now - this.at > FLUSH_MS) this.flush(now);
    return bytes.length;
  }

  flush(now: number = Date.now()): void {
    this.at = now;
    const text = this.text.slice(0, OUTPUT_MOST + 1);
    this.text = "";
    this.sent += text.length;
    if (text) tell({ kind: "out", text });
  }
}

function run(python: Python, code: string, tests: string): void {
  const printer = new Printer();
  const sink = { write: (bytes: Uint8Array) => printer.write(bytes) };
  python.setStdout(sink);
  python.setStderr(sink);
  python.setStdin({ stdin: () => null });
  const [names, ok] = python.globals.get("run")(code) as [unknown, boolean];
  const report = ok && tests.trim() ? (python.globals.get("check")(tests, names).toJs() as [number, number, string[]]) : null;
  printer.flush();
  tell({ kind: "done", ok, tests: report && { passed: report[0], total: report[1], failed: report[2] } });
}

let python: Promise<Python> | null = null;
globalThis.addEventListener("message", (event: MessageEvent<ToSandbox>) => {
  const message = event.data;
  if (message.kind === "load") {
    python = load(message.parts);
    python.then(() => tell({ kind: "ready" })).catch((error: unknown) => tell({ kind: "broken", why: String(error) }));
  } else {
    void python?.then((ready) => run(ready, message.code, message.tests)).catch((error: unknown) => tell({ kind: "broken", why: String(error) }));
  }
});
