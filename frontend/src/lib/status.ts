import type { AlertState } from "../api/alerts";
import type { Outlook, Status } from "../api/types";

export type Tone = "ok" | "bad" | "run" | "idle" | "warn" | "flaky";
export type IconName =
  | "check"
  | "cross"
  | "spin"
  | "clock"
  | "stop"
  | "skip"
  | "wave"
  | "out"
  | "chevron"
  | "sun"
  | "moon"
  | "search"
  | "info"
  | "copy"
  | "system"
  | "never"
  | "unread"
  | "slow"
  | "expand"
  | "close"
  | "gear"
  | "keys";

export interface Mark {
  word: string;
  tone: Tone;
  icon: IconName;
}

const BUILD: Record<Status, Mark> = {
  queued: { word: "queued", tone: "warn", icon: "clock" },
  in_progress: { word: "running", tone: "run", icon: "spin" },
  success: { word: "success", tone: "ok", icon: "check" },
  failure: { word: "failure", tone: "bad", icon: "cross" },
  cancelled: { word: "cancelled", tone: "idle", icon: "stop" },
  skipped: { word: "skipped", tone: "idle", icon: "skip" },
};

export const STATUSES = Object.keys(BUILD) as Status[];

/** A status the dashboard does not know yet is shown by its own word rather than hidden. */
export function buildMark(status: string): Mark {
  return BUILD[status as Status] ?? { word: status, tone: "idle", icon: "clock" };
}

const OUTLOOK: Partial<Record<Outlook, Mark>> = {
  failing: { word: "broken", tone: "bad", icon: "cross" },
  never_green: { word: "never green", tone: "bad", icon: "never" },
  stale: { word: "stale", tone: "idle", icon: "stop" },
  unread: { word: "not read", tone: "idle", icon: "unread" },
  flaky: { word: "flaky", tone: "flaky", icon: "wave" },
  slower: { word: "slower", tone: "warn", icon: "slow" },
  healthy: { word: "healthy", tone: "ok", icon: "check" },
};

export const OUTLOOKS: readonly Outlook[] = ["failing", "never_green", "stale", "unread", "unknown", "flaky", "slower", "healthy"];

/** How a pipeline fares; while it never succeeded nor failed, its newest status is all there is to say. */
export function pipelineMark({ outlook, status }: { outlook: Outlook; status: Status | null }): Mark {
  return OUTLOOK[outlook] ?? (status === null ? { word: "no build", tone: "idle", icon: "clock" } : buildMark(status));
}

const ALERT: Record<AlertState, Mark> = {
  firing: { word: "firing", tone: "bad", icon: "cross" },
  pending: { word: "pending", tone: "warn", icon: "clock" },
  acknowledged: { word: "acknowledged", tone: "run", icon: "check" },
  silenced: { word: "silenced", tone: "idle", icon: "stop" },
  resolved: { word: "resolved", tone: "ok", icon: "check" },
};

export const alertMark = (state: AlertState): Mark => ALERT[state];

export function sourceMark(state: string): Mark {
  switch (state) {
    case "ok":
      return { word: "ok", tone: "ok", icon: "check" };
    case "failing":
      return { word: "failing", tone: "bad", icon: "cross" };
    case "waiting":
      return { word: "waiting", tone: "warn", icon: "clock" };
    case "stale":
      return { word: "stale", tone: "idle", icon: "unread" };
    case "new":
      return { word: "new", tone: "run", icon: "spin" };
    default:
      return { word: state, tone: "idle", icon: "clock" };
  }
}

export const finished = (status: Status): boolean => status !== "queued" && status !== "in_progress";

/** 0 queued, 1 running, 2 finished: within one attempt a build only climbs. */
export const rank = (status: Status): number => (status === "queued" ? 0 : status === "in_progress" ? 1 : 2);
