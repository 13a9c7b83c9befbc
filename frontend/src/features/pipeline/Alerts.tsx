import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import type { Alert } from "../../api/alerts";
import { pipelineAlertsQuery } from "../../api/queries";
import { Panel } from "../../components/Panel";
import { Pill } from "../../components/Pill";
import { Branch, Moment } from "../../components/Text";
import { count, instant, plainText, span } from "../../lib/format";
import { alertMark } from "../../lib/status";

function Row({ alert }: { alert: Alert }) {
  return (
    <li>
      <Pill mark={alertMark(alert.state)} />
      <span className="cut">
        <bdi title={plainText(alert.text)}>{plainText(alert.text)}</bdi> {alert.branch !== null && <Branch branch={alert.branch} />}
      </span>
      <span className="ends">
        <span className="quiet">
          <bdi>{alert.rule}</bdi>
        </span>
        <span className="quiet">
          <Moment at={alert.since} />
          {alert.resolved_at !== null && <> ({span((instant(alert.resolved_at) - instant(alert.since)) / 1000)})</>}
        </span>
      </span>
    </li>
  );
}

/** What rules found here; nothing is shown where no rule ever found anything. */
export function Alerts({ id }: { id: number }) {
  const page = useQuery(pipelineAlertsQuery(id)).data;
  if (page === undefined || page.alerts.length === 0) return null;
  const total = Object.values(page.counts).reduce((sum, number) => sum + number, 0);
  return (
    <Panel title="Alerts" aside={<Link href="/ui/alerts">{total > page.alerts.length ? `the newest of ${count(total)} · ` : ""}all alerts</Link>}>
      <ul className="rows">
        {page.alerts.map((alert) => (
          <Row key={alert.id} alert={alert} />
        ))}
      </ul>
    </Panel>
  );
}
