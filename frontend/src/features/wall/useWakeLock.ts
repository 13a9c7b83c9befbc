import { useEffect } from "react";

/** Keeps the screen awake while the wall is in sight, where the browser can (a secure context); again after each return. */
export function useWakeLock(): void {
  useEffect(() => {
    if (!("wakeLock" in navigator)) return undefined;
    let held: WakeLockSentinel | null = null;
    let left = false;
    const ask = (): void => {
      if (document.visibilityState !== "visible" || (held !== null && !held.released)) return;
      navigator.wakeLock.request("screen").then(
        (lock) => {
          held = lock;
          if (left) void lock.release();
        },
        // Refused (no power, no permission): the screen follows its own rules then.
        () => undefined,
      );
    };
    ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      left = true;
      document.removeEventListener("visibilitychange", ask);
      void held?.release();
    };
  }, []);
}
