/** The reader's name, asked for once: alerts say who took them on. */
import { useState } from "react";

const KEY = "who";

function stored(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

export const SOMEBODY = "somebody at the dashboard";

export function useWho(): [string, (name: string) => void] {
  const [who, set] = useState(stored);
  const keep = (name: string): void => {
    set(name);
    try {
      localStorage.setItem(KEY, name.trim());
    } catch {
      // Storage may be closed to this page: the name then holds until it is left.
    }
  };
  return [who, keep];
}

/** The name as it stands now: another row of the page may have been told it. */
export const whoNow = (): string => stored();
