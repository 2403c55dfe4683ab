import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// Ingress cuts the charset off the content type, and the minifier drops the rule from the sources.
const charsetFirst: Plugin = {
  name: "charset-first",
  enforce: "post",
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type === "asset" && file.fileName.endsWith(".css")) file.source = `@charset "utf-8";${String(file.source)}`;
    }
  },
};

// Relative base: behind Home Assistant's ingress the page lives under a path prefix it does not know.
export default defineConfig({
  base: "./",
  plugins: [charsetFirst],
  build: {
    outDir: "../rootfs/app/web/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600, // kB before compression, which leaves about a third
  },
  test: {
    include: ["test/**/*.test.ts"],
    environment: "node",
  },
});
