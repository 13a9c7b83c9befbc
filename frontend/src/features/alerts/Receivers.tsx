import { useQuery } from "@tanstack/react-query";

import { receiversQuery, type Receiver } from "../../api/alerts";
import { Loaded, Panel, Skeleton } from "../../components/Panel";
import { Pill } from "../../components/Pill";
import { Snippet } from "../../components/Snippet";
import { Ago, Moment } from "../../components/Text";
import { count, plainText } from "../../lib/format";
import { receiverMark, worstFirst } from "./words";

const YAML = `receivers:
  - name: ci-channel
    slack: {webhook_url: "\${SLACK_WEBHOOK_URL}"}
rules:
  - {name: broken, when: failure, branches: ["@default"], to: [ci-channel]}
`;

function Trouble({ receiver }: { receiver: Receiver }) {
  if (receiver.error === null && receiver.blocked_until === null) return null;
  return (
    <div className={`note-box ${receiver.broken ? "bad" : "warn"}`}>
      <p>
        {receiver.error !== null && <bdi>{plainText(receiver.error)}</bdi>}
        {receiver.broken && (
          <small>
            {receiver.broken_at !== null && <>Broken since <Moment at={receiver.broken_at} />. </>}
            What waits is kept; it is tried every 5 minutes, and goes on when it answers again or its configuration changes. To try it now: <code>cihealth test-alert {receiver.name}</code>
          </small>
        )}
        {!receiver.broken && (
          <small>
            {receiver.first_failed_at !== null && <>It has taken nothing since <Moment at={receiver.first_failed_at} />; what waits is kept. </>}
            {receiver.blocked_until !== null && <>Nothing is sent to it before <Moment at={receiver.blocked_until} />.</>}
          </small>
        )}
      </p>
    </div>
  );
}

function ReceiverRow({ receiver }: { receiver: Receiver }) {
  return (
    <li>
      <Pill mark={receiverMark(receiver)} />
      <div className="who">
        <p className="which">
          <bdi className="strong">{receiver.name}</bdi> <small>{receiver.kind}</small>
        </p>
        <p className="meta dotted">
          <span>{receiver.last_sent_at === null ? "nothing sent yet" : <>last sent <Ago at={receiver.last_sent_at} suffix=" ago" /></>}</span>
          {receiver.waiting > 0 && (
            <span>
              {count(receiver.waiting)} waiting{receiver.oldest_waiting_at !== null && <>, the oldest for <Ago at={receiver.oldest_waiting_at} /></>}
            </span>
          )}
          {receiver.set_aside > 0 && <span>{count(receiver.set_aside)} refused for good</span>}
        </p>
        <Trouble receiver={receiver} />
      </div>
    </li>
  );
}

function NoReceivers() {
  return (
    <>
      <p className="empty">Nobody is told yet. Name a receiver and a rule in the configuration:</p>
      <Snippet label="collectors.yaml" text={YAML} />
    </>
  );
}

/** Where notifications go, what does not work first. */
export function Receivers() {
  const result = useQuery(receiversQuery());
  return (
    <Panel title="Receivers">
      <Loaded query={result} skeleton={<Skeleton lines={3} height={32} />}>
        {({ receivers }) =>
          receivers.length === 0 ? (
            <NoReceivers />
          ) : (
            <ul className="states-list">
              {receivers.toSorted(worstFirst).map((receiver) => (
                <ReceiverRow key={receiver.name} receiver={receiver} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}
