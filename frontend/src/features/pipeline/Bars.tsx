import { Link } from "wouter";

import type { PipelinePage } from "../../api/types";
import { buildPath } from "../../lib/base";
import { absolute, duration, shortCommit } from "../../lib/format";
import { buildMark } from "../../lib/status";

type Bar = PipelinePage["builds"][number];

const LOWEST_PERCENT = 8;

function titleOf(build: Bar): string {
  const parts = [
    buildMark(build.status).word,
    duration(build.duration_seconds),
    build.started_at === null ? "" : absolute(build.started_at),
    build.commit === null ? "" : shortCommit(build.commit),
    build.actor ?? "",
    build.failing_step ?? "",
  ];
  return parts.filter((part) => part !== "").join(" · ");
}

/** Builds as bars, oldest first. The table below holds the same builds, so the bars are no stops of the Tab key. */
export function Bars({ builds }: { builds: readonly Bar[] }) {
  const longest = Math.max(...builds.map((build) => build.duration_seconds ?? 0), 1);
  return (
    <ol className="bars">
      {builds.map((build) => (
        <li key={build.id}>
          <Link href={buildPath(build.id)} tabIndex={-1} title={titleOf(build)} aria-label={titleOf(build)}>
            <i className="fill" data-status={build.status} style={{ height: `${Math.max(LOWEST_PERCENT, (100 * (build.duration_seconds ?? 0)) / longest)}%` }} />
          </Link>
        </li>
      ))}
    </ol>
  );
}
