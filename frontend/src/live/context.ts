import { createContext, useContext } from "react";

import type { Build } from "../api/types";
import type { Connection } from "./socket";

export interface LiveState {
  connection: Connection;
  /** When the server last said anything, in the server's milliseconds; null before it did. */
  heardAt: number | null;
}

export type Listener = (builds: Build[]) => void;

/** Stays the same object while the page lives, so that who uses it does not render with every heartbeat. */
export interface LiveFeed {
  /** Narrows the socket to the query string's filters; "" for all builds. */
  filterBy: (query: string) => void;
  /** Calls the listener with every frame's builds; returns what ends it. */
  listen: (listener: Listener) => () => void;
}

export const StateContext = createContext<LiveState>({ connection: "connecting", heardAt: null });
export const FeedContext = createContext<LiveFeed>({ filterBy: () => undefined, listen: () => () => undefined });

export const useLiveState = (): LiveState => useContext(StateContext);
export const useLiveFeed = (): LiveFeed => useContext(FeedContext);
