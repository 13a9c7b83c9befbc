import type { QueryClient } from "@tanstack/react-query";

import { keys } from "../api/queries";
import type { Build } from "../api/types";
import { basePath } from "../lib/base";
import { serverNow } from "../lib/clock";
import type { Listener, LiveFeed, LiveState } from "./context";
import { replaceRows, type BuildPages } from "./rows";
import { LiveSocket } from "./socket";
import { throttled } from "./throttle";

/** Figures are asked for anew at most this often, however many builds arrive. */
const FIGURES_MILLISECONDS = 2000;

function socketUrl(): string {
  const { protocol, host } = window.location;
  return `${protocol === "https:" ? "wss:" : "ws:"}//${host}${basePath}/ws`;
}

function patch(client: QueryClient, builds: Build[]): void {
  client.setQueriesData<BuildPages>({ queryKey: keys.builds }, (data) => data && replaceRows(data, builds));
  for (const build of builds) void client.invalidateQueries({ queryKey: keys.build(String(build.id)) });
}

const EVERYTHING = [keys.figures, keys.builds, keys.sources, ["build"]];

export interface Line extends LiveFeed {
  start: () => void;
  stop: () => void;
}

/** The page's one line to the server: what comes over it changes the query cache and is passed on to listeners. */
export function openLine(client: QueryClient, set: (part: Partial<LiveState>) => void): Line {
  const listeners = new Set<Listener>();
  const figures = throttled(() => void client.invalidateQueries({ queryKey: keys.figures }), FIGURES_MILLISECONDS);
  const heard = throttled(() => {
    set({ heardAt: serverNow() });
  }, FIGURES_MILLISECONDS);
  const socket = new LiveSocket(socketUrl(), {
    onConnection: (connection) => {
      set({ connection });
    },
    onBuilds: (builds) => {
      patch(client, builds);
      for (const listener of listeners) listener(builds);
      figures.call();
    },
    onRefetch: (what) => {
      for (const queryKey of what === "all" ? EVERYTHING : [keys.builds]) void client.invalidateQueries({ queryKey });
    },
    onHeard: heard.call,
  });
  return {
    start: () => {
      socket.start();
    },
    stop: () => {
      socket.stop();
      figures.cancel();
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
