import { useQuery } from "@tanstack/react-query";
import { lazy, memo, Suspense } from "react";

import { metaQuery, summaryQuery } from "../../api/queries";
import type { Summary } from "../../api/types";
import { CardsSkeleton } from "../../components/Card";
import { Loaded, Panel, Skeleton } from "../../components/Panel";
import { Welcome } from "../../components/Welcome";
import { buildQuery, figureQuery, isFiltered, matchesRest, NO_FILTERS, WINDOW_LABELS, type Filters } from "../../lib/filters";
import { useDeferredLater } from "../../lib/useDeferredLater";
import { useSocketFilters } from "../../live/useSocketFilters";
import { AsOf } from "./AsOf";
import { Broken } from "./Broken";
import { Cards } from "./Cards";
import { Durations } from "./Durations";
import { FilterBar } from "./FilterBar";
import { PipelineList } from "./PipelineList";
import { Reading } from "./Reading";
import { useFilters } from "./useFilters";

/** On its way from the start, but a task of its own: cards need not wait for what the table is made of. */
const table = import("../../components/builds/LatestBuilds");
const LatestBuilds = lazy(async () => ({ default: (await table).LatestBuilds }));
const NO_TABLE = (
  <Panel title="Latest builds">
    <Skeleton lines={10} height={24} />
  </Panel>
);

/** Drawn at once from the first figures, in slices from later ones, and not again with each filter or heartbeat. */
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

export function OverviewPage() {
  const [filters, change] = useFilters();
  useSocketFilters(filters);
  const query = figureQuery(filters);
  const summary = useQuery(summaryQuery(query));
  const shown = useDeferredLater(summary.data);
  const meta = useQuery(metaQuery());
  const newcomer = meta.data?.sources_configured === false && summary.data !== undefined && !isFiltered(filters) && isEmpty(summary.data);
  return (
    <>
      <h1 className="visually-hidden">Overview</h1>
      <div className="filter-row">
        <FilterBar filters={filters} onChange={change} />
        {summary.data && <AsOf summary={summary.data} />}
      </div>
      {newcomer ? (
        <Welcome />
      ) : (
        <>
          <Loaded query={{ ...summary, data: shown }} skeleton={<><div className="banner-wait"><Skeleton lines={1} height={42} /></div><CardsSkeleton /></>}>
            {(data) => <Above summary={data} />}
          </Loaded>
          <div className="two">
            <Durations query={query} />
            {shown ? <Pipelines summary={shown} /> : <Panel title="Last status by pipeline">{summary.error ? <p className="empty">Not loaded.</p> : <Skeleton lines={7} height={32} />}</Panel>}
          </div>
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
        </>
      )}
    </>
  );
}
