/** Small pieces of text from outside: each isolated, so that no name can turn the words around it. */
import { Fragment } from "react";

import { useAge, useNow } from "../lib/clock";
import { absolute, ago, duration, instant, moment, providerName, safeUrl, shortCommit, shortName, span } from "../lib/format";
import { finished } from "../lib/status";
import type { Build } from "../api/types";
import { Icon } from "./Icon";

/** A name as lists have room for it; whole on hover where it is cut. */
export function Short({ name, className }: { name: string; className?: string }) {
  const text = shortName(name);
  return (
    <bdi className={className} title={text === name ? undefined : name}>
      {text}
    </bdi>
  );
}

export function Name({ repo, pipeline }: { repo: string; pipeline: string }) {
  return (
    <>
      <Short name={repo} className="repo" /> <Short name={pipeline} className="pipeline" />
    </>
  );
}

export function Commit({ commit }: { commit: string }) {
  return (
    <code title={commit}>
      <bdi>{shortCommit(commit)}</bdi>
    </code>
  );
}

/** A name without blanks breaks after what separates its parts, before it breaks within one. */
function Parts({ name }: { name: string }) {
  return name.split(/(?<=[/_.:])/).map((part, index) => (
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

export function Branch({ branch }: { branch: string | null }) {
  if (branch === null) return <span className="quiet">–</span>;
  return (
    <code className="branch" title={branch}>
      <bdi>
        <Parts name={shortName(branch)} />
      </bdi>
    </code>
  );
}

/** "6 min", with the local and the UTC time on hover. `suffix` for running text: "6 min ago". */
export function Ago({ at, suffix = "" }: { at: string; suffix?: string }) {
  const now = useNow(5);
  const text = ago(at, now);
  return (
    <time dateTime={at} title={absolute(at)}>
      {text}
      {text === "just now" || text.startsWith("in ") ? "" : suffix}
    </time>
  );
}

/** "09:12" or "Mon 17:40", with the local and the UTC time on hover. */
export function Moment({ at }: { at: string }) {
  const now = useNow(60);
  return (
    <time dateTime={at} title={absolute(at)}>
      {moment(at, now)}
    </time>
  );
}

const JUST_NOW_SECONDS = 5;

/** How long something lasts that began then and goes on. */
export function Lasting({ from }: { from: string }) {
  return <>{span(useAge(from))}</>;
}

/** "since 09:12 (6 min)" of what goes on. */
export function Since({ at }: { at: string }) {
  const seconds = useAge(at);
  return (
    <>
      since <Moment at={at} /> ({seconds < JUST_NOW_SECONDS ? "just now" : span(seconds)})
    </>
  );
}

/** A finished build's duration, or how long a running one has been running. */
export function Took({ build }: { build: Pick<Build, "status" | "started_at" | "duration_seconds"> }) {
  if (finished(build.status) || build.started_at === null) return <>{duration(build.duration_seconds)}</>;
  return build.status === "queued" ? <>{duration(null)}</> : <Elapsed since={build.started_at} />;
}

function Elapsed({ since }: { since: string }) {
  const now = useNow(1);
  return <>{duration((now - instant(since)) / 1000)}</>;
}

export function ProviderLink({ url, provider, short = false }: { url: string | null; provider: string; short?: boolean }) {
  const safe = safeUrl(url);
  if (safe === null) return null;
  const label = `Open on ${providerName(provider)}`;
  return (
    <a className="out" href={safe} target="_blank" rel="noopener noreferrer" title={label} aria-label={short ? label : undefined}>
      {!short && label} <Icon name="out" />
    </a>
  );
}
