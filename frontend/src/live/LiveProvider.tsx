import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useReducer, useState, type ReactNode } from "react";

import { FeedContext, StateContext, type LiveState } from "./context";
import { openLine } from "./line";

function merge(before: LiveState, part: Partial<LiveState>): LiveState {
  const after = { ...before, ...part };
  return after.connection === before.connection && after.heardAt === before.heardAt ? before : after;
}

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [state, set] = useReducer(merge, { connection: "connecting", heardAt: null });
  const [line] = useState(() => openLine(client, set));
  useEffect(() => {
    // A task of its own: what is drawn from the first answers goes before it.
    const timer = setTimeout(line.start);
    return () => {
      clearTimeout(timer);
      line.stop();
    };
  }, [line]);
  return (
    <FeedContext value={line}>
      <StateContext value={state}>{children}</StateContext>
    </FeedContext>
  );
}
