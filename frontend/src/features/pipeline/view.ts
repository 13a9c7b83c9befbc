import { useSearch } from "wouter";

import { ALL_BRANCHES, DEFAULT_BRANCH, NEWEST_FIRST, sortIn, toSearchParams, windowIn } from "../../lib/filters";
import { useSetSearch } from "../../lib/useSetSearch";

const DEFAULT_WINDOW = "30d";

/** What the page's address says: a link shows the same. */
export interface View {
  window: string;
  /** One branch, `@default`, or `*` for all. */
  branch: string;
  sort: string;
}

export function parseView(search: string): View {
  const params = new URLSearchParams(search);
  return {
    window: windowIn(params, DEFAULT_WINDOW),
    branch: params.get("branch") || DEFAULT_BRANCH,
    sort: sortIn(params),
  };
}

export function viewToSearch({ window, branch, sort }: View): string {
  return toSearchParams({
    ...(window !== DEFAULT_WINDOW && { window }),
    ...(branch !== DEFAULT_BRANCH && { branch }),
    ...(sort !== NEWEST_FIRST && { sort }),
  }).toString();
}

export const branchPart = ({ branch }: View): { branch?: string[] } => (branch === ALL_BRANCHES ? {} : { branch: [branch] });

export function useView(): [View, (change: Partial<View>) => void] {
  const view = parseView(useSearch());
  const setSearch = useSetSearch();
  return [view, (part) => setSearch(viewToSearch({ ...view, ...part }))];
}
