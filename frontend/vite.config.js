// Two builds: `pages` (hashed files behind a manifest) and `chat` (one classic script that any page can include).
import { defineConfig } from "vite";

const OUTPUT = "../helpsage/web/static/build";

const pages = {
  outDir: OUTPUT,
  emptyOutDir: true,
  manifest: "manifest.json",
  assetsInlineLimit: 0,
  rolldownOptions: { input: { pages: "src/pages/main.ts", charts: "src/pages/charts.ts", theme: "src/styles/pages.scss" } },
};

const chat = {
  outDir: OUTPUT,
  emptyOutDir: false,
  assetsInlineLimit: 8192,
  rolldownOptions: {
    input: "src/chat/main.ts",
    output: { format: "iife", entryFileNames: "chat.js" },
  },
};

export default defineConfig(({ mode }) => ({
  mode: "production",
  base: "/static/build/",
  publicDir: false,
  build: { target: "es2022", modulePreload: false, reportCompressedSize: false, ...(mode === "chat" ? chat : pages) },
  css: {
    preprocessorOptions: {
      // Bootstrap 5.3 still uses what newer Sass warns about.
      scss: { quietDeps: true, silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"] },
    },
  },
}));
