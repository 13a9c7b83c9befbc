/** What the metric cards say: the number, its sample, its change against the window before, and its rule. */
import type { Summary } from "../../api/types";
import { against, points, seconds, type CardData } from "../../lib/cards";
import { briefly, count, duration, percent, plural } from "../../lib/format";

function rates(summary: Summary): CardData[] {
  const { counts, previous, sparklines } = summary;
  const conclusive = counts.success + counts.failure;
  return [
    {
      label: "Success rate",
      value: percent(summary.success_rate),
      unit: summary.success_rate === null ? "" : "%",
      change: against(previous, points(summary.success_rate, previous.success_rate, "up")),
      sample: `of ${count(conclusive)} finished`,
      values: sparklines.success_rate,
      tone: "ok",
      rule: "100 × success ÷ (success + failure) of the builds that started in the window. Cancelled, skipped, queued and running builds do not count.",
    },
    {
      label: "Failure rate",
      value: percent(summary.failure_rate),
      unit: summary.failure_rate === null ? "" : "%",
      change: against(previous, points(summary.failure_rate, previous.failure_rate, "down")),
      sample: plural(counts.failure, "failure"),
      values: sparklines.failure_rate,
      tone: "bad",
      rule: "100 − success rate. Timed out builds and those that could not start are failures too.",
    },
  ];
}

function lengths(summary: Summary): CardData[] {
  const { counts, previous, sparklines } = summary;
  return [
    {
      label: "Average build time",
      value: duration(summary.avg_build_time),
      unit: "",
      change: against(previous, seconds(summary.avg_build_time, previous.avg_build_time)),
      sample: `p95 ${duration(summary.p95_build_time)} · of ${count(counts.success + counts.failure)}`,
      values: sparklines.avg_build_time,
      tone: "idle",
      rule: `Mean duration of the builds that succeeded or failed and started in the window; half took at most ${duration(summary.p50_build_time)} (p50), 95 of 100 at most ${duration(summary.p95_build_time)} (p95).`,
    },
    {
      label: "Queue time",
      value: duration(summary.queue_time_p50),
      unit: "",
      change: against(previous, seconds(summary.queue_time_p50, previous.queue_time_p50)),
      sample: `p95 ${duration(summary.queue_time_p95)} · of ${count(summary.queue_samples)}`,
      values: sparklines.queue_time_p50,
      tone: "idle",
      rule: "Median wait of a build’s first job for a runner: its start − its creation. Jobs that a partial re-run carried over are left out.",
    },
  ];
}

function recovery({ recovery: { median_seconds, count: closed, open }, previous }: Summary): CardData {
  return {
    label: "Recovery",
    value: briefly(median_seconds),
    unit: "",
    change: against(previous, seconds(median_seconds, previous.recovery_median_seconds)),
    sample: `of ${count(closed)} · ${count(open)} open`,
    values: [],
    tone: "idle",
    rule: "Median time from a first failure to the next success on the same pipeline and branch. Open: still failing.",
  };
}

export const cardsOf = (summary: Summary): CardData[] => [...rates(summary), ...lengths(summary), recovery(summary)];

/** What the rates leave out, listed beside them. */
export function uncounted({ counts }: Summary): string {
  const parts: [number, string][] = [
    [counts.cancelled, "cancelled"],
    [counts.skipped, "skipped"],
    [counts.queued, "queued"],
    [counts.in_progress, "running"],
  ];
  return parts.filter(([number]) => number > 0).map(([number, word]) => `${count(number)} ${word}`).join(" · ");
}
