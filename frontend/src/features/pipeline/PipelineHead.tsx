import { Link } from "wouter";

import type { PipelinePage } from "../../api/types";
import { FirstBad } from "../../components/FirstBad";
import { Icon } from "../../components/Icon";
import { Pill, StatusPill } from "../../components/Pill";
import { StateTag } from "../../components/StateTag";
import { Ago, Commit, ProviderLink, Since } from "../../components/Text";
import { buildPath } from "../../lib/base";
import { duration, plural, providerName, safeUrl, span } from "../../lib/format";
import { pipelineMark } from "../../lib/status";

function Standing({ pipeline }: { pipeline: PipelinePage }) {
  const { since, streak, status } = pipeline;
  const conclusive = status === "failure" || status === "success";
  return (
    <>
      {since !== null && (
        <span>
          {status === "failure" ? "broken" : status === "success" ? "green" : pipelineMark(pipeline).word} <Since at={since} />
        </span>
      )}
      {streak > 0 && conclusive && <span>{status === "failure" ? plural(streak, "failure") : plural(streak, "success", "successes")} in a row</span>}
    </>
  );
}

/** From the last green to the first red: what may have broken it. */
function Compared({ pipeline: { compare, provider, outlook } }: { pipeline: PipelinePage }) {
  if (compare === null) return outlook === "never_green" ? <span>it never was green</span> : null;
  const url = safeUrl(compare.url);
  return (
    <>
      <span>
        last green <Link href={buildPath(compare.good.build_id)}>{compare.good.commit === null ? "build" : <Commit commit={compare.good.commit} />}</Link>
      </span>
      {url !== null && (
        <span>
          <a className="out" href={url} target="_blank" rel="noopener noreferrer">
            compare on {providerName(provider)} <Icon name="out" />
          </a>
        </span>
      )}
    </>
  );
}

/** What else says how it fares: it stopped, it got slower. */
function Besides({ pipeline: { slower, silent_seconds: silent, running } }: { pipeline: PipelinePage }) {
  return (
    <>
      {silent !== null && <span className="warn">silent for {span(silent)}, longer than ever before</span>}
      {slower !== null && <span className="warn">slower: {duration(slower.from_seconds)} → {duration(slower.to_seconds)}, median of the last 3</span>}
      {running > 0 && <span>{plural(running, "build")} running now</span>}
    </>
  );
}

export function PipelineHead({ pipeline }: { pipeline: PipelinePage }) {
  return (
    <section className="head" aria-label="Pipeline">
      <div className="head-title">
        <Pill mark={pipelineMark(pipeline)} />
        <h1>
          <bdi>{pipeline.pipeline}</bdi>
        </h1>
        <StateTag pipeline={pipeline} />
        {pipeline.running > 0 && <StatusPill status="in_progress" />}
      </div>
      <div className="meta dotted">
        <Standing pipeline={pipeline} />
        {pipeline.first_bad !== null && <span><FirstBad bad={pipeline.first_bad} /></span>}
        <Compared pipeline={pipeline} />
        <Besides pipeline={pipeline} />
      </div>
      <div className="meta dotted quiet">
        {pipeline.last_build_at !== null && (
          <span>
            last build <Ago at={pipeline.last_build_at} suffix=" ago" />
          </span>
        )}
        {pipeline.file !== null && <span><code><bdi>{pipeline.file}</bdi></code></span>}
        {pipeline.instance !== "" && (
          <span>
            on <bdi>{pipeline.instance}</bdi>
          </span>
        )}
        {safeUrl(pipeline.url) !== null && <span><ProviderLink url={pipeline.url} provider={pipeline.provider} /></span>}
      </div>
    </section>
  );
}
