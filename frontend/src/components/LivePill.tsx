import { absolute } from "../lib/format";
import type { Tone } from "../lib/status";
import { useLiveState } from "../live/context";
import type { Connection } from "../live/socket";

const LOOK: Record<Connection, { tone: Tone; says: string }> = {
  connecting: { tone: "idle", says: "connecting to the server" },
  live: { tone: "ok", says: "changes appear here as they happen" },
  reconnecting: { tone: "warn", says: "the connection was lost; trying again, nothing will be missed" },
  offline: { tone: "bad", says: "the server cannot be reached; trying again by itself" },
};

/** How far the page can be trusted right now. */
export function LivePill() {
  const { connection, heardAt } = useLiveState();
  const { tone, says } = LOOK[connection];
  const heard = heardAt === null || connection === "live" ? "" : `; last heard of it ${absolute(new Date(heardAt).toISOString())}`;
  return (
    <span className={`pill ${tone}`} role="status" title={`${says}${heard}`}>
      <i className="beat" aria-hidden="true" />
      <span>{connection}</span>
    </span>
  );
}
