/** Where jobs and steps lie on the build's time axis, as percentages of its whole length, and which of them it waited for. */
import type { BuildDetail, Job, Step } from "../../api/types";
import { instant } from "../../lib/format";

export interface Lane {
  start: number;
  width: number;
}

export interface Axis {
  from: number;
  until: number;
}

type Timed = Pick<Step, "started_at" | "completed_at">;

/** A job that starts when another ends may be told a little earlier than that end. */
const OVERLAP_MILLISECONDS = 2000;

/** A partial re-run shows again, with their old times, the jobs that it did not run anew: they ended before it began. */
export const isCarriedOver = (job: Job, build: BuildDetail): boolean =>
  build.attempt > 1 && build.started_at !== null && job.completed_at !== null && instant(job.completed_at) < instant(build.started_at);

const queuedAt = (job: Job): number | null =>
  job.started_at === null ? null : instant(job.started_at) - 1000 * Math.max(0, job.queue_seconds ?? 0);

/** From the first sign of the jobs to the last; one that still runs reaches to `now`. null: nothing has begun. */
export function axisOf(jobs: readonly Job[], now: number): Axis | null {
  const begins = jobs.flatMap((job) => queuedAt(job) ?? []);
  if (begins.length === 0) return null;
  const ends = jobs.flatMap((job) => (job.started_at === null ? [] : [job.completed_at === null ? now : instant(job.completed_at)]));
  const from = Math.min(...begins);
  return { from, until: Math.max(...ends, from + 1000) };
}

function between(axis: Axis, start: number, end: number): Lane {
  const whole = axis.until - axis.from;
  const left = Math.min(100, Math.max(0, ((start - axis.from) / whole) * 100));
  return { start: left, width: Math.min(100 - left, Math.max(0, ((end - start) / whole) * 100)) };
}

export function ranLane(timed: Timed, axis: Axis, now: number): Lane | null {
  if (timed.started_at === null) return null;
  return between(axis, instant(timed.started_at), timed.completed_at === null ? now : instant(timed.completed_at));
}

export function queuedLane(job: Job, axis: Axis): Lane | null {
  const from = queuedAt(job);
  return from === null || job.started_at === null || job.queue_seconds === null || job.queue_seconds <= 0 ? null : between(axis, from, instant(job.started_at));
}

/** Seconds it ran, up to `now` while it runs; null while it has not begun. */
export function ranSeconds(timed: Timed, now: number): number | null {
  if (timed.started_at === null) return null;
  return ((timed.completed_at === null ? now : instant(timed.completed_at)) - instant(timed.started_at)) / 1000;
}

interface Span {
  job: Job;
  from: number;
  started: number;
  until: number;
}

function spans(jobs: readonly Job[], now: number): Span[] {
  return jobs.flatMap((job) => {
    const from = queuedAt(job);
    if (from === null || job.started_at === null || job.status === "skipped") return [];
    return [{ job, from, started: instant(job.started_at), until: job.completed_at === null ? now : instant(job.completed_at) }];
  });
}

const latest = (found: readonly Span[]): Span | undefined => found.reduce<Span | undefined>((last, span) => (last === undefined || span.until > last.until ? span : last), undefined);

/**
 * The jobs that the build's length hangs on: from the one that ended last, each time the one that ended last
 * before it could be asked for. Providers do not tell what a job needs, so this is read from the times.
 */
export function criticalPath(jobs: readonly Job[], now: number): Set<Job> {
  const all = spans(jobs, now);
  const path = new Set<Job>();
  let next = latest(all);
  while (next !== undefined) {
    const current = next;
    path.add(current.job);
    next = latest(all.filter((span) => !path.has(span.job) && span.until <= current.from + OVERLAP_MILLISECONDS && span.started < current.started));
  }
  return path;
}
