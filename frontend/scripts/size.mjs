/** Fails when the JavaScript that the first page load needs is larger than the budget, gzipped. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

const BUDGET_KIB = 150;
const folder = new URL("../../webapp/static/", import.meta.url).pathname;

const html = await readFile(join(folder, "index.html"), "utf8").catch(() => {
  console.error("There is no built dashboard: run `npm run build` first.");
  process.exit(2);
});
const first = new Set([...html.matchAll(/(?:src|href)="\/?(assets\/[^"]+\.js)"/g)].map((match) => match[1]));

/** The rows' own chunk counts: the first page waits for it. */
const rows = (await readdir(join(folder, "assets"))).find((name) => /^LatestBuilds-.*\.js$/.test(name));
if (rows !== undefined) first.add(`assets/${rows}`);

/** Chunks that a first-load file imports statically are part of the first load too. */
for (const name of first) {
  const code = await readFile(join(folder, name), "utf8");
  for (const [, chunk] of code.matchAll(/(?:^|[;\n}])\s*(?:import|export)\s*(?:[^"'()]*?from\s*)?["']\.\/([^"']+\.js)["']/g)) {
    first.add(`assets/${chunk}`);
  }
}

const sizeOf = async (name) => (await stat(join(folder, `${name}.gz`))).size / 1024;
let total = 0;
for (const name of first) {
  const kib = await sizeOf(name);
  total += kib;
  console.log(`${kib.toFixed(1).padStart(7)} KiB  ${name}`);
}
const later = (await readdir(join(folder, "assets"))).filter((name) => name.endsWith(".js") && !first.has(`assets/${name}`));
for (const name of later) console.log(`${(await sizeOf(`assets/${name}`)).toFixed(1).padStart(7)} KiB  assets/${name} (on demand)`);
console.log(`first load ${total.toFixed(1)} KiB of ${BUDGET_KIB} KiB`);
if (first.size === 0 || total > BUDGET_KIB) process.exit(1);
