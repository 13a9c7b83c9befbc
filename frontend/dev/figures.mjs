/** The mock's figures, by the rules of DESIGN ("Figures"), over a list of builds. */

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const WORST = ["failure", "in_progress", "queued", "cancelled", "skipped", "success"];
const at = (build) => Date.parse(build.started_at ?? build.created_at);
const conclusive = (build) => build.status === "success" || build.status === "failure";
const mean = (values) => (values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length);

export function windowOf(params, now) {
  const [, number, unit] = /^(\d+)([mhdw])$/.exec(params.get("window") ?? "7d") ?? [];
  return { since: now - Number(number) * UNITS[unit], until: now };
}

export function percentile(values, share) {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

export function matches(params) {
  const all = (name) => params.getAll(name);
  const one = (name, value) => all(name).length === 0 || all(name).includes(value);
  const text = all("q").map((part) => part.toLowerCase());
  return (build) =>
    ["pipeline", "provider", "source", "status"].every((name) => one(name, build[name])) &&
    (all("repo").length === 0 || all("repo").some((repo) => repo.toLowerCase() === build.repo.toLowerCase())) &&
    (one("branch", build.branch) || (all("branch").includes("@default") && build.branch === "main")) &&
    text.every((part) => [build.pipeline, build.repo, build.branch, build.commit, build.actor].some((field) => field?.toLowerCase().includes(part)));
}

function rates(builds) {
  const counted = builds.filter(conclusive);
  const good = counted.filter((build) => build.status === "success").length;
  const success = counted.length === 0 ? null : (100 * good) / counted.length;
  const lengths = counted.map((build) => build.duration_seconds).filter((value) => value !== null);
  const queued = builds.map((build) => build.queue_seconds).filter((value) => value !== null);
  return {
    success_rate: success, failure_rate: success === null ? null : 100 - success, avg_build_time: mean(lengths),
    p50_build_time: percentile(lengths, 0.5), p90_build_time: percentile(lengths, 0.9), p95_build_time: percentile(lengths, 0.95),
    queue_time_p50: percentile(queued, 0.5), queue_time_p95: percentile(queued, 0.95), queue_samples: queued.length, finished: counted.length,
  };
}

function recoveries(builds) {
  const open = new Map();
  const seconds = [];
  for (const build of builds.filter(conclusive)) {
    const key = `${build.pipeline_id} ${build.branch}`;
    if (build.status === "failure") open.set(key, open.get(key) ?? at(build));
    else if (open.has(key)) {
      seconds.push((at(build) - open.get(key)) / 1000);
      open.delete(key);
    }
  }
  return { median_seconds: percentile(seconds, 0.5), count: seconds.length, open: open.size };
}

function pipelineOf(builds) {
  const last = builds.at(-1);
  const counted = builds.filter(conclusive);
  const status = counted.at(-1)?.status ?? last.status;
  const turn = counted.findLastIndex((build) => build.status !== status);
  const streak = counted.slice(turn + 1);
  const first = streak[0];
  const failed = new Set(counted.filter((build) => build.status === "failure").map((build) => build.commit));
  return {
    id: last.pipeline_id, provider: last.provider, instance: last.instance, repo: last.repo, pipeline: last.pipeline, file: null, branch: null,
    status, since: first?.started_at ?? null, streak: streak.length, running: builds.filter((build) => build.status === "in_progress").length,
    last_build_id: last.id, last_build_at: last.started_at,
    first_bad: status === "failure" ? { build_id: first.id, commit: first.commit, actor: first.actor, started_at: first.started_at } : null,
    flaky_commits: counted.filter((build) => build.status === "success" && failed.has(build.commit)).length,
    history: builds.slice(-14).map(({ id, status: each, started_at }) => ({ id, status: each, started_at })), state: "active", url: null,
  };
}

export function pipelines(builds) {
  const found = [...Map.groupBy?.(builds, (build) => build.pipeline_id)?.values() ?? grouped(builds).values()].map(pipelineOf);
  return found.sort((a, b) => WORST.indexOf(a.status) - WORST.indexOf(b.status) || b.flaky_commits - a.flaky_commits);
}

function grouped(builds) {
  const groups = new Map();
  for (const build of builds) groups.set(build.pipeline_id, [...(groups.get(build.pipeline_id) ?? []), build]);
  return groups;
}

function buckets(builds, { since, until }, number) {
  const step = (until - since) / number;
  return Array.from({ length: number }, (_, index) => {
    const from = since + index * step;
    return { at: new Date(from).toISOString(), builds: builds.filter((build) => at(build) >= from && at(build) < from + step) };
  });
}

export function summary(builds, params, now, sources) {
  const span = windowOf(params, now);
  const mine = builds.filter(matches(params));
  const within = mine.filter((build) => at(build) >= span.since);
  const before = mine.filter((build) => at(build) >= 2 * span.since - span.until && at(build) < span.since);
  const parts = buckets(within, span, 14).map((bucket) => ({ at: bucket.at, ...rates(bucket.builds) }));
  const line = (name) => parts.map((part) => part[name]);
  const counts = Object.fromEntries(WORST.map((status) => [status, within.filter((build) => build.status === status).length]));
  return {
    window: params.get("window") ?? "7d", since: new Date(span.since).toISOString(), until: new Date(span.until).toISOString(),
    ...rates(within), recovery: recoveries(within), counts,
    previous: { ...rates(before), recovery_median_seconds: recoveries(before).median_seconds },
    sparklines: { at: line("at"), success_rate: line("success_rate"), failure_rate: line("failure_rate"), avg_build_time: line("avg_build_time"), queue_time_p50: line("queue_time_p50") },
    last_status_by_pipeline: {}, pipelines: pipelines(mine), as_of: new Date(now).toISOString(),
    sources: { total: sources.length, fresh: sources.filter((source) => source.state === "ok").length },
    branch_note: params.getAll("branch").includes("@default") ? "@default" : null,
  };
}

export function series(builds, params, now) {
  const span = windowOf(params, now);
  const within = builds.filter(matches(params)).filter((build) => at(build) >= span.since && build.duration_seconds !== null && conclusive(build));
  const groups = [...grouped(within).values()].sort((a, b) => b.length - a.length);
  return {
    metric: "duration_seconds", bucket_seconds: (span.until - span.since) / 84_000, since: new Date(span.since).toISOString(), until: new Date(span.until).toISOString(),
    total_builds: within.length, total_pipelines: groups.length,
    series: groups.slice(0, Number(params.get("pipelines") ?? 3)).map((group) => ({
      pipeline_id: group[0].pipeline_id, repo: group[0].repo, pipeline: group[0].pipeline, builds: group.length,
      points: buckets(group, span, 84).flatMap(({ at: from, builds: some }) => (some.length === 0 ? [] : [{ at: from, value: mean(some.map((build) => build.duration_seconds)), n: some.length }])),
      failures: group.filter((build) => build.status === "failure").map((build) => ({ at: build.started_at, value: build.duration_seconds, build_id: build.id })),
    })),
  };
}
