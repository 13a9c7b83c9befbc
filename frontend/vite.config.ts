import react from "@vitejs/plugin-react";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzip } from "node:zlib";
import { promisify } from "node:util";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const COMPRESSED = /\.(?:js|css|svg|html)$/;
const compress = promisify(gzip);

/** Writes a .gz beside each text asset, so that the web process never compresses. */
function precompress(): Plugin {
  let outDir = "";
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      outDir = config.build.outDir;
    },
    async closeBundle() {
      const names = await readdir(outDir, { recursive: true });
      const texts = names.filter((name) => COMPRESSED.test(name)).map((name) => join(outDir, name));
      await Promise.all(texts.map(async (path) => writeFile(`${path}.gz`, await compress(await readFile(path), { level: 9 }))));
    },
  };
}

/** What the first page is made of, beside the entry. */
const FIRST = ["drawing", "start", "LatestBuilds"];

/** The program's chunks are on their way from the page's first lines on; what draws the first frame goes before them. */
function preloadProgram(): Plugin {
  return {
    name: "preload-program",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle }) {
        const chunks = Object.values(bundle ?? {}).filter((file) => file.type === "chunk");
        return FIRST.map((name) => {
          const chunk = chunks.find((file) => file.name === name);
          if (chunk === undefined) throw new Error(`the build made no chunk of its own for ${name}`);
          return { tag: "link", attrs: { rel: "modulepreload", crossorigin: true, fetchpriority: "low", href: `./${chunk.fileName}` }, injectTo: "head" as const };
        });
      },
    },
  };
}

/**
 * index.html is served under several paths, so its own links start at the root; everything else (chunks, API,
 * socket, routes) follows from where the entry script came from, so a server below a path rewrites index.html only.
 */
function rootedIndex(): Plugin {
  return {
    name: "rooted-index",
    apply: "build",
    transformIndexHtml: { order: "post", handler: (html) => html.replaceAll('="./', '="/') },
  };
}

const target = process.env["CIHEALTH_DEV_API"] ?? "http://127.0.0.1:8000";
const paths = ["/alerts", "/api", "/builds", "/filters", "/grid", "/metrics", "/pipelines", "/receivers", "/series", "/silences", "/sources", "/waiting", "/ingest", "/login", "/logout"];

export default defineConfig({
  base: "./",
  plugins: [react(), preloadProgram(), rootedIndex(), precompress()],
  build: {
    outDir: "../webapp/static",
    emptyOutDir: true,
    target: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      ...Object.fromEntries(paths.map((path) => [path, { target }])),
      "/ws": { target, ws: true },
    },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}", "dev/**/*.test.ts"],
    testTimeout: 15_000,
    setupFiles: ["src/test/setup.ts"],
    restoreMocks: true,
  },
});
