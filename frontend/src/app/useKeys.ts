import { useLayoutEffect, useRef, type RefObject } from "react";
import { useLocation } from "wouter";

import { nextTheme } from "../lib/prefs";

export type Sheet = "palette" | "shortcuts" | "preferences";

const PLACES: Record<string, string> = { o: "/", g: "/ui/grid", w: "/ui/waiting", a: "/ui/alerts", s: "/ui/sources", l: "/ui/wall" };
const PATIENCE_MILLISECONDS = 1200;
/** Not 0: events count from the page's start, which may be less than the patience ago. */
const LONG_AGO = -Infinity;
const ROWS = "tr[data-build] a[href*='/ui/build/'], .pipes .which a, .rows li > .cut a, .isit a";

const isTyping = (target: EventTarget | null): boolean => target instanceof Element && target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]") !== null;

/** One link a row: the first in it. */
function rowLinks(): HTMLElement[] {
  const seen = new Set<Element | null>();
  return [...document.querySelectorAll<HTMLElement>(ROWS)].filter((link) => {
    const row = link.closest("tr, li");
    if (seen.has(row)) return false;
    seen.add(row);
    return true;
  });
}

/** The next row after the one that has the focus, else the first in sight. */
function moveRow(step: number): void {
  const links = rowLinks();
  const at = links.findIndex((link) => link === document.activeElement);
  const visible = links.findIndex((link) => link.getBoundingClientRect().top > 60);
  const next = links[at === -1 ? Math.max(0, visible) : at + step];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function search(open: (sheet: Sheet) => void): void {
  const box = document.querySelector<HTMLInputElement>(".search input");
  if (box === null) open("palette");
  else box.focus();
}

/**
 * The page's shortcuts. `g` and a letter go to a page; nothing is taken while one types or while something is open, but
 * Ctrl/Cmd-K. What is typed while the palette is on its way (its chunk may not be there yet) is kept for it.
 */
export function useKeys(sheet: Sheet | null, open: (sheet: Sheet) => void): RefObject<string> {
  const [, navigate] = useLocation();
  const early = useRef("");
  const goAt = useRef(LONG_AGO);
  // With the page itself: a key pressed the moment it shows must not fall between.
  useLayoutEffect(() => {
    const single: Record<string, () => void> = {
      "?": () => open("shortcuts"),
      ",": () => open("preferences"),
      "/": () => search(open),
      t: nextTheme,
      j: () => moveRow(1),
      k: () => moveRow(-1),
      n: () => document.querySelector<HTMLElement>(".fresh")?.click(),
    };
    const plain = (event: KeyboardEvent): void => {
      const place = event.timeStamp - goAt.current < PATIENCE_MILLISECONDS ? PLACES[event.key] : undefined;
      goAt.current = LONG_AGO;
      if (place !== undefined) navigate(place);
      else if (event.key === "g") goAt.current = event.timeStamp;
      else if (single[event.key] === undefined) return;
      else single[event.key]?.();
      event.preventDefault();
    };
    const pressed = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        early.current = "";
        open("palette");
      } else if (!event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)) {
        if (sheet === null) plain(event);
        else if (sheet === "palette" && event.key.length === 1) early.current += event.key;
      }
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [navigate, open, sheet]);
  return early;
}
