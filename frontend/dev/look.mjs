/**
 * Takes pictures of every page and state into dev/out/, and fails on axe violations, errors in the console and
 * sideways scroll. `npm run build` first. LOOK=overview,build narrows it; CHROMIUM names the browser.
 */
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { chromium } from "playwright-core";

import { createMock } from "./server.mjs";

const OUT = new URL("./out/", import.meta.url).pathname;
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const WIDTHS = [1440, 1024, 390];
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function listening(options) {
  const mock = createMock(options);
  await new Promise((resolve) => mock.server.listen(0, "127.0.0.1", resolve));
  return { ...mock, url: `http://127.0.0.1:${mock.server.address().port}`, close: () => { mock.drop(); mock.server.closeAllConnections(); mock.server.close(); } };
}

const plain = await listening({});
const failed = plain.builds.findLast((build) => build.status === "failure");
const flaky = plain.builds.findLast((build) => build.attempt === 2);
const SCENES = {
  overview: { path: "/" },
  build: { path: `/ui/build/${failed.id}` },
  attempt: { path: `/ui/build/${flaky.id}` },
  pipeline: { path: `/ui/pipeline/${failed.pipeline_id}` },
  sources: { path: "/ui/sources" },
  menu: { path: "/", act: async (page) => { await page.getByRole("button", { name: /^repos/ }).click(); } },
  table: { path: "/", act: async (page) => { await page.getByRole("button", { name: "Show as table" }).click(); } },
  empty: { path: "/", options: { empty: true } },
  demo: { path: "/", options: { demo: true }, act: async (page) => { await page.locator("summary").click(); } },
  error: { path: "/", options: { fail: ["/series", "/metrics"] }, noisy: true, wait: 6000 },
  nomatch: { path: "/?q=nothing-like-this" },
  missing: { path: "/ui/build/999999", noisy: true },
  offline: { path: "/", noisy: true, act: async (page, mock) => { mock.close(); await page.context().setOffline(true); await page.waitForTimeout(800); } },
};

const problems = [];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });

async function shoot(name, scene, mock, width, colorScheme) {
  const context = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 1000 }, colorScheme, bypassCSP: false });
  const page = await context.newPage();
  const label = `${name}-${colorScheme}-${width}`;
  if (!scene.noisy) page.on("console", (message) => message.type() === "error" && problems.push(`${label}: console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`${label}: page error: ${error.message}`));
  await page.goto(mock.url + scene.path);
  await page.waitForLoadState("networkidle");
  await page.waitForTimeout(scene.wait ?? 400);
  await scene.act?.(page, mock);
  await page.screenshot({ path: `${OUT}${label}.png`, fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) problems.push(`${label}: ${wide} px of sideways scroll`);
  // The page's policy allows no injected script: axe comes in through the debugger, as an isolated evaluation.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const { id, nodes } of violations) problems.push(`${label}: axe ${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")}`);
  await context.close();
}

await mkdir(OUT, { recursive: true });
const wanted = (process.env.LOOK ?? Object.keys(SCENES).join()).split(",");
for (const name of wanted) {
  const scene = SCENES[name];
  for (const width of WIDTHS.filter((each) => (process.env.WIDTHS ?? String(WIDTHS)).split(",").includes(String(each)))) {
    for (const scheme of ["light", "dark"]) {
      const mock = scene.options || name === "offline" ? await listening(scene.options ?? {}) : plain;
      await shoot(name, scene, mock, width, scheme);
      if (mock !== plain) mock.close();
    }
  }
}
await browser.close();
plain.close();
console.log(problems.length === 0 ? "no problems" : problems.join("\n"));
process.exit(problems.length === 0 ? 0 : 1);
