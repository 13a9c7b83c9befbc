import { Link } from "wouter";

import type { Build } from "../../api/types";
import { buildPath } from "../../lib/base";
import { absolute, duration } from "../../lib/format";
import { buildMark } from "../../lib/status";

const LOWEST_PERCENT = 8;

function titleOf(build: Build): string {
  const at = build.started_at === null ? "" : ` · ${absolute(build.started_at)}`;
  return `${buildMark(build.status).word} · ${duration(build.duration_seconds)}${at}`;
}

/** Builds as bars, oldest first. The table below holds the same builds, so the bars are no stops of the Tab key. */
export function Bars({ builds }: { builds: readonly Build[] }) {
  const longest = Math.max(...builds.map((build) => build.duration_seconds ?? 0), 1);
  return (
    <ol className="bars">
      {builds.map((build) => (
        <li key={build.id}>
          <Link href={buildPath(build.id)} tabIndex={-1} title={titleOf(build)} aria-label={titleOf(build)}>
            <i className={buildMark(build.status).tone} style={{ height: `${Math.max(LOWEST_PERCENT, (100 * (build.duration_seconds ?? 0)) / longest)}%` }} />
          </Link>
        </li>
      ))}
    </ol>
  );
}
