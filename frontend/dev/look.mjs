/**
 * Takes pictures of every page and state of a running server (CIHEALTH_DEV_API, best `cihealth demo`) into dev/out/, and
 * fails on axe violations, errors in the console and sideways scroll. LOOK=overview,build and WIDTHS=1440 narrow it;
 * CHROMIUM names the browser.
 */
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { chromium } from "playwright-core";

const API = process.env.CIHEALTH_DEV_API ?? "http://127.0.0.1:8000";
const OUT = new URL("./out/", import.meta.url).pathname;
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const only = (name, all) => (process.env[name] ?? all).split(",");

const ask = async (path) => (await fetch(API + path)).json();
const { pipelines } = await ask("/pipelines?window=90d&branch=@default");
const worst = pipelines.find((one) => one.outlook === "failing" && one.last_build_id !== null) ?? pipelines[0];
const [failed] = (await ask(`/builds?status=failure&window=90d&limit=50&repo=${encodeURIComponent(worst.repo)}&branch=@default`)).builds.filter((build) => build.logs && build.failing_step);
const [again] = (await ask("/builds?window=90d&limit=200")).builds.filter((build) => build.attempt > 1);

const refuse = (part) => (page) => page.route(part, (route) => route.fulfill({ status: 500, json: { error: { code: "internal", message: "The database is locked by another program." } } }));
const blank = async (page) => {
  const meta = await ask("/api/meta");
  await page.route("**/api/meta", (route) => route.fulfill({ json: { ...meta, demo: false, sources_configured: false } }));
  await page.route("**/metrics/summary*", async (route) => {
    const told = await ask("/metrics/summary?q=nothing-is-called-like-this");
    await route.fulfill({ json: told });
  });
};

const SCENES = {
  overview: { path: "/" },
  pipeline: { path: `/ui/pipeline/${worst.id}` },
  build: { path: `/ui/build/${failed.id}` },
  attempt: { path: `/ui/build/${(again ?? failed).id}` },
  grid: { path: `/ui/grid?repo=${encodeURIComponent(worst.repo)}` },
  waiting: { path: "/ui/waiting" },
  alerts: { path: "/ui/alerts" },
  wall: { path: "/ui/wall" },
  hidden: { path: "/ui/wall?healthy=hide" },
  sources: { path: "/ui/sources" },
  menu: { path: "/", act: (page) => page.getByRole("button", { name: /^repos/ }).click() },
  table: { path: "/", act: (page) => page.getByRole("button", { name: "Show as table" }).click() },
  palette: { path: "/", act: async (page) => { await page.keyboard.press("Control+k"); await page.keyboard.type(worst.repo.split("/").at(-1)); await page.waitForTimeout(700); } },
  shortcuts: { path: "/", act: async (page) => { await page.keyboard.press("?"); await page.waitForTimeout(300); } },
  preferences: { path: "/", act: async (page) => { await page.keyboard.press(","); await page.waitForTimeout(300); } },
  empty: { path: "/", before: blank },
  error: { path: "/", before: async (page) => { await refuse("**/series*")(page); await refuse("**/metrics/summary*")(page); }, noisy: true, wait: 6000 },
  nomatch: { path: "/?q=nothing-like-this" },
  missing: { path: "/ui/build/999999999", noisy: true },
  offline: { path: "/", noisy: true, act: async (page) => { await page.context().setOffline(true); await page.waitForTimeout(800); } },
};

const problems = [];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });

async function shoot(name, scene, width, colorScheme) {
  const context = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 1000 }, colorScheme });
  const page = await context.newPage();
  const label = `${name}-${colorScheme}-${width}`;
  if (!scene.noisy) page.on("console", (message) => ["error", "warning"].includes(message.type()) && problems.push(`${label}: console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`${label}: page error: ${error.message}`));
  await scene.before?.(page);
  await page.goto(API + scene.path);
  await page.waitForLoadState("networkidle");
  await page.waitForTimeout(scene.wait ?? 500);
  await scene.act?.(page);
  if (!scene.path.startsWith("/ui/wall")) {
    // Lists put only what is in sight into the document: the window grows to the page before its picture is taken.
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ width, height: Math.min(height, 4000) });
    await page.waitForTimeout(300);
  }
  await page.screenshot({ path: `${OUT}${label}.png`, fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) problems.push(`${label}: ${wide} px of sideways scroll`);
  // The page's policy allows no injected script: axe comes in through the debugger, as an isolated evaluation.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const { id, nodes } of violations) problems.push(`${label}: axe ${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 140)).join(" | ")}`);
  await context.close();
}

await mkdir(OUT, { recursive: true });
for (const name of only("LOOK", Object.keys(SCENES).join())) {
  for (const width of only("WIDTHS", "1440,1024,390").map(Number)) {
    for (const scheme of only("SCHEMES", "light,dark")) await shoot(name, SCENES[name], width, scheme);
  }
}
await browser.close();
console.log(problems.length === 0 ? "no problems" : problems.join("\n"));
process.exit(problems.length === 0 ? 0 : 1);
