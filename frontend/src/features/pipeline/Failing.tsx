import { Link } from "wouter";

import type { PipelinePage } from "../../api/types";
import { Panel } from "../../components/Panel";
import { Pill } from "../../components/Pill";
import { Ago, Branch, Commit, Moment } from "../../components/Text";
import { buildPath } from "../../lib/base";
import { useAge } from "../../lib/clock";
import { count, plainText, plural } from "../../lib/format";
import type { Mark } from "../../lib/status";

type Part = PipelinePage["failing"][number];
type Flaky = PipelinePage["flaky"][number];

const DAY_SECONDS = 86_400;

const markOf = (part: Part): Mark =>
  part.passed_later > 0 && part.passed_later === part.failures ? { word: "flaky", tone: "flaky", icon: "wave" } : { word: "failure", tone: "bad", icon: "cross" };

function IfNew({ at }: { at: string }) {
  return useAge(at) < DAY_SECONDS && <> · new today</>;
}

/** What tells a new failure from an old one, and a flake from a break. */
function About({ part }: { part: Part }) {
  return (
    <>
      {part.runs !== null && <> of {plural(part.runs, "run")}</>}
      {part.passed_later > 0 && <> · {count(part.passed_later)} passed on the same commit later</>}
      {part.first_at !== null && <IfNew at={part.first_at} />}
      {part.last_at !== null && (
        <>
          {" "}
          · last <Ago at={part.last_at} suffix=" ago" />
        </>
      )}
    </>
  );
}

const nameOf = ({ job, step }: Part): string => [job, step].filter((part) => part !== null).join(" · ") || "the build as a whole";

export function Failing({ parts }: { parts: readonly Part[] }) {
  return (
    <Panel title="What fails" aside="most first">
      {parts.length === 0 && <p className="empty">Nothing failed in this window.</p>}
      <ul className="pipes counted">
        {parts.map((part, index) => (
          <li key={`${nameOf(part)} ${index}`}>
            <Pill mark={markOf(part)}>{count(part.failures)}</Pill>
            <div className="who">
              <div className="which">
                <Link href={buildPath(part.last_build_id)}>
                  <bdi className="pipeline">{nameOf(part)}</bdi>
                </Link>
              </div>
              {part.error !== null && (
                <div className="why" title={part.error}>
                  <code><bdi>{plainText(part.error)}</bdi></code>
                </div>
              )}
              <div className="why">
                {plural(part.failures, "failure")}
                <About part={part} />
              </div>
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Failures that passed on the same commit: each links to both builds. */
export function FlakyBuilds({ builds }: { builds: readonly Flaky[] }) {
  if (builds.length === 0) return null;
  return (
    <Panel title="Flaky builds" aside="failed, then passed on the same commit">
      <ul className="rows">
        {builds.map((build) => (
          <li key={build.failed_build_id}>
            <span className="cut">
              {build.commit !== null && <Commit commit={build.commit} />} {build.branch !== null && <Branch branch={build.branch} />}{" "}
              <span className="quiet"><bdi>{plainText(build.error ?? build.failing_step ?? "")}</bdi></span>
            </span>
            <span className="ends">
              {build.failed_at !== null && <span className="quiet"><Moment at={build.failed_at} /></span>}
              <Link href={buildPath(build.failed_build_id)} className="link">failed</Link>
              <Link href={buildPath(build.passed_build_id)} className="link">passed</Link>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
