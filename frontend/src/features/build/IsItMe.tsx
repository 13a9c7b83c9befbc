import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";

import { buildContextQuery } from "../../api/queries";
import type { BuildContext, BuildDetail } from "../../api/types";
import { Loaded, Panel, Skeleton } from "../../components/Panel";
import { Pill } from "../../components/Pill";
import { Strip } from "../../components/Strip";
import { Ago, Commit, Name } from "../../components/Text";
import { buildPath } from "../../lib/base";
import { count, plural } from "../../lib/format";
import { finished, type Mark } from "../../lib/status";

type Brief = NonNullable<BuildContext["before"]>;

const NEW: Mark = { word: "new", tone: "bad", icon: "cross" };
const OLD: Mark = { word: "not new", tone: "idle", icon: "clock" };
const FIRST: Mark = { word: "first here", tone: "idle", icon: "info" };
const FLAKY: Mark = { word: "flaky", tone: "flaky", icon: "wave" };
const STEADY: Mark = { word: "not flaky", tone: "flaky", icon: "wave" };
const ONCE: Mark = { word: "one try", tone: "idle", icon: "clock" };
const AGAIN: Mark = { word: "tried again", tone: "run", icon: "spin" };
const ELSEWHERE: Mark = { word: "elsewhere too", tone: "warn", icon: "stop" };
const ONLY_HERE: Mark = { word: "only here", tone: "idle", icon: "stop" };
const FIXED: Mark = { word: "fixed", tone: "ok", icon: "check" };
const STILL: Mark = { word: "as before", tone: "idle", icon: "check" };
const WAS_BROKEN: Mark = { word: "was broken", tone: "bad", icon: "cross" };
const WAS_GREEN: Mark = { word: "was green", tone: "ok", icon: "check" };

function Line({ mark, children }: { mark: Mark; children: ReactNode }) {
  return (
    <li>
      <Pill mark={mark} /> <span>{children}</span>
    </li>
  );
}

const Which = ({ build }: { build: Brief }) => (
  <Link href={buildPath(build.id)} className="link">
    {build.commit === null ? "build" : <Commit commit={build.commit} />}
  </Link>
);

function Novelty({ context: { before, last_green: green } }: { context: BuildContext }) {
  if (before === null) return <Line mark={FIRST}>No success or failure before it is kept on this branch.</Line>;
  if (before.status === "success") return <Line mark={NEW}>First failure here: the build before, <Which build={before} />, passed.</Line>;
  return (
    <Line mark={OLD}>
      The build before, <Which build={before} />, failed too
      {green === null ? "; no green is kept." : <>; the last green is <Which build={green} />.</>}
    </Line>
  );
}

function Flakiness({ build, context: { same_commit: same } }: { build: BuildDetail; context: BuildContext }) {
  const again = build.attempts.find((other) => other.attempt > build.attempt && !finished(other.status));
  if (same.passed_build_id !== null) {
    return (
      <Line mark={FLAKY}>
        It <Link href={buildPath(same.passed_build_id)} className="link">passed later</Link> on the same commit.
      </Line>
    );
  }
  if (again !== undefined) {
    return (
      <Line mark={AGAIN}>
        <Link href={buildPath(again.id)} className="link">Attempt {again.attempt}</Link> is not finished yet.
      </Line>
    );
  }
  if (same.success > 0) return <Line mark={FLAKY}>It passed on this commit before.</Line>;
  return same.failure > 1 ? <Line mark={STEADY}>It failed all {count(same.failure)} times on this commit.</Line> : <Line mark={ONCE}>Nobody has tried this commit again yet.</Line>;
}

function Elsewhere({ build, context }: { build: BuildDetail; context: BuildContext }) {
  if (build.error === null) return <Line mark={ONLY_HERE}>No error line is known, so it cannot be looked for elsewhere.</Line>;
  const { elsewhere, elsewhere_pipelines: pipelines, elsewhere_builds: builds, here_builds: here } = context;
  return (
    <>
      <Line mark={pipelines > 0 ? ELSEWHERE : ONLY_HERE}>
        {pipelines > 0
          ? `${plural(builds, "build")} of ${plural(pipelines, "other pipeline")} failed with this line within 14 d.`
          : "No other pipeline failed with this line within 14 d."}
        {here > 0 && ` ${plural(here, "other build")} of this pipeline did.`}
      </Line>
      {elsewhere.map((other) => (
        <li key={other.id} className="elsewhere">
          <Link href={buildPath(other.id)}>
            <Name repo={other.repo} pipeline={other.pipeline} />
          </Link>
          {other.started_at !== null && <span className="quiet"><Ago at={other.started_at} suffix=" ago" /></span>}
        </li>
      ))}
    </>
  );
}

function Failure({ build, context }: { build: BuildDetail; context: BuildContext }) {
  return (
    <>
      <Novelty context={context} />
      <Flakiness build={build} context={context} />
      <Elsewhere build={build} context={context} />
    </>
  );
}

function Success({ context: { before, same_commit: same } }: { context: BuildContext }) {
  return (
    <>
      {before?.status === "failure" ? <Line mark={FIXED}>The build before, <Which build={before} />, failed.</Line> : <Line mark={STILL}>{before === null ? "Nothing before it is kept on this branch." : "The build before passed too."}</Line>}
      {same.failure > 0 && <Line mark={FLAKY}>This commit failed {same.failure === 1 ? "once" : `${count(same.failure)} times`} as well.</Line>}
    </>
  );
}

/** Of one that has not ended, or ended without a result, all there is to say is what it began from. */
function Undecided({ context: { before } }: { context: BuildContext }) {
  if (before === null) return <Line mark={FIRST}>No success or failure before it is kept on this branch.</Line>;
  const failed = before.status === "failure";
  return (
    <Line mark={failed ? WAS_BROKEN : WAS_GREEN}>
      The build before, <Which build={before} />, {failed ? "failed" : "passed"}.
    </Line>
  );
}

function Said({ build, context }: { build: BuildDetail; context: BuildContext }) {
  if (build.status === "failure") return <Failure build={build} context={context} />;
  return build.status === "success" ? <Success context={context} /> : <Undecided context={context} />;
}

const TITLES: Partial<Record<BuildDetail["status"], string>> = { failure: "Is it me?", success: "Is it fixed?" };

/** New or old, flaky or steady, ours or everyone's: what one asks first of a failure. */
export function IsItMe({ build }: { build: BuildDetail }) {
  const result = useQuery(buildContextQuery(build.id));
  return (
    <Panel title={TITLES[build.status] ?? "Before it"}>
      <Loaded query={result} skeleton={<Skeleton lines={4} height={24} />}>
        {(context) => (
          <>
            <ul className="isit">
              <Said build={build} context={context} />
            </ul>
            <h3 className="isit-head">Last {plural(context.history.length, "build")} here</h3>
            <Strip history={context.history} />
          </>
        )}
      </Loaded>
    </Panel>
  );
}
