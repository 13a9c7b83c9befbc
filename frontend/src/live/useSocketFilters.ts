import { useEffect } from "react";

import { socketQuery, toSearchParams, type Filters } from "../lib/filters";
import { useLiveFeed } from "./context";

/** The socket brings what the page shows, and all builds again when the page is left. */
export function useSocketFilters(filters: Filters): void {
  const { filterBy } = useLiveFeed();
  const query = toSearchParams(socketQuery(filters)).toString();
  useEffect(() => {
    filterBy(query);
  }, [filterBy, query]);
  useEffect(() => () => filterBy(""), [filterBy]);
}
