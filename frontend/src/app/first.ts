import { askEarly } from "../api/early";
import { durationParams, pageParams } from "../api/params";
import { basePath } from "../lib/base";
import { buildQuery, figureQuery, filtersAt, toSearchParams } from "../lib/filters";
import { getPrefs } from "../lib/prefs";

const asked = (path: string, query: object): void => askEarly(`${basePath}${path}?${String(toSearchParams(query as Record<string, string | string[]>))}`);

/** Asks for all that the overview at this address waits for; the queries that need it will find it on its way. */
export function askForOverview({ pathname, search }: Location): void {
  if (pathname !== `${basePath}/`) return;
  const filters = filtersAt(search, getPrefs().groups);
  const figures = figureQuery(filters);
  asked("/metrics/summary", figures);
  asked("/series", durationParams(figures));
  asked("/builds", pageParams(buildQuery(filters)));
}
