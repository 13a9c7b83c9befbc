/** What the metric cards say: the number, its sample, its change against the window before, and its rule. */
import type { Summary } from "../../api/types";
import { against, conclusive, points, queueCard, recoveryCard, seconds, successCard, type CardData } from "../../lib/cards";
import { count, duration, percent, plural } from "../../lib/format";

function failures({ failure_rate: rate, counts, previous, sparklines }: Summary): CardData {
  return {
    label: "Failure rate",
    value: percent(rate),
    unit: rate === null ? "" : "%",
    change: against(previous, points(rate, previous.failure_rate, "down")),
    sample: plural(counts.failure, "failure"),
    values: sparklines.failure_rate,
    tone: "bad",
    rule: "100 − success rate. Timed out builds and those that could not start are failures too.",
  };
}

function averageLength(summary: Summary): CardData {
  const { previous, sparklines } = summary;
  return {
    label: "Average build time",
    value: duration(summary.avg_build_time),
    unit: "",
    change: against(previous, seconds(summary.avg_build_time, previous.avg_build_time)),
    sample: `p95 ${duration(summary.p95_build_time)} · of ${count(conclusive(summary))}`,
    values: sparklines.avg_build_time,
    tone: "idle",
    rule: `Mean duration of the builds that succeeded or failed and started in the window; half took at most ${duration(summary.p50_build_time)} (p50), 95 of 100 at most ${duration(summary.p95_build_time)} (p95).`,
  };
}

export const cardsOf = (summary: Summary): CardData[] => [
  successCard(summary, { sample: `of ${count(conclusive(summary))} finished` }),
  failures(summary),
  averageLength(summary),
  queueCard(summary),
  recoveryCard(summary),
];

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
