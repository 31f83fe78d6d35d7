// @vitest-environment node
// What a browser loads first: built in memory, weighed as it goes over the wire.

import { beforeAll, describe, expect, it } from "vitest";
import { build } from "vite";

interface Output {
  fileName: string;
  code?: string;
  source?: string | Uint8Array;
}
type Manifest = Record<string, { file: string; name?: string; isEntry?: boolean; css?: string[]; imports?: string[] }>;

const files = new Map<string, Uint8Array<ArrayBuffer>>();
let manifest: Manifest = {};

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(packed).arrayBuffer()).byteLength;
}

/** Every file that a page with these entries asks for before it is complete. */
function firstLoad(...names: string[]): Set<string> {
  const seen = new Set<string>();
  const visit = (key: string): void => {
    const chunk = manifest[key];
    if (!chunk || seen.has(chunk.file)) return;
    seen.add(chunk.file);
    for (const css of chunk.css ?? []) seen.add(css);
    for (const wanted of chunk.imports ?? []) visit(wanted);
  };
  for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry && names.includes(chunk.name ?? "")) visit(key);
  return seen;
}

async function weight(...names: string[]): Promise<number> {
  let sum = 0;
  for (const file of firstLoad(...names)) sum += await gzip(files.get(file) ?? new Uint8Array());
  return sum / 1024;
}

beforeAll(async () => {
  const result = (await build({ logLevel: "silent", build: { write: false } })) as unknown as { output: Output[] };
  for (const one of result.output) {
    const content = one.code ?? one.source ?? "";
    files.set(one.fileName, typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content));
  }
  manifest = JSON.parse(new TextDecoder().decode(files.get("manifest.json"))) as Manifest;
}, 120_000);

describe("the bundles", () => {
  it("has the entries that templates name", () => {
    const names = Object.values(manifest).filter((chunk) => chunk.isEntry).map((chunk) => chunk.name);
    expect(names.sort()).toEqual(["dashboard", "room", "site", "theme"]);
  });
  it("the room's first load fits in 200 KB", async () => {
    expect(await weight("theme", "site", "room")).toBeLessThan(200);
  });
  it("and holds no pane: their code comes when one is opened", () => {
    const lazy = [...files.keys()].filter((name) => /-element-/.test(name) && /board|code|solution/.test(name));
    expect(lazy.length).toBeGreaterThan(2);
    const first = firstLoad("theme", "site", "room");
    expect(lazy.filter((name) => first.has(name))).toEqual([]);
  });
  it("hold the library of the boards once: two copies of it would not know each other's documents", () => {
    const holds = [...files].filter(([name, bytes]) => name.endsWith(".js") && new TextDecoder().decode(bytes).includes("Yjs was already imported"));
    expect(holds.length).toBe(1);
  });
  it("a page without formulas loads a tenth of that", async () => {
    expect(await weight("theme", "site")).toBeLessThan(20);
  });
  it("the theme runs as a classic script, before the page is painted", () => {
    const file = Object.values(manifest).find((chunk) => chunk.name === "theme")?.file ?? "";
    expect(new TextDecoder().decode(files.get(file))).not.toMatch(/\b(?:import|export)\b/);
  });
  it("ask nobody else for anything", () => {
    for (const [name, bytes] of files) {
      const text = name.endsWith(".css") ? new TextDecoder().decode(bytes) : "";
      for (const [, address] of text.matchAll(/url\(([^)]*)\)/g)) expect(address).toMatch(/^["']?(?:\.\/|data:image)/);
    }
  });
  it("bring formula fonts in one format", () => {
    const fonts = [...files.keys()].filter((name) => /\.(?:woff2?|ttf)$/.test(name));
    expect(fonts.length).toBeGreaterThan(10);
    expect(fonts.every((name) => name.endsWith(".woff2"))).toBe(true);
  });
});

describe("the sources", () => {
  const sources = import.meta.glob<string>("../src/**/*.ts", { eager: true, query: "?raw", import: "default" });
  it.each(Object.entries(sources))("%s writes no HTML and no style strings", (_, source) => {
    expect(source).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|unsafeHTML|unsafeSVG|DOMParser|\beval\(|new Function/);
    expect(source).not.toMatch(/setAttribute\("style"|\sstyle=/);
  });
  it.each(Object.entries(sources))("%s is short enough to read", (_, source) => {
    expect(source.split("\n").length).toBeLessThanOrEqual(301);
  });
});
