import type { ReactNode } from "react";
import { Link } from "wouter";

import type { Pipeline } from "../../api/types";
import { Pill, StatusPill } from "../../components/Pill";
import { Ago, Commit, Moment, ProviderLink } from "../../components/Text";
import { buildPath } from "../../lib/base";
import { useNow } from "../../lib/clock";
import { instant, plural, providerName, span } from "../../lib/format";
import { pipelineMark } from "../../lib/status";

function Standing({ pipeline }: { pipeline: Pipeline }) {
  const now = useNow(60);
  const { since, streak, status } = pipeline;
  const word = status === "failure" ? "failure" : "success";
  return (
    <>
      {since !== null && (
        <span>
          {pipelineMark(pipeline).word} since <Moment at={since} /> ({span((now - instant(since)) / 1000)})
        </span>
      )}
      {streak > 0 && (status === "failure" || status === "success") && <span>{plural(streak, word, word === "success" ? "successes" : "failures")} in a row</span>}
    </>
  );
}

function FirstBad({ bad }: { bad: NonNullable<Pipeline["first_bad"]> }) {
  return (
    <span>
      first bad build <Link href={buildPath(bad.build_id)}>{bad.commit === null ? "open" : <Commit commit={bad.commit} />}</Link>
      {bad.actor !== null && (
        <>
          {" "}
          by <b><bdi>{bad.actor}</bdi></b>
        </>
      )}
    </span>
  );
}

export function PipelineHead({ pipeline, branches }: { pipeline: Pipeline; branches: ReactNode }) {
  return (
    <section className="head" aria-label="Pipeline">
      <div className="head-title">
        <Pill mark={pipelineMark(pipeline)} />
        <h1>
          <bdi>{pipeline.pipeline}</bdi>
        </h1>
        {Boolean(pipeline.running) && <StatusPill status="in_progress" />}
      </div>
      <div className="meta dotted">
        <Standing pipeline={pipeline} />
        {pipeline.first_bad !== null && <FirstBad bad={pipeline.first_bad} />}
        {pipeline.flaky_commits > 0 && <span>failed then passed on {plural(pipeline.flaky_commits, "commit")}</span>}
        {pipeline.last_build_at !== null && (
          <span>
            last build <Ago at={pipeline.last_build_at} suffix=" ago" />
          </span>
        )}
        {pipeline.file !== null && <code><bdi>{pipeline.file}</bdi></code>}
        {pipeline.state !== null && pipeline.state !== "active" && <span>{providerName(pipeline.provider)} says <code>{pipeline.state}</code></span>}
        <span>
          on <bdi>{pipeline.instance}</bdi>
        </span>
      </div>
      <div className="meta">
        {branches}
        <ProviderLink url={pipeline.url} provider={pipeline.provider} />
      </div>
    </section>
  );
}
