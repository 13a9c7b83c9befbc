/** The API's answers as the dashboard reads them. Instants are RFC 3339 UTC text, lengths are seconds. */

export type Status = "queued" | "in_progress" | "success" | "failure" | "cancelled" | "skipped";

export interface Build {
  id: number;
  provider: string;
  instance: string;
  repo: string;
  pipeline: string;
  pipeline_id?: number | null;
  /** null: the build is known by plain bodies that gave none. */
  external_id: string | null;
  attempt: number;
  status: Status;
  conclusion: string | null;
  branch: string | null;
  commit: string | null;
  message: string | null;
  actor: string | null;
  event: string | null;
  url: string | null;
  source: string | null;
  created_at?: string | null;
  started_at: string | null;
  completed_at: string | null;
  duration_seconds: number | null;
  queue_seconds: number | null;
  /** The first line that says what failed, where it is known. */
  error?: string | null;
  /** `job › step` of the first that failed. */
  failing_step?: string | null;
  logs?: string | null;
}

export interface Step {
  name: string;
  number: number;
  status: Status;
  started_at: string | null;
  completed_at: string | null;
}

export interface Job {
  name: string;
  status: Status;
  conclusion: string | null;
  started_at: string | null;
  completed_at: string | null;
  queue_seconds: number | null;
  labels: string[];
  url?: string | null;
  steps: Step[];
}

export interface BuildDetail extends Build {
  jobs: Job[];
  attempts: { id: number; attempt: number; status: Status }[];
}

export interface BuildPage {
  builds: Build[];
  next: string | null;
}

export interface HistoryEntry {
  id: number;
  status: Status;
  started_at: string | null;
}

export interface Pipeline {
  id: number;
  provider: string;
  instance: string;
  repo: string;
  pipeline: string;
  file: string | null;
  branch: string | null;
  status: Status;
  since: string | null;
  streak: number;
  running: number | boolean;
  last_build_id: number | null;
  last_build_at: string | null;
  first_bad: { build_id: number; commit: string | null; actor: string | null; started_at: string | null } | null;
  flaky_commits: number;
  /** The last 14 builds, oldest first. */
  history: HistoryEntry[];
  state: string | null;
  url: string | null;
}

export type Numbers = (number | null)[];

export interface Summary {
  window: string | null;
  since: string;
  until: string;
  success_rate: number | null;
  failure_rate: number | null;
  avg_build_time: number | null;
  p50_build_time: number | null;
  p90_build_time: number | null;
  p95_build_time: number | null;
  queue_time_p50: number | null;
  queue_time_p95: number | null;
  queue_samples: number;
  recovery: { median_seconds: number | null; count: number; open: number };
  counts: Record<Status, number>;
  previous: {
    success_rate: number | null;
    failure_rate: number | null;
    avg_build_time: number | null;
    p95_build_time: number | null;
    queue_time_p50: number | null;
    recovery_median_seconds: number | null;
    finished: number;
  };
  sparklines: {
    at: string[];
    success_rate: Numbers;
    failure_rate: Numbers;
    avg_build_time: Numbers;
    queue_time_p50: Numbers;
  };
  /** Worst first. */
  pipelines: Pipeline[];
  as_of: string;
  sources: { total: number; fresh: number };
  branch_note: string | null;
}

export interface SeriesLine {
  pipeline_id: number;
  repo: string;
  pipeline: string;
  builds: number;
  points: { at: string; value: number | null; n: number }[];
  failures: { at: string; value: number | null; build_id: number }[];
}

export interface Series {
  metric: string;
  bucket_seconds: number;
  since: string;
  until: string;
  total_builds: number;
  total_pipelines: number;
  series: SeriesLine[];
}

export interface Source {
  name: string;
  provider: string;
  instance: string | null;
  state: "ok" | "failing" | "waiting" | "stale" | "new";
  last_success_at: string | null;
  last_error: string | null;
  last_error_at: string | null;
  waiting_until: string | null;
  interval_seconds: number | null;
  budget: { limit: number | null; remaining: number | null; reset_at: string | null } | null;
  /** What the operator can do about the last error. */
  advice?: string | null;
  /** How far a first reading of history has come. */
  progress?: { target: string; done: number; total: number | null; builds: number } | null;
}

export interface Meta {
  version: string;
  demo: boolean;
  sources_configured: boolean;
  public_url: string | null;
}

export interface FilterValues {
  repos: string[];
  pipelines: string[];
  branches: string[];
  providers: string[];
  sources: string[];
  groups: string[];
  statuses: string[];
}
