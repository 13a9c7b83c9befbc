import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useMemo, useState } from "react";

import { buildQueryOptions, buildsQuery, filterValuesQuery, pipelinesQuery } from "../../api/queries";
import type { Build } from "../../api/types";
import { buildEntry, find, gridEntry, PAGES, pipelineEntry, repoEntry, type Entry } from "./entries";

const DELAY_MILLISECONDS = 200;
const MOST_OF_A_KIND = 8;
const BUILD_WINDOW = "90d";

function useLate(value: string): string {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), DELAY_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [value]);
  return late;
}

/** Builds by what the server finds; a number alone is also a build's own. */
function useBuilds(typed: string): Build[] {
  const text = useLate(typed.trim());
  const words = text.split(/\s+/).filter((word) => word !== "");
  const found = useInfiniteQuery({ ...buildsQuery({ q: words, window: BUILD_WINDOW }), enabled: text.length > 1 });
  const number = /^#?(\d{1,15})$/.exec(text)?.[1];
  const one = useQuery({ ...buildQueryOptions(number ?? "0"), enabled: number !== undefined, retry: false });
  const listed = text.length > 1 ? (found.data?.pages[0]?.builds ?? []) : [];
  return number !== undefined && one.data !== undefined ? [one.data, ...listed.filter(({ id }) => id !== one.data.id)] : listed;
}

export function useEntries(typed: string, actions: readonly Entry[]): Entry[] {
  const text = useDeferredValue(typed);
  const pipelines = useQuery(pipelinesQuery({ window: BUILD_WINDOW })).data?.pipelines;
  const repos = useQuery(filterValuesQuery()).data?.repos;
  const builds = useBuilds(typed);
  const fixed = useMemo(() => [...PAGES, ...actions], [actions]);
  const named = useMemo(() => (pipelines ?? []).map(pipelineEntry), [pipelines]);
  const places = useMemo(() => (repos ?? []).flatMap((repo) => [repoEntry(repo), gridEntry(repo)]), [repos]);
  return useMemo(() => {
    const empty = text.trim() === "";
    return [
      ...find(empty ? [] : fixed, text, MOST_OF_A_KIND),
      ...find(named, text, MOST_OF_A_KIND),
      ...find(empty ? [] : places, text, MOST_OF_A_KIND),
      ...(empty ? [] : builds.slice(0, MOST_OF_A_KIND).map(buildEntry)),
      ...(empty ? fixed : []),
    ];
  }, [builds, fixed, named, places, text]);
}
