import "./grid.css";

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useSearch } from "wouter";

import { filterValuesQuery, gridQuery, pipelinesQuery } from "../../api/queries";
import type { Grid } from "../../api/types";
import { FilterMenu, plainChoices } from "../../components/FilterMenu";
import { More } from "../../components/More";
import { Loaded, Panel, Skeleton } from "../../components/Panel";
import { Short } from "../../components/Text";
import { DEFAULT_BRANCH, toSearchParams } from "../../lib/filters";
import { useSetSearch } from "../../lib/useSetSearch";
import { Legend } from "./Legend";
import { Table } from "./Table";

const COMMITS = 40;

interface View {
  repo: string | null;
  branch: string;
}

function useView(): [View, (change: Partial<View>) => void] {
  const params = new URLSearchParams(useSearch());
  const setSearch = useSetSearch();
  const view = { repo: params.get("repo"), branch: params.get("branch") || DEFAULT_BRANCH };
  return [
    view,
    (part) => {
      const next = { ...view, ...part };
      setSearch(toSearchParams({ ...(next.repo !== null && { repo: next.repo }), ...(next.branch !== DEFAULT_BRANCH && { branch: next.branch }) }).toString());
    },
  ];
}

function Choosing({ repo, branch, change }: { repo: string | null; branch: string; change: (change: Partial<View>) => void }) {
  const values = useQuery(filterValuesQuery()).data;
  return (
    <div className="filters">
      <FilterMenu name="repos" all="Choose a repo" chosen={repo === null ? [] : [repo]} choices={plainChoices(values?.repos ?? [])} presets={[]} one onChange={([first]) => first !== undefined && change({ repo: first, branch: DEFAULT_BRANCH })} />
      <FilterMenu
        name="branches"
        all="Default branch"
        chosen={[branch]}
        choices={plainChoices((values?.branches ?? []).filter((name) => name !== DEFAULT_BRANCH))}
        presets={[{ label: "Default branch", chosen: [DEFAULT_BRANCH] }]}
        {...(branch === DEFAULT_BRANCH && { summary: "Default branch" })}
        one
        onChange={([first]) => change({ branch: first ?? DEFAULT_BRANCH })}
      />
    </div>
  );
}

/** Pages as one grid: the same pipelines may be in several. */
function joined(pages: readonly Grid[]): Pick<Grid, "pipelines" | "commits"> {
  const pipelines = new Map(pages.flatMap((page) => page.pipelines.map((pipeline) => [pipeline.id, pipeline] as const)));
  const commits = new Map(pages.flatMap((page) => page.commits.map((commit) => [commit.commit, commit] as const)));
  return { pipelines: [...pipelines.values()].sort((a, b) => a.pipeline.localeCompare(b.pipeline)), commits: [...commits.values()] };
}

function Commits({ repo, branch }: { repo: string; branch: string }) {
  const result = useInfiniteQuery(gridQuery({ repo, branch: [branch], limit: COMMITS }));
  return (
    <Panel title={<Short name={repo} />} aside={<Legend />} className="grid-panel">
      <Loaded query={result} skeleton={<Skeleton lines={12} height={26} />}>
        {({ pages }) => {
          const grid = joined(pages);
          if (grid.commits.length === 0) return <p className="empty">No build with a commit is kept on {branch === DEFAULT_BRANCH ? "the default branch" : <bdi>{branch}</bdi>} of this repo.</p>;
          return (
            <>
              <Table grid={grid} />
              <More pages={result} label="Older commits" />
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}

/** Without a repo in the address: the one with the worst pipeline that has commits, which lists go by. */
function useWorstRepo(wanted: boolean): string | null | undefined {
  const pipelines = useQuery({ ...pipelinesQuery({ branch: [DEFAULT_BRANCH], window: "30d" }), enabled: wanted });
  if (pipelines.data === undefined) return pipelines.error === null ? undefined : null;
  return pipelines.data.pipelines[0]?.repo ?? null;
}

export function GridPage() {
  const [view, change] = useView();
  const worst = useWorstRepo(view.repo === null);
  const repo = view.repo ?? worst ?? null;
  return (
    <>
      <title>{`${repo ?? "Grid"} · grid · CI Health`}</title>
      <h1 className="visually-hidden">Grid: commits by pipelines</h1>
      <Choosing repo={repo} branch={view.branch} change={change} />
      {repo !== null && <Commits key={repo} repo={repo} branch={view.branch} />}
      {repo === null && (
        <Panel title="Commits by pipelines">{worst === undefined ? <Skeleton lines={12} height={26} /> : <p className="empty">No build is kept yet: once there are some, this page shows who broke what.</p>}</Panel>
      )}
    </>
  );
}
