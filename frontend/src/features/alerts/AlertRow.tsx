import { useState } from "react";
import { Link } from "wouter";

import type { Alert, AlertNotification } from "../../api/alerts";
import type { Status } from "../../api/types";
import { FirstBad } from "../../components/FirstBad";
import { Icon } from "../../components/Icon";
import { Pill } from "../../components/Pill";
import { Strip } from "../../components/Strip";
import { Ago, Branch, Name, Since } from "../../components/Text";
import { buildPath, pipelinePath } from "../../lib/base";
import { instant, plainText, span } from "../../lib/format";
import { Actions } from "./Actions";
import { History } from "./History";
import { lastByReceiver, readable, rowMark, sendingMark } from "./words";

function Subject({ alert }: { alert: Alert }) {
  if (alert.pipeline_id === null) {
    return (
      <Link href="/ui/sources" className="strong">
        source <bdi>{alert.source ?? alert.pipeline}</bdi>
      </Link>
    );
  }
  return (
    <Link href={pipelinePath(alert.pipeline_id)}>
      <Name repo={alert.repo} pipeline={alert.pipeline} />
    </Link>
  );
}

function Lasted({ alert }: { alert: Alert }) {
  const { since, resolved_at: resolved } = alert;
  if (resolved === null) return <span><Since at={since} /></span>;
  return (
    <span>
      resolved <Ago at={resolved} suffix=" ago" />, lasted {span((instant(resolved) - instant(since)) / 1000)}
    </span>
  );
}

/** Which rule, since when, and who has it in hand. */
function Facts({ alert }: { alert: Alert }) {
  const { who, state } = alert;
  return (
    <p className="meta dotted">
      <Lasted alert={alert} />
      <span>
        rule <bdi className="strong">{alert.rule}</bdi> <code title="the reason, as it is logged">{alert.reason}</code>
      </span>
      {who !== null && (state === "acknowledged" || state === "silenced") && (
        <span>
          {state} by <bdi className="strong">{who}</bdi>
        </span>
      )}
    </p>
  );
}

function LastBuild({ alert: { last_build: last, state } }: { alert: Alert }) {
  if (last === null || state === "resolved" || (last.error === null && last.failing_step === null)) return null;
  return (
    <p className="note said">
      <Link href={buildPath(last.build_id)}>
        {last.failing_step !== null && <bdi>{last.failing_step}</bdi>}
        {last.failing_step !== null && last.error !== null && " · "}
        {last.error !== null && <bdi>{plainText(last.error)}</bdi>}
      </Link>
    </p>
  );
}

function ToldOne({ notification }: { notification: AlertNotification }) {
  const mark = sendingMark(notification);
  const trouble = notification.state === "sent" ? null : notification.error;
  return (
    <li className={mark.tone === "bad" || mark.tone === "warn" ? mark.tone : ""}>
      <Icon name={mark.icon} /> <bdi>{notification.receiver}</bdi>: {readable(notification.kind)}{" "}
      {notification.sent_at === null ? mark.word : <Ago at={notification.sent_at} suffix=" ago" />}
      {trouble !== null && (
        <>
          {" "}
          (<bdi>{readable(plainText(trouble))}</bdi>)
        </>
      )}
    </li>
  );
}

function Told({ alert }: { alert: Alert }) {
  const last = lastByReceiver(alert.notifications);
  if (last.length === 0) return <span>{alert.evidence["untold"] === true ? "nobody was told: it was so before it was watched" : "nobody was told"}</span>;
  return (
    <ul aria-label="Who was told">
      {last.map((notification) => (
        <ToldOne key={notification.id} notification={notification} />
      ))}
    </ul>
  );
}

const entries = (strip: readonly string[]) => strip.map((status, id) => ({ id, status: status as Status, started_at: null }));

export function AlertRow({ alert }: { alert: Alert }) {
  const [open, setOpen] = useState(false);
  return (
    <li className="alert">
      <Pill mark={rowMark(alert)} />
      <div className="who">
        <p className="which">
          <Subject alert={alert} /> {alert.branch !== null && <Branch branch={alert.branch} />}
          {alert.flapping && <Pill mark={{ word: "flapping", tone: "flaky", icon: "wave" }} />}
        </p>
        <p className="said">
          <bdi>{plainText(alert.text)}</bdi>
        </p>
        <LastBuild alert={alert} />
        <Facts alert={alert} />
        {alert.first_bad?.commit != null && <p className="meta"><span><FirstBad bad={alert.first_bad} /></span></p>}
        <div className="told">
          <Told alert={alert} />
          <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "Hide history" : "History"}
          </button>
        </div>
        {open && <History id={alert.id} />}
      </div>
      <div className="side">
        <Strip history={entries(alert.strip)} />
        <Actions alert={alert} />
      </div>
    </li>
  );
}
