import type { ReactNode } from "react";

import type { Source } from "../../api/types";
import { Progress } from "../../components/Progress";
import { Rule } from "../../components/Rule";
import { Ago } from "../../components/Text";
import { useNow } from "../../lib/clock";
import { absolute, ago, briefly, count, duration, instant, span } from "../../lib/format";

/** Below this a difference is that of the way and of whole seconds. */
const CLOCK_AGREES_SECONDS = 2;
/** From here on the collector warns of it, too. */
const CLOCK_WRONG_SECONDS = 60;

function Freshness({ source }: { source: Source }) {
  if (source.last_success_at === null) return <>not read yet</>;
  return (
    <>
      read <Ago at={source.last_success_at} suffix=" ago" />
      {source.stale && ": older than 3 intervals, its pipelines are shown grey"}
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

const LATE_SECONDS = 30;

/** When it is due; how late it is, once it should have come. */
function Due({ at }: { at: string }) {
  const now = useNow(1);
  const seconds = (now - instant(at)) / 1000;
  const text = seconds < -5 ? ago(at, now) : seconds < LATE_SECONDS ? "now" : `${span(seconds)} late`;
  return <time dateTime={at} title={absolute(at)}>{text}</time>;
}

function Clock({ seconds }: { seconds: number }) {
  const far = Math.abs(seconds);
  if (far < CLOCK_AGREES_SECONDS) return <>agrees with ours</>;
  const text = `${duration(far)} ${seconds > 0 ? "ahead of" : "behind"} ours`;
  return far < CLOCK_WRONG_SECONDS ? <>{text}</> : <span className="warn">{text}: ages and queue times are wrong by this much</span>;
}

function Plan({ plan: { now, worst } }: { plan: NonNullable<Source["requests_per_hour"]> }) {
  return (
    <>
      {count(now)} an hour <small>{count(worst)} at worst</small>
    </>
  );
}

function Fact({ name, className, children }: { name: ReactNode; className?: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={className}>{children}</dd>
    </div>
  );
}

const PLAN_RULE = "What polling this source costs, unchanged answers included: as things stand, and if every poll of everything found news. History being read is not in it.";

/** What is known of a source beside its state; what its provider does not tell is left out. */
export function Facts({ source }: { source: Source }) {
  const { budget, progress, interval_seconds: interval, clock_offset_seconds: offset, requests_per_hour: plan } = source;
  return (
    <dl className="facts">
      <Fact name="Freshness">
        <Freshness source={source} />
      </Fact>
      {interval !== null && <Fact name="Read every">{briefly(interval)}</Fact>}
      {source.next_poll_at !== null && source.circuit.state === "closed" && (
        <Fact name="Next read">
          <Due at={source.next_poll_at} />
        </Fact>
      )}
      {plan !== null && (
        <Fact name={<Rule label="Requests">{PLAN_RULE}</Rule>}>
          <Plan plan={plan} />
        </Fact>
      )}
      {budget !== null && (
        <Fact name="Budget" className="budget">
          <Budget budget={budget} />
        </Fact>
      )}
      {offset !== null && (
        <Fact name="Its clock">
          <Clock seconds={offset} />
        </Fact>
      )}
      {progress !== null && (
        <Fact name="Reading history">
          <Progress provider={source.provider} progress={progress} />
        </Fact>
      )}
    </dl>
  );
}
