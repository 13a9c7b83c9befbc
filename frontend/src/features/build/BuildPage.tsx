import "./build.css";

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { ApiError } from "../../api/client";
import { buildQueryOptions } from "../../api/queries";
import type { BuildDetail } from "../../api/types";
import { Icon } from "../../components/Icon";
import { Loaded, Panel, Skeleton } from "../../components/Panel";
import { Short } from "../../components/Text";
import { buildPath, pipelinePath } from "../../lib/base";
import { toSearchParams } from "../../lib/filters";
import { buildMark } from "../../lib/status";
import { BuildHead } from "./BuildHead";
import { IsItMe } from "./IsItMe";
import { Jobs } from "./Jobs";
import { Log } from "./Log";

function Crumbs({ build }: { build: BuildDetail }) {
  return (
    <nav className="crumbs" aria-label="Where this build belongs">
      <Link href={`/?${toSearchParams({ repo: build.repo }).toString()}`}>
        <Short name={build.repo} />
      </Link>{" "}
      /{" "}
      <Link href={pipelinePath(build.pipeline_id)}>
        <Short name={build.pipeline} />
      </Link>{" "}
      / build <bdi>{(build.external_id ?? String(build.id)).split("#").at(-1)}</bdi>
    </nav>
  );
}

function Attempts({ build }: { build: BuildDetail }) {
  if (build.attempts.length < 2) return null;
  return (
    <nav className="seg" aria-label={`Attempts of this run: ${build.attempt} of ${build.attempts.length}`}>
      {build.attempts.map(({ id, attempt, status }) => {
        const mark = buildMark(status);
        return (
          <Link key={id} href={buildPath(id)} className={id === build.id ? "on" : ""} aria-current={id === build.id ? "page" : undefined} title={mark.word}>
            <span className={`si ${mark.tone}`}>
              <Icon name={mark.icon} />
            </span>{" "}
            Attempt {attempt}
          </Link>
        );
      })}
    </nav>
  );
}

function Shown({ build }: { build: BuildDetail }) {
  return (
    <>
      <title>{`${build.status.replace("_", " ")}: ${build.repo} ${build.pipeline} · CI Health`}</title>
      <Crumbs build={build} />
      <BuildHead build={build} attempts={<Attempts build={build} />} />
      <div className="two">
        <Jobs build={build} />
        <IsItMe build={build} />
      </div>
      <Log build={build} />
    </>
  );
}

export function BuildPage({ id }: { id: string }) {
  const result = useQuery(buildQueryOptions(id));
  if (result.error instanceof ApiError && result.error.status === 404) {
    return (
      <Panel title="No such build" alone>
        <p className="empty">
          Build {id} is not kept here: it never was, or it was old enough to be pruned. <Link href="/">To the overview</Link>
        </p>
      </Panel>
    );
  }
  return (
    <>
      {result.data === undefined && <h1 className="visually-hidden">Build</h1>}
      <Loaded query={result} skeleton={<Panel title="Build"><Skeleton lines={8} height={24} /></Panel>}>
        {(build) => <Shown build={build} />}
      </Loaded>
    </>
  );
}
