import { useLocation, useSearch } from "wouter";

import { ALL_BRANCHES, DEFAULT_BRANCH, toSearchParams } from "../../lib/filters";

const DEFAULT_WINDOW = "30d";
export const NEWEST_FIRST = "-started_at";

/** What the page's address says: a link shows the same. */
export interface View {
  window: string;
  /** One branch, `@default`, or `*` for all. */
  branch: string;
  sort: string;
}

export function parseView(search: string): View {
  const params = new URLSearchParams(search);
  const window = params.get("window") ?? "";
  const sort = params.get("sort") ?? "";
  return {
    window: /^[1-9]\d{0,4}[mhdw]$/.test(window) ? window : DEFAULT_WINDOW,
    branch: params.get("branch") || DEFAULT_BRANCH,
    sort: /^-?[a-z_]+$/.test(sort) ? sort : NEWEST_FIRST,
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
  const [path, navigate] = useLocation();
  const change = (part: Partial<View>): void => {
    const query = viewToSearch({ ...view, ...part });
    navigate(query === "" ? path : `${path}?${query}`);
  };
  return [view, change];
}
