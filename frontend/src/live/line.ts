import type { QueryClient } from "@tanstack/react-query";

import { keys } from "../api/queries";
import type { Build } from "../api/types";
import { basePath } from "../lib/base";
import { serverNow } from "../lib/clock";
import type { Listener, LiveFeed, LiveState } from "./context";
import { replaceRows, type BuildPages } from "./rows";
import { LiveSocket } from "./socket";
import { throttled } from "./throttle";

/**
 * Figures are asked for anew at most this often, however many builds arrive, and once more so long after the last one:
 * the server may answer with figures that are up to 2 s old.
 */
const FIGURES_MILLISECONDS = 2000;
/** Rows change at once, then so often at most: a flood of builds must not draw the page for each of them. */
const ROWS_MILLISECONDS = 250;
/** A build, an alert: so often at most. */
const DETAIL_MILLISECONDS = 1000;

function socketUrl(): string {
  const { protocol, host } = window.location;
  return `${protocol === "https:" ? "wss:" : "ws:"}//${host}${basePath}/ws`;
}

const EVERYTHING = [keys.figures, keys.builds, keys.sources, keys.alerts, ["build"]];

/** Asks anew for the builds on show that changed since the last time. */
function refetchBuilds(client: QueryClient, changed: Set<string>): void {
  const ids = new Set(changed);
  changed.clear();
  void client.invalidateQueries({ predicate: ({ queryKey: [kind, id] }) => kind === "build" && ids.has(String(id)) });
}

function figuresOf(client: QueryClient): ReturnType<typeof throttled> {
  const now = throttled(() => void client.invalidateQueries({ queryKey: keys.figures }), FIGURES_MILLISECONDS);
  let settled: ReturnType<typeof setTimeout> | undefined;
  return {
    call: () => {
      now.call();
      clearTimeout(settled);
      settled = setTimeout(now.call, FIGURES_MILLISECONDS);
    },
    cancel: () => {
      clearTimeout(settled);
      now.cancel();
    },
  };
}

export interface Line extends LiveFeed {
  start: () => void;
  stop: () => void;
}

/** The page's one line to the server: what comes over it changes the query cache and is passed on to listeners. */
export function openLine(client: QueryClient, set: (part: Partial<LiveState>) => void): Line {
  const listeners = new Set<Listener>();
  const figures = figuresOf(client);
  const changed = new Set<string>();
  const details = throttled(() => refetchBuilds(client, changed), DETAIL_MILLISECONDS);
  const alerts = throttled(() => void client.invalidateQueries({ queryKey: keys.alerts }), DETAIL_MILLISECONDS);
  const told = new Map<number, Build>();
  const rows = throttled(() => {
    const builds = [...told.values()];
    told.clear();
    client.setQueriesData<BuildPages>({ queryKey: keys.builds }, (data) => data && replaceRows(data, builds));
    for (const listener of listeners) listener(builds);
  }, ROWS_MILLISECONDS);
  const heard = throttled(() => {
    set({ heardAt: serverNow() });
  }, FIGURES_MILLISECONDS);
  const socket = new LiveSocket(socketUrl(), {
    onConnection: (connection) => {
      set({ connection });
    },
    onBuilds: (builds) => {
      for (const build of builds) {
        told.set(build.id, build);
        changed.add(String(build.id));
      }
      rows.call();
      details.call();
      figures.call();
    },
    onRefetch: (what) => {
      if (what === "alerts") alerts.call();
      else for (const queryKey of what === "all" ? EVERYTHING : [keys.builds]) void client.invalidateQueries({ queryKey });
    },
    onHeard: heard.call,
  });
  return {
    start: () => {
      socket.start();
    },
    stop: () => {
      socket.stop();
      rows.cancel();
      figures.cancel();
      details.cancel();
      alerts.cancel();
      heard.cancel();
    },
    filterBy: (query) => {
      socket.filterBy(query);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
