import type { PipelinePage } from "../../api/types";
import { against, queueCard, recoveryCard, seconds, successCard, type CardData } from "../../lib/cards";
import { count, duration, percent, plural } from "../../lib/format";

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

function length({ figures }: PipelinePage): CardData {
  const { previous, sparklines } = figures;
  return {
    label: "Duration p50",
    value: duration(figures.p50_build_time),
    unit: "",
    change: against(previous, seconds(figures.avg_build_time, previous.avg_build_time)),
    sample: `p95 ${duration(figures.p95_build_time)}`,
    values: sparklines.avg_build_time,
    tone: "idle",
    rule: "Median duration of the builds that succeeded or failed and started in the window. The change is that of their mean.",
  };
}

export function cardsOf(page: PipelinePage): CardData[] {
  const { figures } = page;
  const { count: closed, open } = figures.recovery;
  const recovery = recoveryCard(figures, {
    sample: `median of ${count(closed)} · ${count(open)} open`,
    rule: "Median time from a first failure to the next success on the same branch. Open: still failing.",
  });
  return [successCard(figures), length(page), queueCard(figures, { label: "Queue p50" }), recovery, flaky(page)];
}
