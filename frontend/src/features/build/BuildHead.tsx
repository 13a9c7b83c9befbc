import type { ReactNode } from "react";

import type { BuildDetail } from "../../api/types";
import { StatusPill } from "../../components/Pill";
import { Ago, Branch, Commit, Moment, ProviderLink, Short, Took } from "../../components/Text";
import { duration, plainText, providerName } from "../../lib/format";
import { finished } from "../../lib/status";

const titleOf = (build: BuildDetail): string => build.message?.split("\n")[0]?.trim() || build.pipeline;

function conclusionOf({ conclusion, status }: BuildDetail): string | null {
  return conclusion === null || conclusion.toLowerCase() === status ? null : conclusion;
}

function Origin({ build }: { build: BuildDetail }) {
  return (
    <>
      {build.commit !== null && (
        <span>
          <Commit commit={build.commit} />
        </span>
      )}
      {build.branch !== null && (
        <span>
          on <Branch branch={build.branch} />
        </span>
      )}
      {build.actor !== null && (
        <span>
          by <b><Short name={build.actor} /></b>
        </span>
      )}
      {build.event !== null && <span>{build.event.replaceAll("_", " ")}</span>}
    </>
  );
}

function Times({ build }: { build: BuildDetail }) {
  return (
    <>
      {build.started_at !== null && (
        <span>
          started <Moment at={build.started_at} /> (<Ago at={build.started_at} suffix=" ago" />)
        </span>
      )}
      <span>
        {finished(build.status) ? "took" : "running for"} <b><Took build={build} /></b>
      </span>
      {build.queue_seconds !== null && <span>queued {duration(build.queue_seconds)}</span>}
    </>
  );
}

/** What failed, before anything else is read. */
function FailedIn({ build }: { build: BuildDetail }) {
  return (
    <p className="failed-in">
      {build.failing_step !== null && <b><bdi>{build.failing_step.replace(" › ", " · ")}</bdi></b>}
      {build.error !== null && <code><bdi>{plainText(build.error)}</bdi></code>}
    </p>
  );
}

export function BuildHead({ build, attempts }: { build: BuildDetail; attempts: ReactNode }) {
  const conclusion = conclusionOf(build);
  return (
    <section className="head" aria-label="Build">
      <div className="head-title">
        <StatusPill status={build.status} conclusion={build.conclusion} />
        <h1>
          <bdi>{titleOf(build)}</bdi>
        </h1>
      </div>
      <div className="meta dotted">
        <Origin build={build} />
        <Times build={build} />
        {build.attempts.length > 1 && <span>attempt {build.attempt} of {build.attempts.length}</span>}
        {conclusion !== null && (
          <span>
            {providerName(build.provider)} says <code>{conclusion}</code>
          </span>
        )}
        {build.source !== null && (
          <span>
            source <bdi>{build.source}</bdi>
          </span>
        )}
      </div>
      {build.status === "failure" && (build.failing_step !== null || build.error !== null) && <FailedIn build={build} />}
      <div className="meta">
        {attempts}
        <ProviderLink url={build.url} provider={build.provider} />
      </div>
    </section>
  );
}
