import { useState } from "react";
import { Link } from "wouter";

import type { PipelinePage } from "../../api/types";
import { Panel } from "../../components/Panel";
import { Pill, StatusPill } from "../../components/Pill";
import { Ago, Branch, Commit, Lasting, Moment, Short } from "../../components/Text";
import { buildPath } from "../../lib/base";
import { count, percent, plural, span } from "../../lib/format";
import type { Mark } from "../../lib/status";

type Standing = PipelinePage["branches"][number];
type Outage = PipelinePage["outages"][number];

const FIRST = 12;
const OPEN: Mark = { word: "open", tone: "bad", icon: "cross" };
const MENDED: Mark = { word: "recovered", tone: "ok", icon: "check" };

interface BranchesProps {
  branches: readonly Standing[];
  chosen: string;
  onChoose: (branch: string) => void;
}

export function Branches({ branches, chosen, onChoose }: BranchesProps) {
  const more = branches.length - FIRST;
  return (
    <Panel title="Branches" aside={branches.length > 0 && `${count(branches.length)}${branches.length === 50 ? " newest" : ""} in the window`}>
      {branches.length === 0 && <p className="empty">No branch was built in this window.</p>}
      <ul className="rows">
        {branches.slice(0, FIRST).map((standing) => (
          <li key={standing.branch ?? ""}>
            <StatusPill status={standing.status} />
            <span className="cut">
              {standing.branch === null ? (
                <span className="quiet">no branch</span>
              ) : (
                <button type="button" className="link" aria-pressed={standing.branch === chosen} onClick={() => onChoose(standing.branch ?? "")}>
                  <Branch branch={standing.branch} />
                </button>
              )}
            </span>
            <span className="ends">
              <span className="quiet">{standing.success_rate === null ? plural(standing.builds, "build") : `${percent(standing.success_rate)} % of ${count(standing.success + standing.failure)}`}</span>
              {standing.last_build_at !== null && (
                <Link href={buildPath(standing.last_build_id)} className="link">
                  <Ago at={standing.last_build_at} suffix=" ago" />
                </Link>
              )}
            </span>
          </li>
        ))}
      </ul>
      {more > 0 && <p className="hint">{count(more)} more, built less recently.</p>}
    </Panel>
  );
}

/** From each first failure to the next success on its branch; open ones with their age. */
export function Outages({ outages }: { outages: readonly Outage[] }) {
  const [all, setAll] = useState(false);
  const more = outages.length - FIRST;
  return (
    <Panel title="Outages and recoveries" aside="newest first">
      {outages.length === 0 && <p className="empty">Nothing broke, or was broken, in this window.</p>}
      <ul className="rows">
        {(all ? outages : outages.slice(0, FIRST)).map((outage) => (
          <li key={outage.failed_build_id}>
            <Pill mark={outage.recovered_at === null ? OPEN : MENDED} />
            <span className="cut">
              <Link href={buildPath(outage.failed_build_id)} className="link"><Moment at={outage.failed_at} /></Link>{" "}
              {outage.branch !== null && <Branch branch={outage.branch} />} {outage.commit !== null && <Commit commit={outage.commit} />}{" "}
              {outage.actor !== null && <span className="quiet"><Short name={outage.actor} /></span>}
            </span>
            <span className="ends">
              <b>{outage.seconds === null ? <Lasting from={outage.failed_at} /> : span(outage.seconds)}</b>
              {outage.recovered_build_id !== null && <Link href={buildPath(outage.recovered_build_id)} className="link">recovery</Link>}
            </span>
          </li>
        ))}
      </ul>
      {more > 0 && !all && (
        <button type="button" className="link hint" onClick={() => setAll(true)}>
          {plural(more, "older one")}
        </button>
      )}
    </Panel>
  );
}
