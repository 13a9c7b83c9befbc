import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link } from "wouter";

import { seriesQuery } from "../../api/queries";
import type { FiguresQuery, Series } from "../../api/types";
import { Chart, CHART_WAIT, Legend } from "../../components/chart/Chart";
import { isBlank, type Plot } from "../../components/chart/plot";
import { Loaded, Panel } from "../../components/Panel";
import { Short } from "../../components/Text";
import { pipelinePath } from "../../lib/base";
import { plural } from "../../lib/format";

const plotOf = ({ since, until, series }: Series): Plot => ({
  since,
  until,
  unit: "seconds",
  lines: series.map((line) => ({ label: `${line.repo} ${line.pipeline}`, points: line.points })),
  marks: series.flatMap(({ failures }, line) => failures.map((mark) => ({ ...mark, line }))),
});

function described({ series }: Series): string {
  const failures = (line: Series["series"][number]): number => line.failures.reduce((sum, mark) => sum + mark.n, 0);
  const lines = series.map((line) => `${line.repo} ${line.pipeline}: ${plural(line.builds, "build")}, ${plural(failures(line), "failure")}`);
  return `Build durations over time. ${lines.join(". ")}.`;
}

function Drawn({ series, focus }: { series: Series; focus: number | null }) {
  const plot = useMemo(() => plotOf(series), [series]);
  if (isBlank(plot)) return <p className="empty">No build with a duration started in this window.</p>;
  const note = (
    <>
      {plural(series.total_builds, "build")} of {plural(series.total_pipelines, "pipeline")}
      {series.total_pipelines > series.series.length && `; the ${plural(series.series.length, "busiest", "busiest")} shown`}. Points are medians of successes.
    </>
  );
  return <Chart plot={plot} focus={focus} label={described(series)} note={note} />;
}

export function Durations({ query }: { query: FiguresQuery }) {
  const result = useQuery(seriesQuery(query));
  const [focus, setFocus] = useState<number | null>(null);
  const lines = result.data?.series ?? [];
  const names = lines.map((line) => (
    <Link key={line.pipeline_id} href={pipelinePath(line.pipeline_id)}>
      <Short name={line.repo} /> <Short name={line.pipeline} />
    </Link>
  ));
  return (
    <Panel title="Build durations" className="durations" aside={lines.length > 0 && <Legend names={names} failures="as lines" onPick={setFocus} />}>
      <Loaded query={result} skeleton={CHART_WAIT}>
        {(series) => <Drawn series={series} focus={focus} />}
      </Loaded>
    </Panel>
  );
}
