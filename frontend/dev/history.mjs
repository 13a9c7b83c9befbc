/** A made-up but lifelike history of builds: the same for the same seed, ending at `now`. */

const PIPELINES = [
  { provider: "github", repo: "acme/web", pipeline: "ci", minutes: 4.5, everyHours: 2.2, fails: 0.05, actor: "jon" },
  { provider: "github", repo: "acme/web", pipeline: "e2e", minutes: 9, everyHours: 3.5, fails: 0.04, actor: "jon", slower: true },
  { provider: "github", repo: "acme/checkout", pipeline: "build-and-test", minutes: 4.6, everyHours: 4, fails: 0.08, actor: "mira", brokenHours: 2.4 },
  { provider: "github", repo: "acme/checkout", pipeline: "lint", minutes: 0.8, everyHours: 5, fails: 0.01, actor: "mira" },
  { provider: "github", repo: "acme/mobile", pipeline: "release", minutes: 9.5, everyHours: 11, fails: 0.08, actor: "tomek", brokenHours: 19 },
  { provider: "github", repo: "acme/api", pipeline: "ci", minutes: 5, everyHours: 3, fails: 0.06, actor: "dependabot" },
  { provider: "github", repo: "acme/api", pipeline: "deploy", minutes: 2.2, everyHours: 9, fails: 0.02, actor: "lena" },
  { provider: "github", repo: "acme/docs", pipeline: "pages", minutes: 1.4, everyHours: 14, fails: 0.01, actor: "lena" },
  { provider: "jenkins", repo: "platform/images", pipeline: "nightly", minutes: 12, everyHours: 3.2, fails: 0.05, actor: "timer" },
  { provider: "jenkins", repo: "platform/terraform", pipeline: "plan", minutes: 3, everyHours: 6, fails: 0.16, actor: "ops", flaky: true },
  { provider: "jenkins", repo: "platform/terraform", pipeline: "apply", minutes: 5, everyHours: 20, fails: 0.03, actor: "ops" },
  { provider: "jenkins", repo: "platform/backup", pipeline: "restore-test", minutes: 38, everyHours: 24, fails: 0.02, actor: "timer" },
];
const MESSAGES = ["Refund twice guards against replays", "Bump the parser", "Cache the lock file", "Say which cart raced", "Tidy the release notes", "Retry the upload once"];
const HOUR = 3_600_000;

/** mulberry32: small, seeded, good enough for a mock. */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const iso = (at) => new Date(at).toISOString();
const hex = (next, length) => Array.from({ length }, () => Math.floor(next() * 16).toString(16)).join("");

export function makeBuild(next, kind, id, startedAt, status, { attempt = 1, commit = hex(next, 40), branch = "main" } = {}) {
  const seconds = kind.minutes * 60 * (0.85 + next() * 0.3) * (status === "failure" ? 0.8 : 1);
  const open = status === "in_progress" || status === "queued";
  const github = kind.provider === "github";
  const instance = github ? "github.com" : "jenkins.acme.example";
  return {
    id, provider: kind.provider, instance, repo: kind.repo, pipeline: kind.pipeline, pipeline_id: PIPELINES.indexOf(kind) + 1,
    external_id: String(100_000 + id), attempt, status, conclusion: open ? null : github ? status : status.toUpperCase(),
    branch, commit, message: MESSAGES[Math.floor(next() * MESSAGES.length)], actor: kind.actor,
    event: kind.actor === "timer" ? "schedule" : branch === "main" ? "push" : "pull_request",
    url: `https://${instance}/${kind.repo}/runs/${100_000 + id}`, source: github ? "acme" : "build-server",
    created_at: iso(startedAt - 20_000), started_at: status === "queued" ? null : iso(startedAt),
    completed_at: open ? null : iso(startedAt + seconds * 1000), duration_seconds: open ? null : Math.round(seconds * 10) / 10,
    queue_seconds: status === "queued" ? null : Math.round(4 + next() * next() * 180),
    failing_step: status === "failure" ? "unit (3.12) › pytest" : null,
    error: status === "failure" ? "test_refund_twice: expected 1 refund, got 2" : null,
  };
}

function statusOf(next, kind, age) {
  if (kind.brokenHours && age < kind.brokenHours * HOUR) return "failure";
  const drawn = next();
  if (drawn < kind.fails) return "failure";
  return drawn > 0.97 ? "cancelled" : drawn > 0.95 ? "skipped" : "success";
}

function runsOf(next, kind, now, days, builds) {
  const base = kind.minutes;
  for (let at = now - days * 24 * HOUR; at < now - 0.4 * HOUR; at += kind.everyHours * HOUR * (0.5 + next())) {
    const age = now - at;
    kind.minutes = base * (kind.slower && age < 48 * HOUR ? 1.3 : 1);
    const main = next() < 0.75 || Boolean(kind.brokenHours && age < kind.brokenHours * HOUR);
    const place = { branch: main ? "main" : "fix/cart-race", commit: hex(next, 40) };
    const status = statusOf(next, kind, age);
    builds.push(makeBuild(next, kind, 0, at, status, place));
    if (kind.flaky && status === "failure") builds.push(makeBuild(next, kind, 0, at + 600_000, "success", { ...place, attempt: 2 }));
  }
  kind.minutes = base;
}

/** Builds of `days` days, oldest first, their ids in the order of their starts. */
export function makeHistory({ seed = 7, now = Date.now(), days = 30 } = {}) {
  const next = random(seed);
  const builds = [];
  for (const kind of PIPELINES) runsOf(next, kind, now, days, builds);
  builds.push(makeBuild(next, PIPELINES[0], 0, now - 72_000, "in_progress"), makeBuild(next, PIPELINES[2], 0, now - 40_000, "in_progress"));
  builds.push(makeBuild(next, PIPELINES[9], 0, now - 33 * 60_000, "queued"));
  builds.sort((a, b) => Date.parse(a.started_at ?? a.created_at) - Date.parse(b.started_at ?? b.created_at));
  builds.forEach((build, index) => {
    build.id = index + 1;
    build.external_id = String(100_000 + build.id);
  });
  return builds;
}

export const kinds = PIPELINES;
