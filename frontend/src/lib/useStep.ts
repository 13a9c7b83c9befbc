/**
 * The first page is built up in steps, each a task of its own: a slow phone shows the head of the page, and answers,
 * before the rest is made. Once they are done (a moment after the start) nothing waits any more.
 */
import { useSyncExternalStore } from "react";

/** In this order: the chart; the list of builds; what is asked beside the page's own figures. */
export type Step = 1 | 2 | 3;
const LAST: Step = 3;

let done = 0;
let begun = false;
const waiting = new Set<() => void>();

function advance(): void {
  done += 1;
  for (const tell of waiting) tell();
  if (done < LAST) setTimeout(advance);
}

function subscribe(tell: () => void): () => void {
  waiting.add(tell);
  if (!begun) {
    begun = true;
    setTimeout(advance);
  }
  return () => waiting.delete(tell);
}

/** Whether this step's turn has come. */
export const useStep = (step: Step): boolean => useSyncExternalStore(subscribe, () => done >= step);
