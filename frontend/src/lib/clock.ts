import { useSyncExternalStore } from "react";

/** The present as the server sees it: a wrong clock on this machine must not make builds look old. */
let skewMilliseconds = 0;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

export const serverNow = (): number => Date.now() + skewMilliseconds;

/** Takes the server's Date header; differences below its own resolution and the way are no skew. */
export function syncClock(dateHeader: string | null): void {
  const server = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
  if (Number.isNaN(server)) return;
  const skew = server + 500 - Date.now();
  skewMilliseconds = Math.abs(skew) < 5000 ? 0 : skew;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    if (document.visibilityState === "visible") for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The server's present in milliseconds, moving in steps: a component re-renders once a step, not once a second. */
export function useNow(stepSeconds = 1): number {
  const step = stepSeconds * 1000;
  return useSyncExternalStore(subscribe, () => Math.floor(serverNow() / step) * step);
}

/** Seconds since the instant, in steps no finer than what is told of them: seconds in the first minute, then minutes. */
export function useAge(at: string): number {
  return useSyncExternalStore(subscribe, () => {
    const seconds = (serverNow() - Date.parse(at)) / 1000;
    const step = seconds < 60 ? 1 : 60;
    return Math.max(0, Math.floor(seconds / step) * step);
  });
}
