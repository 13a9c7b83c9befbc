import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { alertCountsQuery } from "../../api/alerts";
import type { Pipeline, Summary } from "../../api/types";
import { FirstBad } from "../../components/FirstBad";
import { Pill } from "../../components/Pill";
import { Name, Since } from "../../components/Text";
import { pipelinePath } from "../../lib/base";
import { count, plural } from "../../lib/format";
import type { Mark } from "../../lib/status";

const NAMED = 2;
const BROKEN: Mark = { word: "broken", tone: "bad", icon: "cross" };
const UNSURE: Mark = { word: "nothing known to be broken", tone: "idle", icon: "unread" };
const GREEN: Mark = { word: "nothing broken", tone: "ok", icon: "check" };

function BrokenOne({ pipeline }: { pipeline: Pipeline }) {
  const { first_bad: bad } = pipeline;
  return (
    <li>
      <Link href={pipelinePath(pipeline.id)} className="strong">
        <Name repo={pipeline.repo} pipeline={pipeline.pipeline} />
      </Link>{" "}
      {pipeline.since !== null && <Since at={pipeline.since} />}
      {bad?.commit != null && <>, <FirstBad bad={bad} /></>}
    </li>
  );
}

/** The newest recovery ends the time in which something was broken. */
function greenSince(pipelines: readonly Pipeline[]): string | null {
  const since = pipelines.filter((pipeline) => pipeline.status === "success").flatMap((pipeline) => pipeline.since ?? []);
  return since.toSorted().at(-1) ?? null;
}

function Firing() {
  const firing = useQuery(alertCountsQuery()).data?.firing ?? 0;
  if (firing === 0) return null;
  return <Link href="/ui/alerts?state=firing">{plural(firing, "alert")} firing →</Link>;
}

/** What is not read may be broken by now: green is said only of what is known. */
function NotRead({ count: unread }: { count: number }) {
  return (
    <>
      {" "}
      <Link href="/ui/sources" className="warn">
        {plural(unread, "pipeline")} {unread === 1 ? "is" : "are"} not read just now →
      </Link>
    </>
  );
}

const noneOf = (all: number): string => (all === 1 ? "The one pipeline here is not broken" : `None of ${plural(all, "pipeline")} is broken`);

function NothingBroken({ pipelines }: { pipelines: readonly Pipeline[] }) {
  const unread = pipelines.filter((pipeline) => pipeline.unread !== null).length;
  const since = unread === 0 ? greenSince(pipelines) : null;
  return (
    <section className={`banner quiet-banner${unread === 0 ? "" : " unsure"}`} aria-label="What is broken">
      <div>
        <Pill mark={unread === 0 ? GREEN : UNSURE} />
        <span>
          {unread === 0 ? noneOf(pipelines.length) : "No failure is known"}
          {since !== null && (
            <>
              , <Since at={since} />
            </>
          )}
          .
          {unread > 0 && <NotRead count={unread} />}
        </span>
      </div>
      <span className="banner-links">
        <Firing />
      </span>
    </section>
  );
}

/** The first line answers the first question: what is broken, since when, and who may know. */
export function Broken({ summary }: { summary: Summary }) {
  const broken = summary.pipelines.filter((pipeline) => pipeline.status === "failure");
  if (broken.length === 0) return summary.pipelines.length === 0 ? null : <NothingBroken pipelines={summary.pipelines} />;
  return (
    <section className="banner" aria-label="What is broken">
      <div>
        <Pill mark={BROKEN}>{count(broken.length)} broken</Pill>
        <ul className="inline-list">
          {broken.slice(0, NAMED).map((pipeline) => (
            <BrokenOne key={pipeline.id} pipeline={pipeline} />
          ))}
        </ul>
      </div>
      <span className="banner-links">
        {broken.length > NAMED && <a href="#pipelines">{count(broken.length - NAMED)} more ↓</a>}
        <Firing />
      </span>
    </section>
  );
}
