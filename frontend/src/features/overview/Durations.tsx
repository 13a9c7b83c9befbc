import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Link } from "wouter";

import { seriesQuery } from "../../api/queries";
import type { FiguresQuery, Series, SeriesLine } from "../../api/types";
import { Loaded, Panel } from "../../components/Panel";
import { Moment, Name } from "../../components/Text";
import { pipelinePath } from "../../lib/base";
import { count, duration, plural } from "../../lib/format";

const Chart = lazy(() => import("./DurationsChart"));
const WAIT = <div className="chart skeleton" role="status" aria-label="loading" />;

const hasPoints = (series: Series): boolean => series.series.some((line) => line.points.length > 0 || line.failures.length > 0);

function described({ series }: Series): string {
  const lines = series.map((line) => `${line.repo} ${line.pipeline}: ${plural(line.builds, "build")}, ${plural(line.failures.length, "failure")}`);
  return `Build durations over time. ${lines.join(". ")}. The same as a table: the button below.`;
}

function Legend({ lines }: { lines: readonly SeriesLine[] }) {
  return (
    <ul className="legend-list">
      {lines.map((line, index) => (
        <li key={line.pipeline_id}>
          <i className={`line-${index}`} />
          <Link href={pipelinePath(line.pipeline_id)}>
            <bdi>{line.repo}</bdi> <bdi>{line.pipeline}</bdi>
          </Link>
        </li>
      ))}
      <li>
        <b className="failed-mark" aria-hidden="true">✕</b> failed
      </li>
    </ul>
  );
}

function PointTable({ lines }: { lines: readonly SeriesLine[] }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard
    <div className="tablewrap short" tabIndex={0} role="region" aria-label="Build durations as a table">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Pipeline</th>
            <th scope="col">From</th>
            <th scope="col" className="num">Mean duration</th>
            <th scope="col" className="num">Builds</th>
          </tr>
        </thead>
        <tbody>
          {lines.flatMap((line) =>
            line.points.toReversed().map((point) => (
              <tr key={`${line.pipeline_id} ${point.at}`}>
                <td><Name repo={line.repo} pipeline={line.pipeline} /></td>
                <td><Moment at={point.at} /></td>
                <td className="num">{duration(point.value)}</td>
                <td className="num">{count(point.n)}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}

function Drawn({ series }: { series: Series }) {
  const [table, setTable] = useState(false);
  if (!hasPoints(series)) return <p className="empty">No build with a duration started in this window.</p>;
  return (
    <>
      <Suspense fallback={WAIT}>
        <Chart series={series} label={described(series)} />
      </Suspense>
      <p className="hint">
        {plural(series.total_builds, "build")} of {plural(series.total_pipelines, "pipeline")}
        {series.total_pipelines > series.series.length && `; the ${plural(series.series.length, "busiest", "busiest")} shown`}.{" "}
        <button type="button" className="link" aria-expanded={table} onClick={() => setTable(!table)}>
          {table ? "Hide the table" : "Show as table"}
        </button>
      </p>
      {table && <PointTable lines={series.series} />}
    </>
  );
}

export function Durations({ query }: { query: FiguresQuery }) {
  const result = useQuery(seriesQuery(query));
  const lines = result.data?.series ?? [];
  return (
    <Panel title="Build durations" className="durations" aside={lines.length > 0 && <Legend lines={lines} />}>
      <Loaded query={result} skeleton={WAIT}>
        {(series) => <Drawn series={series} />}
      </Loaded>
    </Panel>
  );
}

