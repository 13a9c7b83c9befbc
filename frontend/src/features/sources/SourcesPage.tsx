import { useQuery } from "@tanstack/react-query";

import { sourcesQuery } from "../../api/queries";
import type { Source } from "../../api/types";
import { Loaded, Panel, Skeleton } from "../../components/Panel";
import { Pill } from "../../components/Pill";
import { Ago, Moment } from "../../components/Text";
import { Welcome } from "../../components/Welcome";
import { count, duration, plainText, plural, providerName, span } from "../../lib/format";
import { sourceMark } from "../../lib/status";

function Freshness({ source }: { source: Source }) {
  if (source.last_success_at === null) return <>not read yet</>;
  return (
    <>
      read <Ago at={source.last_success_at} suffix=" ago" />
    </>
  );
}

function Budget({ budget }: { budget: NonNullable<Source["budget"]> }) {
  const { limit, remaining, reset_at: reset } = budget;
  if (remaining === null) return <>–</>;
  const share = limit === null || limit === 0 ? null : Math.round((100 * remaining) / limit);
  return (
    <>
      {count(remaining)}
      {limit !== null && ` of ${count(limit)}`} requests left
      {share !== null && <meter min={0} max={100} low={20} optimum={100} value={share} aria-label="requests left" />}
      {reset !== null && (
        <small>
          full again <Ago at={reset} />
        </small>
      )}
    </>
  );
}

/** The error in plain words, and what the program does about it by itself. */
function Trouble({ source }: { source: Source }) {
  if (source.last_error === null && source.waiting_until === null) return null;
  return (
    <div className={`note-box ${source.state === "failing" ? "bad" : "warn"}`}>
      <p>
        {source.last_error !== null && <bdi>{plainText(source.last_error)}</bdi>}
        {source.last_error !== null && source.last_error_at !== null && (
          <>
            {" "}
            <small>(<Ago at={source.last_error_at} suffix=" ago" />)</small>
          </>
        )}
        {source.advice != null && source.advice !== "" && <> {source.advice}</>}
        {source.waiting_until !== null && (
          <>
            {" "}
            {providerName(source.provider)} asked to wait: nothing is asked of it before <Moment at={source.waiting_until} />.
          </>
        )}
      </p>
    </div>
  );
}

function progressText({ done, total, builds }: NonNullable<Source["progress"]>): string {
  return `${count(done)}${total === null ? "" : ` of ${count(total)}`} done, ${plural(builds, "build")}`;
}

function Facts({ source }: { source: Source }) {
  return (
    <dl className="facts">
      <div>
        <dt>Freshness</dt>
        <dd>
          <Freshness source={source} />
        </dd>
      </div>
      {source.interval_seconds !== null && (
        <div>
          <dt>Read every</dt>
          <dd>{source.interval_seconds < 60 ? duration(source.interval_seconds) : span(source.interval_seconds)}</dd>
        </div>
      )}
      {source.budget !== null && (
        <div>
          <dt>Budget</dt>
          <dd className="budget">
            <Budget budget={source.budget} />
          </dd>
        </div>
      )}
      {source.progress != null && (
        <div>
          <dt>Reading history</dt>
          <dd>
            <bdi>{source.progress.target}</bdi>: {progressText(source.progress)}
          </dd>
        </div>
      )}
    </dl>
  );
}

function SourceCard({ source }: { source: Source }) {
  return (
    <li className="panel source">
      <div className="head-title">
        <Pill mark={sourceMark(source.state)} />
        <h2>
          <bdi>{source.name}</bdi>
        </h2>
        <small>
          {providerName(source.provider)}
          {source.instance !== null && (
            <>
              {" "}
              · <bdi>{source.instance}</bdi>
            </>
          )}
        </small>
      </div>
      <Facts source={source} />
      <Trouble source={source} />
    </li>
  );
}

const ORDER = ["failing", "stale", "waiting", "new", "ok"];
const worstFirst = (a: Source, b: Source): number => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.name.localeCompare(b.name);

export function SourcesPage() {
  const result = useQuery(sourcesQuery());
  return (
    <>
      <title>Sources · CI Health</title>
      <h1>Sources</h1>
      <Loaded query={result} skeleton={<Panel title="Sources"><Skeleton lines={5} height={40} /></Panel>}>
        {({ sources }) =>
          sources.length === 0 ? (
            <Welcome heading="No sources yet" />
          ) : (
            <ul className="sources">
              {sources.toSorted(worstFirst).map((source) => (
                <SourceCard key={source.name} source={source} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </>
  );
}
