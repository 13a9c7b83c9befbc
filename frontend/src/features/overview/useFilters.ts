import { useCallback, useMemo } from "react";
import { useLocation, useSearch } from "wouter";

import { filtersToSearch, parseFilters, type Filters } from "../../lib/filters";

/** The filters of the address bar and how to change them; going back in the browser takes a change back. */
export function useFilters(): [Filters, (change: Partial<Filters>, options?: { replace: boolean }) => void] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const filters = useMemo(() => parseFilters(search), [search]);
  const change = useCallback(
    (part: Partial<Filters>, { replace } = { replace: false }) => {
      const query = filtersToSearch({ ...filters, ...part });
      navigate(query === "" ? path : `${path}?${query}`, { replace });
    },
    [filters, navigate, path],
  );
  return [filters, change];
}
