import { useState } from "react";
import { Link } from "wouter";

import type { Pipeline, Summary } from "../../api/types";
import { Icon } from "../../components/Icon";
import { Panel } from "../../components/Panel";
import { Pill } from "../../components/Pill";
import { StateTag } from "../../components/StateTag";
import { Strip } from "../../components/Strip";
import { Ago, Commit, Moment, Name, Short } from "../../components/Text";
import { pipelinePath } from "../../lib/base";
import { count, duration, plural, span } from "../../lib/format";
import { buildMark, pipelineMark } from "../../lib/status";

const FIRST = 7;
const STEP = 50;

/** How old what is shown may be. */
function Unread({ unread: { source, read_at } }: { unread: NonNullable<Pipeline["unread"]> }) {
  return (
    <>
      {read_at === null ? "never whole" : <>for <Ago at={read_at} /></>} (<bdi>{source}</bdi>)
    </>
  );
}

/** The second line says why: since when and how often, what stopped, flaked or slowed, how long it has been well. */
function Why({ pipeline }: { pipeline: Pipeline }) {
  switch (pipeline.outlook) {
    case "failing":
    case "never_green":
      return <WhyBroken pipeline={pipeline} />;
    case "unread":
      return <>{pipeline.unread !== null && <><Unread unread={pipeline.unread} /> · </>}was {buildMark(pipeline.status).word}</>;
    case "stale":
      return <>has not run for {span(pipeline.silent_seconds ?? 0)}</>;
    case "flaky":
      return <>failed then passed on {plural(pipeline.flaky_commits, "commit")}</>;
    case "slower":
      return <>{duration(pipeline.slower?.from_seconds)} → {duration(pipeline.slower?.to_seconds)}, median of the last 3</>;
    case "healthy":
      return <>{count(pipeline.streak)} in a row</>;
    default:
      return pipeline.last_build_at === null ? <>no build yet</> : <>last build <Ago at={pipeline.last_build_at} suffix=" ago" /></>;
  }
}

function WhyBroken({ pipeline: { since, streak, first_bad: bad, unread } }: { pipeline: Pipeline }) {
  return (
    <>
      {unread !== null && <>not read <Unread unread={unread} /> · </>}
      {since !== null && <>since <Moment at={since} /> · </>}
      {count(streak)} in a row
      {bad?.commit != null && <> · <Commit commit={bad.commit} /></>}
      {bad?.actor != null && <> by <Short name={bad.actor} /></>}
    </>
  );
}

function PipelineRow({ pipeline, namesake }: { pipeline: Pipeline; namesake: boolean }) {
  return (
    <li>
      <Pill mark={pipelineMark(pipeline)} />
      <div className="who">
        <div className="which">
          <Link href={pipelinePath(pipeline.id)}>
            <Name repo={pipeline.repo} pipeline={pipeline.pipeline} />
          </Link>
          {namesake && pipeline.file !== null && <code><bdi>{pipeline.file}</bdi></code>}
          {" "}
          <StateTag pipeline={pipeline} />
          {Boolean(pipeline.running) && (
            <span className="dotrun" title="a build is running">
              <Icon name="spin" />
              <span className="visually-hidden">a build is running</span>
            </span>
          )}
        </div>
        <div className="why">
          <Why pipeline={pipeline} />
        </div>
      </div>
      <Strip history={pipeline.history} />
    </li>
  );
}

const nameOf = (pipeline: Pipeline): string => `${pipeline.repo.toLowerCase()}\n${pipeline.pipeline}`;

function namesakes(pipelines: readonly Pipeline[]): Set<string> {
  const seen = new Set<string>();
  return new Set(pipelines.map(nameOf).filter((name) => seen.size === seen.add(name).size));
}

function rest(hidden: readonly Pipeline[]): string {
  const well = hidden.every((pipeline) => pipeline.outlook === "healthy");
  return `${count(hidden.length)} more${well ? ", all healthy" : ""}`;
}

export function PipelineList({ summary }: { summary: Summary }) {
  const [shown, setShown] = useState(FIRST);
  const { pipelines } = summary;
  const twice = namesakes(pipelines);
  const hidden = pipelines.slice(shown);
  return (
    <div id="pipelines" className="anchor">
      <Panel title="Last status by pipeline" aside={pipelines.length === 0 ? "" : `worst first · ${count(pipelines.length)}`}>
        {pipelines.length === 0 && <p className="empty">No pipeline matches these filters.</p>}
        <ul className="pipes">
          {pipelines.slice(0, shown).map((pipeline) => (
            <PipelineRow key={`${pipeline.id} ${pipeline.branch ?? ""}`} pipeline={pipeline} namesake={twice.has(nameOf(pipeline))} />
          ))}
        </ul>
        {hidden.length > 0 && (
          <button type="button" className="link hint" onClick={() => setShown(shown === FIRST ? STEP : shown + STEP)}>
            {rest(hidden)}
          </button>
        )}
      </Panel>
    </div>
  );
}
