import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const backend = process.env["QUIRE_UI_BACKEND"] ?? "http://127.0.0.1:5000";
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  // Relative, so that one build serves under any prefix: index.html gets a <base> from the server.
  base: "./",
  plugins: [react()],
  resolve: { alias: { "~": here("./src") } },
  build: {
    outDir: process.env["QUIRE_UI_OUT"] ?? here("../src/quire/server/ui_files"),
    emptyOutDir: true,
    // A data: URL of a picture or a font would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      // What several pages use is small and in many modules: as one file it is asked for once, not module by module.
      output: { codeSplitting: { groups: [{ name: "common", minShareCount: 8, maxModuleSize: 8_000 }] } },
    },
  },
  server: { proxy: { "/api": backend, "/ajax-api": backend, "/get-artifact": backend, "/health": backend } },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
});
