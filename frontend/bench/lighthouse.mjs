/** Lighthouse's scores of an address, desktop and mobile, with the system's chromium (CHROMIUM names another). */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import lighthouse, { desktopConfig } from "lighthouse";

const [url] = process.argv.slice(2);
if (url === undefined) {
  console.error("usage: (cd bench && npm install) && node bench/lighthouse.mjs URL");
  process.exit(2);
}

const CATEGORIES = ["performance", "accessibility", "best-practices"];
const SHOWN = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift", "speed-index"];

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

async function started(port, profile) {
  const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", `--user-data-dir=${profile}`, `--remote-debugging-port=${port}`, "about:blank"];
  const browser = spawn(process.env.CHROMIUM ?? "/usr/bin/chromium", args, { stdio: "ignore" });
  for (let tries = 0; tries < 150; tries += 1) {
    const up = await fetch(`http://127.0.0.1:${port}/json/version`).then((answer) => answer.ok, () => false);
    if (up) return browser;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  browser.kill();
  throw new Error("chromium did not start within 30 s");
}

async function measure(name, config) {
  const profile = await mkdtemp(join(tmpdir(), "lighthouse-"));
  const port = await freePort();
  const browser = await started(port, profile);
  const ended = new Promise((resolve) => browser.once("exit", resolve));
  const { lhr } = await lighthouse(url, { port, onlyCategories: CATEGORIES, logLevel: "error" }, config);
  browser.kill();
  await ended;
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  console.log(`host benchmark index ${Math.round(lhr.environment.benchmarkIndex)}`);
  const scores = CATEGORIES.map((id) => `${id} ${Math.round(100 * (lhr.categories[id].score ?? 0))}`);
  console.log(`${name}: ${scores.join(", ")} · ${SHOWN.map((id) => `${id} ${lhr.audits[id].displayValue}`).join(", ")}`);
  for (const id of CATEGORIES) {
    for (const { id: audit, weight } of lhr.categories[id].auditRefs) {
      const { score, title } = lhr.audits[audit];
      if (weight > 0 && score !== null && score < 0.9) console.log(`  ${id}: ${title} (${Math.round(100 * score)})`);
    }
  }
}

await measure("desktop", desktopConfig);
await measure("mobile", undefined);
