import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useLocation, useSearch } from "wouter";

import { buildsQuery, pipelinesQuery } from "../../api/queries";
import type { BuildsQuery, FiguresQuery, Pipeline } from "../../api/types";
import { LatestBuilds } from "../../components/builds/LatestBuilds";
import { Loaded, Panel, Skeleton } from "../../components/Panel";
import { DEFAULT_BRANCH, toSearchParams } from "../../lib/filters";
import { plural } from "../../lib/format";
import { Bars } from "./Bars";
import { PipelineHead } from "./PipelineHead";

/** A pipeline that seldom runs has a history too. */
const WINDOW = "90d";
const BARS = 50;
const NEWEST_FIRST = "-started_at";

interface View {
  /** Every branch, or the default one alone. */
  all: boolean;
  sort: string;
}

function useView(): [View, (change: Partial<View>) => void] {
  const params = new URLSearchParams(useSearch());
  const [path, navigate] = useLocation();
  const sort = params.get("sort") ?? "";
  const view = { all: params.get("branch") === "*", sort: /^-?[a-z_]+$/.test(sort) ? sort : NEWEST_FIRST };
  const change = (part: Partial<View>): void => {
    const next = { ...view, ...part };
    const query = toSearchParams({ ...(next.all && { branch: "*" }), ...(next.sort !== NEWEST_FIRST && { sort: next.sort }) }).toString();
    navigate(query === "" ? path : `${path}?${query}`);
  };
  return [view, change];
}

const branchPart = (all: boolean): FiguresQuery => (all ? {} : { branch: [DEFAULT_BRANCH] });

function buildsOf(pipeline: Pipeline, all: boolean): BuildsQuery {
  return { window: WINDOW, repo: [pipeline.repo], pipeline: [pipeline.pipeline], provider: [pipeline.provider], ...branchPart(all) };
}

function BranchSwitch({ all, onChange }: { all: boolean; onChange: (all: boolean) => void }) {
  return (
    <fieldset className="seg">
      <legend className="visually-hidden">Branches</legend>
      {[false, true].map((value) => (
        <label key={String(value)} className={value === all ? "on" : ""}>
          <input type="radio" name="branches" className="visually-hidden" checked={value === all} onChange={() => onChange(value)} />
          {value ? "All branches" : "Default branch"}
        </label>
      ))}
    </fieldset>
  );
}

function History({ query }: { query: BuildsQuery }) {
  const result = useInfiniteQuery(buildsQuery(query));
  const builds = (result.data?.pages[0]?.builds ?? []).slice(0, BARS);
  return (
    <Panel title={builds.length === 0 ? "Last builds" : `Last ${plural(builds.length, "build")}`} aside="height is duration, newest right">
      <Loaded query={result} skeleton={<Skeleton lines={1} height={84} />}>
        {() => (builds.length === 0 ? <p className="empty">No build within 90 d.</p> : <Bars builds={builds.toReversed()} />)}
      </Loaded>
    </Panel>
  );
}

function Shown({ pipeline, view, change }: { pipeline: Pipeline; view: View; change: (change: Partial<View>) => void }) {
  const query = buildsOf(pipeline, view.all);
  const sorted = view.sort === NEWEST_FIRST ? query : { ...query, sort: view.sort };
  const mine = (build: { repo: string; pipeline: string; provider: string }): boolean =>
    build.repo.toLowerCase() === pipeline.repo.toLowerCase() && build.pipeline === pipeline.pipeline && build.provider === pipeline.provider;
  return (
    <>
      <title>{`${pipeline.repo} ${pipeline.pipeline} · CI Health`}</title>
      <nav className="crumbs" aria-label="Where this pipeline belongs">
        <Link href={`/?${toSearchParams({ repo: pipeline.repo }).toString()}`}>
          <bdi>{pipeline.repo}</bdi>
        </Link>{" "}
        / <bdi>{pipeline.pipeline}</bdi>
      </nav>
      <PipelineHead pipeline={pipeline} branches={<BranchSwitch all={view.all} onChange={(all) => change({ all })} />} />
      <History query={query} />
      <LatestBuilds query={sorted} sort={view.sort} onSort={(sort) => change({ sort })} matches={mine} empty={<p className="empty">No build within 90 d.</p>} />
    </>
  );
}

function NotHere({ id, view, change }: { id: string; view: View; change: (change: Partial<View>) => void }) {
  return (
    <Panel title="No such pipeline" alone>
      <p className="empty">
        {view.all ? `Pipeline ${id} is not known here.` : `Pipeline ${id} has no build on a default branch, or is not known here.`}{" "}
        {!view.all && (
          <button type="button" className="link" onClick={() => change({ all: true })}>
            Look on all branches
          </button>
        )}{" "}
        <Link href="/">To the overview</Link>
      </p>
    </Panel>
  );
}

export function PipelinePage({ id }: { id: string }) {
  const [view, change] = useView();
  const result = useQuery(pipelinesQuery({ window: WINDOW, ...branchPart(view.all) }));
  return (
    <Loaded query={result} skeleton={<Panel title="Pipeline" alone><Skeleton lines={6} height={28} /></Panel>}>
      {({ pipelines }) => {
        const pipeline = pipelines.find((each) => String(each.id) === id);
        return pipeline === undefined ? <NotHere id={id} view={view} change={change} /> : <Shown pipeline={pipeline} view={view} change={change} />;
      }}
    </Loaded>
  );
}
