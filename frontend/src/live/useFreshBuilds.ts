import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import type { Build } from "../api/types";
import { useLiveFeed } from "./context";
import { holdBack, idsOf, insertRows, type BuildPages } from "./rows";

export interface FreshBuilds {
  /** How many builds wait to be shown. */
  count: number;
  show: () => void;
}

interface Options {
  queryKey: QueryKey;
  /** What is shown now; a build that a refetch brought in waits no longer. */
  shown: BuildPages | undefined;
  matches: (build: Build) => boolean;
  /** Whether rows may move now: the reader is at the top and does not point at a row. */
  mayMove: () => boolean;
  /** False when the list is sorted otherwise: only the server knows where a new build belongs. */
  newestFirst: boolean;
}

/** New builds enter the list at once while rows may move; otherwise they wait behind "n new". */
export function useFreshBuilds(options: Options): FreshBuilds {
  const client = useQueryClient();
  const { listen } = useLiveFeed();
  const [held, setHeld] = useState<{ list: string; builds: Build[] }>({ list: "", builds: [] });
  const list = JSON.stringify(options.queryKey);
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });

  useEffect(
    () =>
      listen((told) => {
        const { queryKey, matches, mayMove, newestFirst } = latest.current;
        const data = client.getQueryData<BuildPages>(queryKey);
        const fresh = told.filter(matches);
        if (data === undefined || fresh.length === 0) return;
        if (newestFirst && mayMove()) client.setQueryData<BuildPages>(queryKey, insertRows(data, fresh));
        else setHeld((before) => ({ list, builds: holdBack(before.list === list ? before.builds : [], fresh, idsOf(data)) }));
      }),
    [client, listen, list],
  );

  const { shown } = options;
  const waiting = useMemo(() => {
    const ids = idsOf(shown);
    return held.list === list ? held.builds.filter((build) => !ids.has(build.id)) : [];
  }, [held, list, shown]);
  const show = useCallback(() => {
    setHeld({ list: "", builds: [] });
    const { queryKey, newestFirst } = latest.current;
    if (newestFirst) client.setQueryData<BuildPages>(queryKey, (data) => data && insertRows(data, waiting));
    else void client.invalidateQueries({ queryKey });
  }, [client, waiting]);
  return { count: waiting.length, show };
}
