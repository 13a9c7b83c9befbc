import { useQuery } from "@tanstack/react-query";
import { lazy, memo, Suspense, useDeferredValue } from "react";

import { metaQuery, summaryQuery } from "../../api/queries";
import type { Summary } from "../../api/types";
import { CardsSkeleton } from "../../components/Card";
import { CHART_WAIT } from "../../components/chart/Chart";
import { Loaded, Panel, Skeleton } from "../../components/Panel";
import { Welcome } from "../../components/Welcome";
import { buildQuery, figureQuery, isFiltered, matchesRest, NO_FILTERS, WINDOW_LABELS, type Filters } from "../../lib/filters";
import { useStep } from "../../lib/useStep";
import { useSocketFilters } from "../../live/useSocketFilters";
import { AsOf } from "./AsOf";
import { Broken } from "./Broken";
import { Cards } from "./Cards";
import { Durations } from "./Durations";
import { FilterBar } from "./FilterBar";
import { PipelineList } from "./PipelineList";
import { Reading } from "./Reading";
import { useFilters } from "./useFilters";

/** index.html preloads it, but it is a task of its own: cards need not wait for what the table is made of. */
const LatestBuilds = lazy(async () => ({ default: (await import("../../components/builds/LatestBuilds")).LatestBuilds }));
const NO_FIGURES = (
  <>
    <div className="banner-wait skeleton">
      <span />
    </div>
    <CardsSkeleton />
  </>
);
const NO_PIPELINES = <Skeleton lines={8} height={41} />;
const NO_CHART = (
  <Panel title="Build durations" className="durations">
    {CHART_WAIT}
  </Panel>
);
const NO_TABLE = (
  <Panel title="Latest builds">
    <Skeleton lines={10} height={24} />
  </Panel>
);

/** Drawn in slices, and not again with each filter or heartbeat. */
const Above = memo(function Above({ summary }: { summary: Summary }) {
  return (
    <>
      <Reading summary={summary} />
      <Broken summary={summary} />
      <Cards summary={summary} />
    </>
  );
});
const Pipelines = memo(PipelineList);

const isEmpty = (summary: Summary): boolean => summary.pipelines.length === 0 && Object.values(summary.counts).every((number) => number === 0);

function NoBuilds({ filters, onClear }: { filters: Filters; onClear: () => void }) {
  const label = WINDOW_LABELS[filters.window] ?? filters.window;
  return (
    <p className="empty">
      No build {isFiltered(filters) ? "matches these filters" : "on a default branch started"} within {label}.{" "}
      <button type="button" className="link" onClick={onClear}>
        Show all branches of 90 d, without filters
      </button>
    </p>
  );
}

interface BuildsProps {
  filters: Filters;
  change: (change: Partial<Filters>) => void;
}

function Builds({ filters, change }: BuildsProps) {
  return (
    <Suspense fallback={NO_TABLE}>
      <LatestBuilds
        query={buildQuery(filters)}
        sort={filters.sort}
        onSort={(sort) => change({ sort })}
        matches={(build) => matchesRest(filters, build)}
        empty={<NoBuilds filters={filters} onClear={() => change({ ...NO_FILTERS, window: "90d", branch: [] })} />}
        {...(filters.status.length > 0 && { note: "the status filter holds for this list; figures count every status" })}
      />
    </Suspense>
  );
}

export function OverviewPage() {
  const [filters, change] = useFilters();
  useSocketFilters(filters);
  const query = figureQuery(filters);
  const summary = useQuery(summaryQuery(query));
  const shown = useDeferredValue(summary.data);
  const meta = useQuery(metaQuery());
  const [withChart, withTable] = [useStep(1), useStep(2)];
  const newcomer = meta.data?.sources_configured === false && summary.data !== undefined && !isFiltered(filters) && isEmpty(summary.data);
  return (
    <>
      <h1 className="visually-hidden">Overview</h1>
      <div className="filter-row">
        <FilterBar filters={filters} onChange={change} />
        {summary.data ? <AsOf summary={summary.data} /> : <p className="asof">&nbsp;</p>}
      </div>
      {newcomer ? (
        <Welcome />
      ) : (
        <>
          <Loaded query={{ ...summary, data: shown }} skeleton={NO_FIGURES}>
            {(data) => <Above summary={data} />}
          </Loaded>
          <div className="two">
            {withChart ? <Durations query={query} /> : NO_CHART}
            {shown ? <Pipelines summary={shown} /> : <Panel title="Last status by pipeline">{summary.error ? <p className="empty">Not loaded.</p> : NO_PIPELINES}</Panel>}
          </div>
          {withTable ? <Builds filters={filters} change={change} /> : NO_TABLE}
        </>
      )}
    </>
  );
}
