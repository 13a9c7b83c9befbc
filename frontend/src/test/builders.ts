import type { Build, BuildContext, BuildDetail, GridCell, ListedPipeline, Pipeline, PipelinePage, Source, Summary, WaitingItem } from "../api/types";

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
    pipeline_id: 1,
    logs: null,
    error: null,
    failing_step: null,
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
    outlook: "healthy",
    slower: null,
    silent_seconds: null,
    source: "acme",
    unread: null,
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
    previous: { success_rate: 93.7, failure_rate: 6.3, avg_build_time: 258, p95_build_time: 800, queue_time_p50: 9, recovery_median_seconds: 3780, finished: 1100, conclusive: 1080 },
    sparklines: { at: [], success_rate: [], failure_rate: [], avg_build_time: [], queue_time_p50: [] },
    last_status_by_pipeline: {},
    pipelines: [aPipeline()],
    as_of: new Date().toISOString(),
    sources: { total: 5, fresh: 5 },
    branch_note: "@default",
    ...part,
  };
}

export const aListed = (part: Partial<ListedPipeline> = {}): ListedPipeline => ({ ...aPipeline(part), groups: [], ...part });

export function aPage(part: Partial<PipelinePage> = {}): PipelinePage {
  return {
    ...aPipeline(),
    running: 0,
    default_branch: "main",
    figures: aSummary(),
    builds: [],
    over_time: { bucket_seconds: 3600, since: "2026-11-13T10:00:00Z", until: "2026-11-20T10:00:00Z", points: [], failures: [] },
    branches: [],
    failing: [],
    flaky: [],
    commits: 40,
    outages: [],
    compare: null,
    ...part,
  };
}

export function aContext(part: Partial<BuildContext> = {}): BuildContext {
  return {
    before: { id: 7, status: "success", commit: "7aa02d17aa02d17aa02d1", started_at: "2026-11-20T08:00:00Z" },
    last_green: null,
    history: [],
    same_commit: { success: 0, failure: 1, passed_build_id: null },
    elsewhere: [],
    elsewhere_pipelines: 0,
    elsewhere_builds: 0,
    here_builds: 0,
    ...part,
  };
}

export const aCell = (part: Partial<GridCell> = {}): GridCell => ({ build_id: 1, status: "success", builds: 1, flaky: false, broke: false, duration_seconds: 60, failing_step: null, error: null, ...part });

export function aWaiting(part: Partial<WaitingItem> = {}): WaitingItem {
  return {
    kind: "job",
    provider: "github",
    instance: "github.com",
    repo: "acme/web",
    pipeline: "ci",
    pipeline_id: 1,
    build_id: 5,
    branch: "main",
    job: "gpu-tests",
    labels: ["self-hosted", "gpu"],
    why: null,
    since: new Date(Date.now() - 40 * 60_000).toISOString(),
    waiting_seconds: 2400,
    merge_queue: null,
    url: null,
    ...part,
  };
}

export function aSource(part: Partial<Source> = {}): Source {
  return {
    name: "acme",
    provider: "github",
    instance: "github.com",
    state: "ok",
    last_success_at: new Date().toISOString(),
    last_poll_at: new Date().toISOString(),
    last_error: null,
    last_error_at: null,
    advice: null,
    waiting_until: null,
    interval_seconds: 60,
    budget: null,
    progress: null,
    requests_per_hour: null,
    stale: false,
    circuit: { state: "closed", failures: 0, opened_at: null },
    next_poll_at: null,
    clock_offset_seconds: null,
    ...part,
  };
}
