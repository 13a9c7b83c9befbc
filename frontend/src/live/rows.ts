/** How builds from the socket enter lists that are shown already. */
import type { InfiniteData } from "@tanstack/react-query";

import type { Build, BuildPage } from "../api/types";
import { rank } from "../lib/status";

export type BuildPages = InfiniteData<BuildPage>;

/** A row that was read before the change must not undo it: within one attempt a build only climbs. */
const newer = (kept: Build, told: Build): Build => (rank(told.status) < rank(kept.status) ? kept : { ...kept, ...told });

/** Rows that are shown already take the new words at their place. Unchanged pages keep their identity. */
export function replaceRows(data: BuildPages, told: readonly Build[]): BuildPages {
  const byId = new Map(told.map((build) => [build.id, build]));
  let changed = false;
  const pages = data.pages.map((page) => {
    if (!page.builds.some((build) => byId.has(build.id))) return page;
    changed = true;
    return { ...page, builds: page.builds.map((build) => newer(build, byId.get(build.id) ?? build)) };
  });
  return changed ? { ...data, pages } : data;
}

export function idsOf(data: BuildPages | undefined): Set<number> {
  return new Set(data?.pages.flatMap((page) => page.builds.map((build) => build.id)) ?? []);
}

const startOf = (build: Build): number => {
  const at = build.started_at ?? build.created_at ?? null;
  return at === null ? Number.POSITIVE_INFINITY : Date.parse(at);
};

const newestFirst = (a: Build, b: Build): number => {
  const [left, right] = [startOf(a), startOf(b)];
  return left === right ? b.id - a.id : right > left ? 1 : -1;
};

/** Those that stand among the loaded rows; older ones come with the pages that are not loaded yet. */
export function withinLoaded({ pages }: BuildPages, told: readonly Build[]): Build[] {
  const last = pages.at(-1);
  const oldest = last?.builds.at(-1);
  return last?.next == null || oldest === undefined ? [...told] : told.filter((build) => newestFirst(build, oldest) < 0);
}

/** Builds that are not shown yet go where they belong: into the first page that ends with an older one, else the last. */
export function insertRows(data: BuildPages, told: readonly Build[]): BuildPages {
  const shown = idsOf(data);
  let left = withinLoaded(data, told.filter((build) => !shown.has(build.id)));
  if (left.length === 0) return data;
  const pages = data.pages.map((page, index) => {
    const end = page.builds.at(-1);
    const fits = (build: Build): boolean => index === data.pages.length - 1 || (end !== undefined && newestFirst(build, end) < 0);
    const here = left.filter(fits);
    left = left.filter((build) => !fits(build));
    return here.length === 0 ? page : { ...page, builds: [...page.builds, ...here].sort(newestFirst) };
  });
  return { ...data, pages };
}

/** Builds that wait behind "n new", each once and with its latest word. */
export function holdBack(held: readonly Build[], told: readonly Build[], shown: ReadonlySet<number>): Build[] {
  const byId = new Map(held.map((build) => [build.id, build]));
  for (const build of told) if (!shown.has(build.id)) byId.set(build.id, newer(byId.get(build.id) ?? build, build));
  return [...byId.values()];
}

/** Rows that one sees without scrolling far; beyond them a list that grew by itself is read anew. */
const MOST_GROWN = 300;

/** Whether the first page has grown so much by what came live that it is better read anew than kept. */
export const isOvergrown = (data: BuildPages | undefined): boolean => (data?.pages[0]?.builds.length ?? 0) > MOST_GROWN;

/** The first page alone: what is read anew then is one page, not all that were scrolled through. */
export const firstPage = (data: BuildPages): BuildPages => ({ pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) });
