import { useQuery } from "@tanstack/react-query";

import { sourcesQuery } from "../../api/queries";
import type { Source } from "../../api/types";
import { Loaded, Panel, Skeleton } from "../../components/Panel";
import { Pill } from "../../components/Pill";
import { Ago, Moment } from "../../components/Text";
import { Welcome } from "../../components/Welcome";
import { plainText, plural, providerName } from "../../lib/format";
import { sourceMark } from "../../lib/status";
import { Facts } from "./Facts";

/** What the program does about it by itself once polls fail again and again. */
function Circuit({ source: { circuit, next_poll_at: next } }: { source: Source }) {
  if (circuit.state === "closed") return null;
  return (
    <>
      {" "}
      Its circuit is open after {plural(circuit.failures, "failure")} in a row: it is left alone
      {next === null ? "" : <> until <Moment at={next} /> (<Ago at={next} />)</>}, then tried once; the first success closes it.
    </>
  );
}

/** The error in plain words, and what the program does about it by itself. */
function Trouble({ source }: { source: Source }) {
  if (source.last_error === null && source.waiting_until === null && source.circuit.state === "closed") return null;
  return (
    <div className={`note-box ${source.state === "failing" ? "bad" : "warn"}`}>
      <p>
        {source.last_error !== null && (
          <>
            <bdi>{plainText(source.last_error).replace(/\.$/, "")}</bdi>
            {source.last_error_at !== null && <> <small>(<Ago at={source.last_error_at} suffix=" ago" />)</small></>}.
          </>
        )}
        {source.advice !== null && source.advice !== "" && <> {source.advice}</>}
        {source.waiting_until !== null && (
          <>
            {" "}
            {providerName(source.provider)} asked to wait: nothing is asked of it before <Moment at={source.waiting_until} />.
          </>
        )}
        <Circuit source={source} />
      </p>
    </div>
  );
}

function SourceCard({ source }: { source: Source }) {
  return (
    <li className="panel source">
      <div className="head-title">
        <Pill mark={sourceMark(source.state)} />
        {source.stale && source.state !== "stale" && <Pill mark={sourceMark("stale")} />}
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
