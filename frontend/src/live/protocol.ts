import type { Build } from "../api/types";

/** What the socket says, as CONTRACT has it; events that are not known are ignored. */
export type Frame =
  | { event: "hello"; seq: number }
  | { event: "build_ingested"; seq: number; builds: Build[] }
  | { event: "reset"; seq: number }
  | { event: "tick"; seq: number }
  /** Without a place in the feed of builds. */
  | { event: "alert_changed" };

const EVENTS = new Set(["hello", "build_ingested", "reset", "tick", "alert_changed"]);

/** null for a frame that is broken or of an event that this page does not know. */
export function parseFrame(text: unknown): Frame | null {
  if (typeof text !== "string") return null;
  let frame: { event?: unknown; seq?: unknown; builds?: unknown };
  try {
    frame = JSON.parse(text) as typeof frame;
  } catch {
    return null;
  }
  if (typeof frame !== "object" || frame === null) return null;
  if (!EVENTS.has(String(frame.event)) || (frame.event !== "alert_changed" && !Number.isSafeInteger(frame.seq))) return null;
  if (frame.event === "build_ingested" && !Array.isArray(frame.builds)) return null;
  return frame as Frame;
}

/** How far this page has come in the change feed; null before the first hello. */
export type Position = number | null;

type Effect =
  | { kind: "nothing" }
  | { kind: "builds"; builds: Build[] }
  /** Rows that were read before the socket stood may lack a change made in between. */
  | { kind: "refetch-rows" }
  /** What is shown of alerts has to be asked for anew. */
  | { kind: "refetch-alerts" }
  /** Changes were missed: what is shown has to be asked for anew. */
  | { kind: "refetch-all" };

const NOTHING: Effect = { kind: "nothing" };
const ALL: Effect = { kind: "refetch-all" };

/** `resumed`: the connection asked for everything after `position`, so that its hello tells of no gap. */
function greet(position: Position, seq: number, resumed: boolean): [Position, Effect] {
  if (position === null) return [seq, { kind: "refetch-rows" }];
  return resumed && seq >= position ? [position, NOTHING] : [seq, ALL];
}

/**
 * One frame's effect. A frame at or below the position was seen before and changes nothing. A tick does not move the
 * position: it tells the feed's head, and changes below it may still be on their way to this page.
 */
export function advance(position: Position, frame: Frame, resumed: boolean): [Position, Effect] {
  switch (frame.event) {
    case "hello":
      return greet(position, frame.seq, resumed);
    case "reset":
      return [frame.seq, ALL];
    case "tick":
      return [position, NOTHING];
    case "alert_changed":
      return [position, { kind: "refetch-alerts" }];
    case "build_ingested":
      if (position !== null && frame.seq <= position) return [position, NOTHING];
      return [frame.seq, { kind: "builds", builds: frame.builds }];
  }
}
