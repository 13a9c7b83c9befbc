import { useCallback, useEffect, useMemo } from "react";
import { useSearch } from "wouter";

import { filtersAt, filtersToSearch, type Filters } from "../../lib/filters";
import { usePrefs } from "../../lib/usePrefs";
import { useSetSearch } from "../../lib/useSetSearch";

/** The filters of the address bar and how to change them; going back in the browser takes a change back. */
export function useFilters(): [Filters, (change: Partial<Filters>, options?: { replace: boolean }) => void] {
  const search = useSearch();
  const setSearch = useSetSearch();
  const { groups: mine } = usePrefs();
  const named = new URLSearchParams(search).has("group");
  const filters = useMemo(() => filtersAt(search, mine), [search, mine]);
  const change = useCallback(
    (part: Partial<Filters>, options?: { replace: boolean }) => setSearch(filtersToSearch({ ...filters, ...part }, mine), options),
    [filters, mine, setSearch],
  );
  // What is shown is a link that shows the same to others: one's own groups are named in it.
  useEffect(() => {
    if (!named && mine.length > 0) change({}, { replace: true });
  }, [named, mine, change]);
  return [filters, change];
}
