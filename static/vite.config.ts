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

export default defineConfig({
  plugins: [woff2Only],
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
  test: { environment: "jsdom", include: ["test/**/*.test.ts"], testTimeout: 60_000 },
});
