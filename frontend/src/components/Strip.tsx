import type { Status } from "../api/types";
import { plural } from "../lib/format";
import { buildMark } from "../lib/status";

interface Entry {
  id: number;
  status: Status;
}

function described(history: readonly Entry[]): string {
  const failed = history.filter((entry) => entry.status === "failure").length;
  const last = history.at(-1);
  const ending = last === undefined ? "" : `, the newest: ${buildMark(last.status).word}`;
  return `last ${plural(history.length, "build")}, oldest first: ${failed} failed${ending}`;
}

/** A pipeline's last builds as marks, told apart by height and pattern as well as by colour. */
export function Strip({ history }: { history: readonly Entry[] }) {
  if (history.length === 0) return null;
  return (
    <span className="strip" role="img" aria-label={described(history)}>
      {history.map((entry) => (
        <i key={entry.id} className="fill" data-status={entry.status} />
      ))}
    </span>
  );
}
