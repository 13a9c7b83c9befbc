import type { Build, BuildDetail, Pipeline, Summary } from "../api/types";

export function aBuild(part: Partial<Build> = {}): Build {
  const id = part.id ?? 1;
  return {
    id,
    provider: "github",
    instance: "github.com",
    repo: "acme/web",
    pipeline: "ci",
    external_id: String(9000 + id),
    attempt: 1,
    status: "success",
    conclusion: "success",
    branch: "main",
    commit: "0123456789abcdef0123456789abcdef01234567",
    message: "Bump the parser",
    actor: "mira",
    event: "push",
    url: "https://github.com/acme/web/actions/runs/1",
    source: "acme",
    created_at: "2026-11-20T10:00:00Z",
    started_at: "2026-11-20T10:00:10Z",
    completed_at: "2026-11-20T10:04:10Z",
    duration_seconds: 240,
    queue_seconds: 10,
    ...part,
  };
}

export const aDetail = (part: Partial<BuildDetail> = {}): BuildDetail => ({ ...aBuild(part), jobs: [], attempts: [], ...part });

export function aPipeline(part: Partial<Pipeline> = {}): Pipeline {
  return {
    id: 1,
    provider: "github",
    instance: "github.com",
    repo: "acme/web",
    pipeline: "ci",
    file: null,
    branch: null,
    status: "success",
    since: "2026-11-20T09:00:00Z",
    streak: 7,
    running: 0,
    last_build_id: 1,
    last_build_at: "2026-11-20T10:00:00Z",
    first_bad: null,
    flaky_commits: 0,
    history: [],
    state: "active",
    url: null,
    ...part,
  };
}

export function aSummary(part: Partial<Summary> = {}): Summary {
  return {
    window: "7d",
    since: "2026-11-13T10:00:00Z",
    until: "2026-11-20T10:00:00Z",
    success_rate: 92.3,
    failure_rate: 7.7,
    avg_build_time: 246,
    p50_build_time: 200,
    p90_build_time: 500,
    p95_build_time: 760,
    queue_time_p50: 18,
    queue_time_p95: 370,
    queue_samples: 1200,
    recovery: { median_seconds: 2460, count: 23, open: 2 },
    counts: { success: 1185, failure: 99, cancelled: 31, skipped: 12, queued: 0, in_progress: 1 },
    previous: { success_rate: 93.7, failure_rate: 6.3, avg_build_time: 258, p95_build_time: 800, queue_time_p50: 9, recovery_median_seconds: 3780, finished: 1100 },
    sparklines: { at: [], success_rate: [], failure_rate: [], avg_build_time: [], queue_time_p50: [] },
    last_status_by_pipeline: {},
    pipelines: [aPipeline()],
    as_of: new Date().toISOString(),
    sources: { total: 5, fresh: 5 },
    branch_note: "@default",
    ...part,
  };
}
