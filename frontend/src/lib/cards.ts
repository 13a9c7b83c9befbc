/** What a metric card holds: the number, its sample, its change against the window before, and its rule. */
import type { Numbers } from "../api/types";
import { count, duration, span } from "./format";
import type { Tone } from "./status";

export interface Change {
  text: string;
  /** By direction of meaning: a rate that fell is bad, a duration that fell is good. */
  tone: "ok" | "bad" | "same";
  /** Why there is nothing to compare, where there is not. */
  why?: string;
}

export interface CardData {
  label: string;
  value: string;
  unit: string;
  change: Change | null;
  sample: string;
  values: Numbers;
  tone: Tone;
  rule: string;
}

type Better = "up" | "down";

/** Successes and failures of the window before; docs/metrics.md tells of it too. */
const FEWEST_TO_COMPARE = 10;
const SMALLEST_POINTS = 0.05;
const SMALLEST_SECONDS = 0.5;

function changeOf(now: number | null, before: number | null, better: Better, smallest: number, write: (size: number) => string): Change | null {
  if (now === null || before === null) return null;
  const difference = now - before;
  if (Math.abs(difference) < smallest) return { text: "no change", tone: "same" };
  const rose = difference > 0;
  return { text: `${rose ? "▲" : "▼"} ${write(Math.abs(difference))}`, tone: rose === (better === "up") ? "ok" : "bad" };
}

export const points = (now: number | null, before: number | null, better: Better): Change | null =>
  changeOf(now, before, better, SMALLEST_POINTS, (size) => `${size.toFixed(1)} pts`);

export const seconds = (now: number | null, before: number | null, better: Better = "down"): Change | null =>
  changeOf(now, before, better, SMALLEST_SECONDS, (size) => (size < 3600 ? duration(size) : span(size)));

/** The change, unless the window before holds so little that comparing with it says nothing. */
export function against({ conclusive }: { conclusive: number }, change: Change | null): Change | null {
  if (change === null || conclusive >= FEWEST_TO_COMPARE) return change;
  return { text: "too few before", tone: "same", why: `Too few builds before to compare: ${count(conclusive)} succeeded or failed in the window before, and ${FEWEST_TO_COMPARE} are needed.` };
}
