import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { sourcesQuery } from "../../api/queries";
import type { Source, Summary } from "../../api/types";
import { Progress } from "../../components/Progress";
import { count } from "../../lib/format";

const NAMED = 2;

/** Polled for the first time and not done; a source that is only told by webhooks is never polled. */
const isFirstRead = ({ state, progress, last_poll_at: polled }: Source): boolean => state === "new" && (progress !== null || polled !== null);

/** While a source's history is read for the first time, so that few builds are no riddle. Goes away by itself. */
export function Reading({ summary: { sources } }: { summary: Summary }) {
  const listed = useQuery({ ...sourcesQuery(), enabled: sources.fresh < sources.total }).data?.sources ?? [];
  const reading = listed.filter(isFirstRead);
  if (reading.length === 0) return null;
  return (
    <aside className="reading" aria-label="Reading history">
      <p>
        <b>Reading history</b>{" "}
        {reading.slice(0, NAMED).map((source, index) => (
          <span key={source.name}>
            {index > 0 && " · "}
            <span className="strong"><bdi>{source.name}</bdi></span>
            {source.progress === null ? ": just begun" : <>: <Progress provider={source.provider} progress={source.progress} /></>}
          </span>
        ))}
        {reading.length > NAMED && ` · and ${count(reading.length - NAMED)} more`}
      </p>
      <Link href="/ui/sources">Sources →</Link>
    </aside>
  );
}
