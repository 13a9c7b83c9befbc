import "./pipeline.css";

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { ApiError } from "../../api/client";
import { pipelineQuery } from "../../api/queries";
import type { Build, PipelinePage as Page } from "../../api/types";
import { LatestBuilds } from "../../components/builds/LatestBuilds";
import { CardList } from "../../components/Card";
import { Loaded, Panel, Skeleton } from "../../components/Panel";
import { Short } from "../../components/Text";
import { Windows } from "../../components/Windows";
import { ALL_BRANCHES, DEFAULT_BRANCH, NEWEST_FIRST, toSearchParams } from "../../lib/filters";
import { plural } from "../../lib/format";
import { Alerts } from "./Alerts";
import { Bars } from "./Bars";
import { Branches, Outages } from "./Branches";
import { cardsOf } from "./cards";
import { Failing, FlakyBuilds } from "./Failing";
import { PipelineHead } from "./PipelineHead";
import { Trend } from "./Trend";
import { branchPart, useView, type View } from "./view";

interface ShownProps {
  page: Page;
  view: View;
  change: (change: Partial<View>) => void;
}

function BranchSwitch({ chosen, defaultBranch, onChange }: { chosen: string; defaultBranch: string | null; onChange: (branch: string) => void }) {
  const named = [DEFAULT_BRANCH, ALL_BRANCHES].includes(chosen) ? [] : [chosen];
  const labels: Record<string, string> = { [DEFAULT_BRANCH]: defaultBranch === null ? "Default branch" : `Default branch (${defaultBranch})`, [ALL_BRANCHES]: "All branches" };
  return (
    <fieldset className="seg">
      <legend className="visually-hidden">Branches</legend>
      {[DEFAULT_BRANCH, ALL_BRANCHES, ...named].map((branch) => (
        <label key={branch} className={branch === chosen ? "on" : ""}>
          <input type="radio" name="branches" className="visually-hidden" checked={branch === chosen} onChange={() => onChange(branch)} />
          <bdi>{labels[branch] ?? branch}</bdi>
        </label>
      ))}
    </fieldset>
  );
}

function Crumbs({ page }: { page: Page }) {
  return (
    <nav className="crumbs" aria-label="Where this pipeline belongs">
      <Link href={`/?${toSearchParams({ repo: page.repo }).toString()}`}>
        <Short name={page.repo} />
      </Link>{" "}
      / <Short name={page.pipeline} /> · <Link href={`/ui/grid?${toSearchParams({ repo: page.repo }).toString()}`}>grid of the repo</Link>
    </nav>
  );
}

function History({ page, onAll }: { page: Page; onAll: () => void }) {
  const { builds } = page;
  return (
    <Panel title={builds.length === 0 ? "Last builds" : `Last ${plural(builds.length, "build")}`} aside="height is duration, newest right">
      {builds.length === 0 ? (
        <p className="empty">
          No build is kept on this branch.{" "}
          <button type="button" className="link" onClick={onAll}>
            Look on all branches
          </button>
        </p>
      ) : (
        <Bars builds={builds} />
      )}
    </Panel>
  );
}

/** Whether a build from the socket belongs in the list below: the branch that `@default` means is the server's to say. */
const matcher = (page: Page, { branch }: View) => (build: Build): boolean =>
  build.pipeline_id === page.id && (branch === ALL_BRANCHES || build.branch === null || build.branch === (branch === DEFAULT_BRANCH ? page.default_branch : branch));

function Shown({ page, view, change }: ShownProps) {
  const query = { window: view.window, pipeline_id: [page.id], ...branchPart(view), ...(view.sort !== NEWEST_FIRST && { sort: view.sort }) };
  return (
    <>
      <title>{`${page.repo} ${page.pipeline} · CI Health`}</title>
      <Crumbs page={page} />
      <PipelineHead pipeline={page} />
      <div className="filters">
        <Windows chosen={view.window} onChange={(window) => change({ window })} />
        <BranchSwitch chosen={view.branch} defaultBranch={page.default_branch} onChange={(branch) => change({ branch })} />
      </div>
      <History page={page} onAll={() => change({ branch: ALL_BRANCHES })} />
      <section aria-label="Figures">
        <CardList cards={cardsOf(page)} />
      </section>
      <div className="two">
        <Trend page={page} />
        <Failing parts={page.failing} />
      </div>
      <div className="two even">
        <Outages outages={page.outages} />
        <Branches branches={page.branches} chosen={view.branch} onChoose={(branch) => change({ branch })} />
      </div>
      <Alerts id={page.id} />
      <FlakyBuilds builds={page.flaky} />
      <LatestBuilds query={query} sort={view.sort} onSort={(sort) => change({ sort })} matches={matcher(page, view)} empty={<p className="empty">No build started in this window.</p>} />
    </>
  );
}

export function PipelinePage({ id }: { id: string }) {
  const [view, change] = useView();
  const result = useQuery(pipelineQuery(id, { window: view.window, ...branchPart(view) }));
  if (result.error instanceof ApiError && [404, 422].includes(result.error.status)) {
    return (
      <Panel title="No such pipeline" alone>
        <p className="empty">
          Pipeline {id} is not known here. <Link href="/">To the overview</Link>
        </p>
      </Panel>
    );
  }
  return (
    <>
      {result.data === undefined && <h1 className="visually-hidden">Pipeline</h1>}
      <Loaded query={result} skeleton={<Panel title="Pipeline"><Skeleton lines={10} height={28} /></Panel>}>
        {(page) => <Shown page={page} view={view} change={change} />}
      </Loaded>
    </>
  );
}
