/** How alerts, their notifications and receivers are told. */
import type { Alert, AlertNotification, AlertState, Receiver } from "../../api/alerts";
import { alertMark, type Mark } from "../../lib/status";

/** In the order in which the page shows them. */
export const ALERT_STATES: readonly AlertState[] = ["firing", "pending", "acknowledged", "silenced", "resolved"];

export const isState = (word: string | null): word is AlertState => word !== null && (ALERT_STATES as readonly string[]).includes(word);

const SEVERITIES: Record<string, Mark> = {
  critical: { word: "critical", tone: "bad", icon: "cross" },
  warning: { word: "warning", tone: "warn", icon: "info" },
  info: { word: "info", tone: "run", icon: "info" },
};

/** A row stands below its state already, so it leads with how much it matters, as long as that lasts. */
export const rowMark = ({ state, severity }: Pick<Alert, "state" | "severity">): Mark =>
  state === "resolved" ? alertMark(state) : (SEVERITIES[severity] ?? { word: severity, tone: "idle", icon: "info" });

/** `further_failure` as people read it; a reason that somebody wrote stays as it is. */
export const readable = (word: string): string => (/^[a-z]+(_[a-z]+)*$/.test(word) ? word.replaceAll("_", " ") : word);

export function sendingMark({ state, attempts }: Pick<AlertNotification, "state" | "attempts">): Mark {
  switch (state) {
    case "sent":
      return { word: "sent", tone: "ok", icon: "check" };
    case "pending":
      return attempts > 0 ? { word: "tried again soon", tone: "warn", icon: "clock" } : { word: "waiting", tone: "run", icon: "clock" };
    case "set_aside":
      return { word: "refused", tone: "bad", icon: "cross" };
    case "dropped":
      return { word: "not needed", tone: "idle", icon: "skip" };
  }
}

export function receiverMark(receiver: Receiver): Mark {
  if (receiver.broken) return { word: "broken", tone: "bad", icon: "cross" };
  if (receiver.failures > 0) return { word: "failing", tone: "warn", icon: "clock" };
  return { word: "ok", tone: "ok", icon: "check" };
}

const rank = (receiver: Receiver): number => (receiver.broken ? 0 : receiver.failures > 0 ? 1 : 2);

export const worstFirst = (a: Receiver, b: Receiver): number => rank(a) - rank(b) || a.name.localeCompare(b.name);

/** The newest notification of each receiver, in the order in which they were first told. */
export function lastByReceiver(notifications: readonly AlertNotification[]): AlertNotification[] {
  return [...new Map(notifications.map((each) => [each.receiver, each])).values()];
}

const plainKey = /^[A-Za-z][\w-]*$/;

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null) return inline(value as Record<string, unknown>);
  if (typeof value === "string") return plainKey.test(value) || /^\d+[smhdw]$/.test(value) ? value : JSON.stringify(value);
  return String(value);
}

/** A mapping on one line, as collectors.yaml may write it. */
export const inline = (value: Record<string, unknown>): string =>
  `{${Object.entries(value)
    .map(([key, each]) => `${key}: ${flow(each)}`)
    .join(", ")}}`;

/** What decided the alert, in figures; texts and marks for programs are left out. */
export function figures({ evidence }: Pick<Alert, "evidence">): [string, string][] {
  return Object.entries(evidence).flatMap(([name, value]): [string, string][] => (typeof value === "number" ? [[readable(name), String(Math.round(value * 100) / 100)]] : []));
}
