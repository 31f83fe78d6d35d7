import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// Every browser that runs the bundles reads woff2: the other two formats of each formula font stay out.
const woff2Only: Plugin = {
  name: "woff2-only",
  enforce: "pre",
  transform(code, id) {
    if (!/katex.*\.css$/.test(id)) return null;
    return code.replace(/,url\([^)]*\.(?:woff|ttf)\) format\("(?:woff|truetype)"\)/g, "");
  },
};

// The interpreter is 10 MB, and 3.6 packed: the server gives the packed file to every browser that takes it.
const packed: Plugin = {
  name: "packed",
  async generateBundle(_, files) {
    for (const file of Object.values(files)) {
      if (file.type !== "asset" || !file.fileName.endsWith(".wasm")) continue;
      const stream = new Blob([file.source as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("gzip"));
      const source = new Uint8Array(await new Response(stream).arrayBuffer());
      this.emitFile({ type: "asset", fileName: `${file.fileName}.gz`, source });
    }
  },
};

export default defineConfig({
  plugins: [woff2Only, packed],
  // Relative addresses: chunks and fonts find each other wherever the server puts the folder.
  base: "./",
  publicDir: "public",
  build: {
    outDir: "dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    // A polyfill would be an inline script; data: fonts are not in the policy.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: {
      input: { theme: "src/theme.ts", site: "src/site.ts", room: "src/room.ts", dashboard: "src/dashboard.ts" },
    },
  },
  // The sandbox of a page: one file in a folder of its own, whose answers carry a policy of their own (classroom/settings.py).
  worker: { format: "es", rollupOptions: { output: { entryFileNames: "sandbox/[name]-[hash].js", codeSplitting: false } } },
  // Threads start faster than processes, and nothing here needs a process of its own.
  test: { pool: "threads", environment: "jsdom", include: ["test/**/*.test.ts"], testTimeout: 60_000 },
});
