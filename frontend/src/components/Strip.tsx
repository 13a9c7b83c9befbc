import type { HistoryEntry } from "../api/types";
import { plural } from "../lib/format";
import { buildMark } from "../lib/status";

function described(history: readonly HistoryEntry[]): string {
  const failed = history.filter((entry) => entry.status === "failure").length;
  const last = history.at(-1);
  const ending = last === undefined ? "" : `, the newest: ${buildMark(last.status).word}`;
  return `last ${plural(history.length, "build")}, oldest first: ${failed} failed${ending}`;
}

/** A pipeline's last builds as marks, told apart by height as well as by colour. */
export function Strip({ history }: { history: readonly HistoryEntry[] }) {
  if (history.length === 0) return null;
  return (
    <span className="strip" role="img" aria-label={described(history)}>
      {history.map((entry) => (
        <i key={entry.id} className={buildMark(entry.status).tone} />
      ))}
    </span>
  );
}
