/**
 * A stand-in for the web process while the dashboard is worked on: the same paths and shapes over a made-up history.
 * Settings come from the environment: PORT, EMPTY=1 (no build, no source), DEMO=1, QUIET=1 (no new builds),
 * FAIL=/series,/builds (paths that answer 500).
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";

import { matches, pipelines, series, summary, windowOf } from "./figures.mjs";
import { kinds, makeBuild, makeHistory, random } from "./history.mjs";
import { accept } from "./socket.mjs";

const STATIC = new URL("../../webapp/static/", import.meta.url).pathname;
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
const LOG = ["tests/test_refunds.py::test_refund_once PASSED", "tests/test_refunds.py::test_refund_twice FAILED", "", ">       assert len(refunds) == 1", "E       test_refund_twice: expected 1 refund, got 2", "E        +  where 2 = len([Refund(id=1), Refund(id=2)])", "", "tests/test_refunds.py:88: AssertionError", "========= 1 failed, 412 passed in 131.07s ========="].join("\n");

const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();

function makeSources() {
  const plain = { last_error: null, last_error_at: null, waiting_until: null, interval_seconds: 60, budget: null };
  return [
    { ...plain, name: "acme", provider: "github", instance: "github.com", state: "ok", last_success_at: ago(12), budget: { limit: 5000, remaining: 4211, reset_at: ago(-1900) } },
    { ...plain, name: "build-server", provider: "jenkins", instance: "jenkins.acme.example", state: "ok", last_success_at: ago(31) },
    { ...plain, name: "old-controller", provider: "jenkins", instance: "jenkins.old.example", state: "failing", last_success_at: ago(5400), last_error: "jenkins.old.example refused the connection", advice: "Is it running, and may this machine reach it?", last_error_at: ago(40) },
    { ...plain, name: "partner", provider: "github", instance: "github.com", state: "waiting", last_success_at: ago(700), waiting_until: ago(-900), budget: { limit: 60, remaining: 0, reset_at: ago(-900) } },
    { ...plain, name: "labs", provider: "github", instance: "github.com", state: "new", last_success_at: null, progress: { target: "acme/labs-web", done: 3, total: 11, builds: 412 } },
  ];
}

function detail(build, builds) {
  const from = Date.parse(build.started_at ?? build.created_at);
  const seconds = build.duration_seconds ?? 60;
  const time = (share) => new Date(from + share * seconds * 1000).toISOString();
  const step = (name, number, status, start, end) => ({ name, number, status, started_at: time(start), completed_at: time(end) });
  const job = (name, status, start, end, queue, steps = []) => ({ name, status, conclusion: status, started_at: time(start), completed_at: time(end), queue_seconds: queue, labels: ["ubuntu-24.04"], steps });
  const bad = build.status === "failure" ? "failure" : "success";
  const tests = [step("checkout", 1, "success", 0.14, 0.16), step("set up", 2, "success", 0.16, 0.24), step("install", 3, "success", 0.24, 0.4), step("pytest", 4, bad, 0.4, 0.88), step("upload", 5, "skipped", 0.88, 0.88)];
  const jobs = [job("lint", "success", 0.01, 0.18, 2), job("unit (3.11)", "success", 0.01, 0.55, 3), job("unit (3.12)", bad, 0.14, 0.89, 0.14 * seconds, tests), job("e2e (chrome)", "success", 0.22, 0.91, 12), { ...job("image", "skipped", 0.93, 0.93, null), started_at: null }];
  const attempts = builds.filter((each) => each.commit === build.commit && each.pipeline_id === build.pipeline_id);
  const log = build.status === "failure" ? { logs: LOG } : { logs: null };
  return { ...build, ...log, jobs: build.status === "queued" ? [] : jobs, attempts: attempts.map(({ id, attempt, status }) => ({ id, attempt, status })) };
}

const key = (build) => Date.parse(build.started_at ?? build.created_at);

function page(builds, params) {
  const { since } = windowOf(params, Date.now());
  const sort = params.get("sort") ?? "-started_at";
  const column = sort.replace("-", "");
  const value = (build) => (column === "started_at" ? key(build) : build[column]);
  const found = builds.filter(matches(params)).filter((build) => key(build) >= since);
  const order = (a, b) => (value(a) === null ? 1 : value(b) === null ? -1 : value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : a.id - b.id) * (sort.startsWith("-") ? -1 : 1);
  found.sort(order);
  const limit = Number(params.get("limit") ?? 50);
  const start = params.has("cursor") ? found.findIndex((build) => build.id === Number(params.get("cursor"))) + 1 : 0;
  const part = found.slice(start, start + limit);
  return { builds: part, next: start + limit < found.length ? String(part.at(-1).id) : null };
}

function distinct(builds, name) {
  return [...new Set(builds.map((build) => build[name]))].filter(Boolean).sort();
}

/** The mock as a server that is not listening yet, with `tell(build)` to bring a build in and `drop()` to cut all sockets. */
export function createMock({ empty = false, demo = false, fail = [], seed = 7 } = {}) {
  const builds = empty ? [] : makeHistory({ seed });
  const sources = empty ? [] : makeSources();
  const lines = new Set();
  const changes = [];
  const routes = {
    "/api/meta": () => ({ version: "0.1.0", demo, sources_configured: !empty, public_url: null, groups: ["web-team"], refresh_seconds: 30 }),
    "/filters": () => ({ repos: distinct(builds, "repo"), pipelines: distinct(builds, "pipeline"), branches: distinct(builds, "branch"), providers: distinct(builds, "provider"), sources: sources.map(({ name }) => name), groups: ["web-team"], statuses: [] }),
    "/metrics/summary": (params) => summary(builds, params, Date.now(), sources),
    "/series": (params) => series(builds, params, Date.now()),
    "/pipelines": (params) => ({ pipelines: pipelines(builds.filter(matches(params))) }),
    "/sources": () => ({ sources }),
    "/builds": (params) => page(builds, params),
    "/builds/latest": (params) => ({ ...page(builds, params), next: null }),
  };

  function json(response, status, body) {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body));
  }

  async function asset(path, response) {
    const page = path === "/" || path.startsWith("/ui/");
    const file = page ? "index.html" : normalize(path).slice(1);
    const body = await readFile(join(STATIC, file)).catch(() => null);
    if (body === null) return json(response, 404, { error: { code: "not_found", message: "There is nothing at this address." } });
    response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream", "Content-Security-Policy": POLICY });
    return response.end(body);
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://mock");
    if (fail.some((path) => pathname.startsWith(path))) return json(response, 500, { error: { code: "internal", message: "The database is locked by another program." } });
    const one = /^\/builds\/(\d+)$/.exec(pathname);
    const found = one && builds.find((build) => build.id === Number(one[1]));
    if (one) return found ? json(response, 200, detail(found, builds)) : json(response, 404, { error: { code: "not_found", message: `There is no build ${one[1]}.` } });
    const route = routes[pathname];
    return route ? json(response, 200, route(searchParams)) : asset(pathname, response);
  });

  server.on("upgrade", (request, socket) => {
    const params = new URL(request.url, "http://mock").searchParams;
    const line = accept(request, socket);
    const client = { ...line, wants: matches(params) };
    lines.add(client);
    socket.on("close", () => lines.delete(client));
    const since = params.has("since") ? Number(params.get("since")) : changes.length;
    line.send({ event: "hello", seq: since });
    if (since > changes.length) line.send({ event: "reset", seq: changes.length });
    else changes.slice(since).forEach((build, index) => client.wants(build) && line.send({ event: "build_ingested", seq: since + index + 1, builds: [build] }));
  });

  function tell(build) {
    const place = builds.findIndex((each) => each.id === build.id);
    if (place === -1) builds.push(build);
    else builds[place] = build;
    changes.push(build);
    for (const line of lines) if (line.wants(build)) line.send({ event: "build_ingested", seq: changes.length, builds: [build] });
  }
  return { server, builds, tell, drop: () => lines.forEach((line) => line.close()) };
}

/** Every few seconds a build starts, and the one before it ends. */
function liven(mock) {
  const next = random(Date.now());
  let running = null;
  setInterval(() => {
    if (running !== null) mock.tell({ ...running, ...makeBuild(next, kinds[running.pipeline_id - 1], running.id, Date.parse(running.started_at), next() < 0.8 ? "success" : "failure", running), completed_at: new Date().toISOString() });
    running = makeBuild(next, kinds[Math.floor(next() * kinds.length)], mock.builds.length + 1, Date.now(), "in_progress");
    mock.tell(running);
  }, 6000).unref();
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { PORT = "8000", EMPTY, DEMO, QUIET, FAIL = "" } = process.env;
  const mock = createMock({ empty: EMPTY === "1", demo: DEMO === "1", fail: FAIL.split(",").filter(Boolean) });
  if (EMPTY !== "1" && QUIET !== "1") liven(mock);
  mock.server.listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${mock.server.address().port}/`));
}
