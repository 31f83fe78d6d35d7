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

// What shrinks is kept packed beside itself, and the server gives that to every browser that takes it: the room's scripts are
// 600 kB, and 190 packed. Fonts, pictures and zip files are packed by themselves.
const packed: Plugin = {
  name: "packed",
  generateBundle: {
    order: "post",
    async handler(_, files) {
      for (const file of Object.values(files)) {
        if (!/\.(?:css|js|wasm)$/.test(file.fileName)) continue;
        const bare = file.type === "chunk" ? file.code : (file.source as string | Uint8Array<ArrayBuffer>);
        const stream = new Blob([bare]).stream().pipeThrough(new CompressionStream("gzip"));
        const source = new Uint8Array(await new Response(stream).arrayBuffer());
        this.emitFile({ type: "asset", fileName: `${file.fileName}.gz`, source });
      }
    },
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
