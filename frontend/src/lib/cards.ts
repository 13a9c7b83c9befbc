/** What a metric card holds: the number, its sample, its change against the window before, and its rule. */
import type { Numbers, Summary } from "../api/types";
import { briefly, count, duration, percent, span } from "./format";
import type { Tone } from "./status";

export interface Change {
  text: string;
  /** By direction of meaning: a rate that fell is bad, a duration that fell is good. */
  tone: "ok" | "bad" | "same";
  /** Why there is nothing to compare, where there is not. */
  why?: string;
}

export interface CardData {
  label: string;
  value: string;
  unit: string;
  change: Change | null;
  sample: string;
  values: Numbers;
  tone: Tone;
  rule: string;
}

type Better = "up" | "down";

/** Successes and failures of the window before; docs/metrics.md tells of it too. */
const FEWEST_TO_COMPARE = 10;
const SMALLEST_POINTS = 0.05;
const SMALLEST_SECONDS = 0.5;

function changeOf(now: number | null, before: number | null, better: Better, smallest: number, write: (size: number) => string): Change | null {
  if (now === null || before === null) return null;
  const difference = now - before;
  if (Math.abs(difference) < smallest) return { text: "no change", tone: "same" };
  const rose = difference > 0;
  return { text: `${rose ? "▲" : "▼"} ${write(Math.abs(difference))}`, tone: rose === (better === "up") ? "ok" : "bad" };
}

export const points = (now: number | null, before: number | null, better: Better): Change | null =>
  changeOf(now, before, better, SMALLEST_POINTS, (size) => `${size.toFixed(1)} pts`);

export const seconds = (now: number | null, before: number | null, better: Better = "down"): Change | null =>
  changeOf(now, before, better, SMALLEST_SECONDS, (size) => (size < 3600 ? duration(size) : span(size)));

/** The change, unless the window before holds so little that comparing with it says nothing. */
export function against({ conclusive }: { conclusive: number }, change: Change | null): Change | null {
  if (change === null || conclusive >= FEWEST_TO_COMPARE) return change;
  return { text: "too few before", tone: "same", why: `Too few builds before to compare: ${count(conclusive)} succeeded or failed in the window before, and ${FEWEST_TO_COMPARE} are needed.` };
}

/** What the overview and a pipeline's page count alike. */
type Figures = Pick<Summary, "success_rate" | "counts" | "previous" | "queue_time_p50" | "queue_time_p95" | "queue_samples" | "recovery" | "sparklines">;
/** What differs from place to place: how the card is called, and what its number is of. */
type Said = Partial<Pick<CardData, "label" | "sample" | "rule">>;

export const conclusive = ({ counts }: Pick<Summary, "counts">): number => counts.success + counts.failure;

export function successCard(figures: Figures, said: Said = {}): CardData {
  const { success_rate: rate, previous, sparklines } = figures;
  return {
    label: "Success rate",
    value: percent(rate),
    unit: rate === null ? "" : "%",
    change: against(previous, points(rate, previous.success_rate, "up")),
    sample: `of ${count(conclusive(figures))}`,
    values: sparklines.success_rate,
    tone: "ok",
    rule: "100 × success ÷ (success + failure) of the builds that started in the window. Cancelled, skipped, queued and running builds do not count.",
    ...said,
  };
}

export function queueCard({ queue_time_p50: p50, queue_time_p95: p95, queue_samples: samples, previous, sparklines }: Figures, said: Said = {}): CardData {
  return {
    label: "Queue time",
    value: duration(p50),
    unit: "",
    change: against(previous, seconds(p50, previous.queue_time_p50)),
    sample: `p95 ${duration(p95)} · of ${count(samples)}`,
    values: sparklines.queue_time_p50,
    tone: "idle",
    rule: "Median wait of a build’s first job for a runner: its start − its creation. Jobs that a partial re-run carried over are left out.",
    ...said,
  };
}

export function recoveryCard({ recovery, previous }: Figures, said: Said = {}): CardData {
  return {
    label: "Recovery",
    value: briefly(recovery.median_seconds),
    unit: "",
    change: against(previous, seconds(recovery.median_seconds, previous.recovery_median_seconds)),
    sample: `of ${count(recovery.count)} · ${count(recovery.open)} open`,
    values: [],
    tone: "idle",
    rule: "Median time from a first failure to the next success on the same pipeline and branch. Open: still failing.",
    ...said,
  };
}
