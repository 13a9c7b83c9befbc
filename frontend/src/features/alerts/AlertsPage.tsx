import "./alerts.css";

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "wouter";

import { alertCountsQuery, alertsQuery, type AlertCounts, type AlertState } from "../../api/alerts";
import { More } from "../../components/More";
import { ErrorNote, Loaded, Panel, Skeleton } from "../../components/Panel";
import { Pill } from "../../components/Pill";
import { count } from "../../lib/format";
import { alertMark } from "../../lib/status";
import { AlertRow } from "./AlertRow";
import { Receivers } from "./Receivers";
import { Silences } from "./Silences";
import { ALERT_STATES, isState } from "./words";

const EMPTY: Record<AlertState, string> = {
  firing: "Nothing is firing.",
  pending: "Nothing is pending.",
  acknowledged: "Nobody has an alert in hand.",
  silenced: "No alert is silenced.",
  resolved: "No alert was resolved yet.",
};

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

function Section({ state, total }: { state: AlertState; total: number }) {
  const result = useInfiniteQuery(alertsQuery(state));
  return (
    <Panel title={capital(state)} aside={total > 0 && count(total)}>
      <Loaded query={result} skeleton={<Skeleton lines={2} height={64} />}>
        {({ pages }) => {
          const alerts = pages.flatMap((page) => page.alerts);
          if (alerts.length === 0) return <p className="empty">{EMPTY[state]}</p>;
          return (
            <ul className="alerts">
              {alerts.map((alert) => (
                <AlertRow key={alert.id} alert={alert} />
              ))}
            </ul>
          );
        }}
      </Loaded>
      <More pages={result} label="Show more" />
    </Panel>
  );
}

function StateLink({ to, on, children }: { to: string; on: boolean; children: string }) {
  return (
    <Link href={to} className={on ? "on" : ""} aria-current={on ? "true" : undefined}>
      {children}
    </Link>
  );
}

function States({ chosen, counts }: { chosen: AlertState | null; counts: AlertCounts }) {
  return (
    <nav className="seg alert-states" aria-label="States">
      <StateLink to="/ui/alerts" on={chosen === null}>
        All
      </StateLink>
      {ALERT_STATES.filter((state) => state !== "pending" || counts.pending > 0 || chosen === "pending").map((state) => (
        <StateLink key={state} to={`/ui/alerts?state=${state}`} on={chosen === state}>
          {counts[state] > 0 && state !== "resolved" ? `${capital(state)} ${count(counts[state])}` : capital(state)}
        </StateLink>
      ))}
    </nav>
  );
}

/** Which states have a place of their own: all that hold an alert, and those whose being empty is news. */
function sections(chosen: AlertState | null, counts: AlertCounts): readonly AlertState[] {
  if (chosen !== null) return [chosen];
  return ALERT_STATES.filter((state) => state === "firing" || state === "resolved" || counts[state] > 0);
}

function Heading({ counts }: { counts: AlertCounts | undefined }) {
  return (
    <div className="head-title">
      <h1>Alerts</h1>
      {counts !== undefined && (counts.firing > 0 ? <Pill mark={alertMark("firing")}>{count(counts.firing)} firing</Pill> : <Pill mark={{ word: "nothing firing", tone: "ok", icon: "check" }} />)}
    </div>
  );
}

export function AlertsPage() {
  const [params] = useSearchParams();
  const wanted = params.get("state");
  const chosen = isState(wanted) ? wanted : null;
  const result = useQuery(alertCountsQuery());
  return (
    <>
      <title>Alerts · CI Health</title>
      <div className="filter-row">
        <Heading counts={result.data} />
        {result.data && <States chosen={chosen} counts={result.data} />}
      </div>
      <div className="two alert-page">
        <div className="column">
          {result.data === undefined ? (
            result.error === null ? <Panel title="Firing"><Skeleton lines={3} height={64} /></Panel> : <ErrorNote error={result.error} onRetry={() => void result.refetch()} />
          ) : (
            sections(chosen, result.data).map((state) => <Section key={state} state={state} total={result.data[state]} />)
          )}
        </div>
        <div className="column">
          <Receivers />
          <Silences />
        </div>
      </div>
    </>
  );
}
