import { useQuery } from "@tanstack/react-query";

import { alertQuery, type AlertDetail, type AlertNotification, type AlertTransition } from "../../api/alerts";
import { Loaded, Skeleton } from "../../components/Panel";
import { Pill } from "../../components/Pill";
import { Moment } from "../../components/Text";
import { count, instant, plainText, plural } from "../../lib/format";
import { figures, inline, readable, sendingMark } from "./words";

type Entry = { at: string; key: string } & ({ transition: AlertTransition } | { notification: AlertNotification });

/** What happened to the alert and who was told, in the order of time; at the same instant the cause comes first. */
function entriesOf({ transitions, notifications }: AlertDetail): Entry[] {
  const all: Entry[] = [
    ...transitions.map((transition) => ({ at: transition.at, key: `t${transition.number}`, transition })),
    ...notifications.map((notification) => ({ at: notification.created_at, key: `n${notification.id}`, notification })),
  ];
  return all.toSorted((a, b) => instant(a.at) - instant(b.at));
}

function Transition({ transition: { from_state: from, to_state: to, reason, who } }: { transition: AlertTransition }) {
  return (
    <span>
      {from === to ? <b>{readable(reason)}</b> : <>{from} → <b>{to}</b></>}
      {who !== null && (
        <>
          {" "}
          by <bdi>{who}</bdi>
        </>
      )}
      {from !== to && (
        <>
          : <bdi>{readable(reason)}</bdi>
        </>
      )}
    </span>
  );
}

function Result({ notification }: { notification: AlertNotification }) {
  const { sent_at: sent, attempts, error, state, due_at: due, late } = notification;
  return (
    <span>
      <Pill mark={sendingMark(notification)} /> <bdi>{notification.receiver}</bdi>: {readable(notification.kind)}
      {late && " (late)"}
      {sent !== null && (
        <>
          {" "}
          at <Moment at={sent} />
        </>
      )}
      {attempts > 1 && `, after ${count(attempts)} tries`}
      {state === "pending" && attempts > 0 && (
        <>
          , next try <Moment at={due} />
        </>
      )}
      {error !== null && (
        <>
          {": "}
          <bdi>{readable(plainText(error))}</bdi>
        </>
      )}
    </span>
  );
}

function Rule({ detail }: { detail: AlertDetail }) {
  if (detail.rule_config === null) return <p className="hint">The configuration has no rule {detail.rule} any more.</p>;
  return (
    <p className="hint">
      The rule: <code>{inline(detail.rule_config)}</code>
    </p>
  );
}

function Evidence({ detail }: { detail: AlertDetail }) {
  const shown = figures(detail);
  if (shown.length === 0) return null;
  return (
    <p className="hint">
      What decided it:{" "}
      {shown.map(([name, value], index) => (
        <span key={name}>
          {index > 0 && ", "}
          {name} <bdi className="strong">{value}</bdi>
        </span>
      ))}
    </p>
  );
}

export function History({ id }: { id: number }) {
  const result = useQuery(alertQuery(id));
  return (
    <div className="alert-history">
      <Loaded query={result} skeleton={<Skeleton lines={3} />}>
        {(detail) => (
          <>
            <ol aria-label="History">
              {entriesOf(detail).map((entry) => (
                <li key={entry.key}>
                  <Moment at={entry.at} />
                  {"transition" in entry ? <Transition transition={entry.transition} /> : <Result notification={entry.notification} />}
                </li>
              ))}
            </ol>
            {detail.notifications.length < detail.notifications_total && (
              <p className="hint">The newest {plural(detail.notifications.length, "notification")} of {count(detail.notifications_total)}.</p>
            )}
            <Evidence detail={detail} />
            <Rule detail={detail} />
          </>
        )}
      </Loaded>
    </div>
  );
}
