// Where the sandbox and its parts come from: all from this house, and only when somebody runs something.

import stdlibUrl from "pyodide/python_stdlib.zip?url";
import wasmUrl from "pyodide/pyodide.asm.wasm?url";

import type { Sandbox, Source } from "./runner";
import workerUrl from "./worker?worker&url";

interface Policy {
  createScriptURL: (address: string) => unknown;
}
const types = (globalThis as { trustedTypes?: { createPolicy: (name: string, rules: Policy) => Policy } }).trustedTypes;

/** The page's policy lets only named makers of script addresses start a worker: this one knows a single address. */
const policy = types?.createPolicy("sandbox", {
  createScriptURL: (address) => {
    if (address !== workerUrl) throw new TypeError("There is one sandbox only.");
    return address;
  },
});

async function bytes(address: string): Promise<ArrayBuffer> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${response.status}`);
  return response.arrayBuffer();
}

let kept: Promise<{ wasm: ArrayBuffer; stdlib: ArrayBuffer }> | null = null;

export const SOURCE: Source = {
  open: () => new Worker((policy?.createScriptURL(workerUrl) ?? workerUrl) as string, { type: "module", name: "sandbox" }) as unknown as Sandbox,
  parts: () => {
    kept ??= Promise.all([bytes(wasmUrl), bytes(stdlibUrl)]).then(([wasm, stdlib]) => ({ wasm, stdlib }));
    kept.catch(() => (kept = null));
    return kept;
  },
};
