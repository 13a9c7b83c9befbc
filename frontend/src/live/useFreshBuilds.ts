import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import type { Build } from "../api/types";
import { useLiveFeed } from "./context";
import { firstPage, holdBack, idsOf, insertRows, isOvergrown, withinLoaded, type BuildPages } from "./rows";

interface FreshBuilds {
  /** How many builds wait to be shown. */
  count: number;
  /** There are more than that. */
  more: boolean;
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

/** What waits behind "n new"; beyond so many none is kept, and showing them reads the list anew. */
const MOST_HELD = 300;

interface Held {
  list: string;
  builds: Build[];
  /** More came than are kept. */
  more: boolean;
}

const NONE: Held = { list: "", builds: [], more: false };

function holding(before: Held, list: string, fresh: readonly Build[], shown: ReadonlySet<number>): Held {
  const { builds, more } = before.list === list ? before : NONE;
  const held = holdBack(builds, fresh, shown);
  return { list, builds: held.slice(0, MOST_HELD), more: more || held.length > MOST_HELD };
}

/** New builds enter the list at once while rows may move; otherwise they wait behind "n new". */
export function useFreshBuilds(options: Options): FreshBuilds {
  const client = useQueryClient();
  const { listen } = useLiveFeed();
  const [held, setHeld] = useState<Held>(NONE);
  const list = JSON.stringify(options.queryKey);
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const readAnew = useCallback(() => {
    const { queryKey } = latest.current;
    client.setQueryData<BuildPages>(queryKey, (data) => data && firstPage(data));
    void client.invalidateQueries({ queryKey });
  }, [client]);

  useEffect(
    () =>
      listen((told) => {
        const { queryKey, matches, mayMove, newestFirst } = latest.current;
        const data = client.getQueryData<BuildPages>(queryKey);
        const matching = told.filter(matches);
        if (data === undefined) return;
        const fresh = newestFirst ? withinLoaded(data, matching) : matching;
        if (fresh.length === 0) return;
        if (!newestFirst || !mayMove()) setHeld((before) => holding(before, list, fresh, idsOf(data)));
        else if (isOvergrown(client.setQueryData<BuildPages>(queryKey, insertRows(data, fresh)))) readAnew();
      }),
    [client, listen, list, readAnew],
  );

  const { shown } = options;
  const waiting = useMemo(() => {
    const ids = idsOf(shown);
    return held.list === list ? held.builds.filter((build) => !ids.has(build.id)) : [];
  }, [held, list, shown]);
  const more = held.list === list && held.more;
  const show = useCallback(() => {
    setHeld(NONE);
    const { queryKey, newestFirst } = latest.current;
    if (newestFirst && !more) client.setQueryData<BuildPages>(queryKey, (data) => data && insertRows(data, waiting));
    else readAnew();
  }, [client, more, readAnew, waiting]);
  return { count: waiting.length, more, show };
}
