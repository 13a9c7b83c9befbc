import type { PipelinePage } from "../../api/types";
import { against, points, seconds, type CardData } from "../../lib/cards";
import { briefly, count, duration, percent, plural } from "../../lib/format";

function flaky({ flaky_commits: commits, commits: all }: PipelinePage): CardData {
  const rate = all === 0 ? null : (100 * commits) / all;
  return {
    label: "Flaky",
    value: percent(rate),
    unit: rate === null ? "" : "%",
    change: null,
    sample: `${count(commits)} of ${plural(all, "commit")}`,
    values: [],
    tone: "flaky",
    rule: "Commits of the window on which a build or attempt failed and a later one succeeded, of all commits with a success or failure.",
  };
}

function lengths({ figures }: PipelinePage): CardData[] {
  const { previous, recovery, sparklines } = figures;
  return [
    {
      label: "Duration p50",
      value: duration(figures.p50_build_time),
      unit: "",
      change: against(previous, seconds(figures.avg_build_time, previous.avg_build_time)),
      sample: `p95 ${duration(figures.p95_build_time)}`,
      values: sparklines.avg_build_time,
      tone: "idle",
      rule: "Median duration of the builds that succeeded or failed and started in the window. The change is that of their mean.",
    },
    {
      label: "Queue p50",
      value: duration(figures.queue_time_p50),
      unit: "",
      change: against(previous, seconds(figures.queue_time_p50, previous.queue_time_p50)),
      sample: `p95 ${duration(figures.queue_time_p95)} · of ${count(figures.queue_samples)}`,
      values: sparklines.queue_time_p50,
      tone: "idle",
      rule: "Median wait of a build’s first job for a runner: its start − its creation.",
    },
    {
      label: "Recovery",
      value: briefly(recovery.median_seconds),
      unit: "",
      change: against(previous, seconds(recovery.median_seconds, previous.recovery_median_seconds)),
      sample: `median of ${count(recovery.count)} · ${count(recovery.open)} open`,
      values: [],
      tone: "idle",
      rule: "Median time from a first failure to the next success on the same branch.",
    },
  ];
}

export function cardsOf(page: PipelinePage): CardData[] {
  const { figures } = page;
  const rate: CardData = {
    label: "Success rate",
    value: percent(figures.success_rate),
    unit: figures.success_rate === null ? "" : "%",
    change: against(figures.previous, points(figures.success_rate, figures.previous.success_rate, "up")),
    sample: `of ${count(figures.counts.success + figures.counts.failure)}`,
    values: figures.sparklines.success_rate,
    tone: "ok",
    rule: "100 × success ÷ (success + failure) of the builds that started in the window. Cancelled, skipped, queued and running builds do not count.",
  };
  return [rate, ...lengths(page), flaky(page)];
}
