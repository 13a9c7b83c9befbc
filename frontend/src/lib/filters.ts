/** The filters of the address bar: what the page shows is in its URL, so that a link shows the same. */
import type { BuildsQuery, FiguresQuery, Status } from "../api/types";
import { STATUSES } from "./status";

export const WINDOWS = ["24h", "7d", "30d", "90d"] as const;
export const WINDOW_LABELS: Record<string, string> = { "24h": "24 h", "7d": "7 d", "30d": "30 d", "90d": "90 d" };
export const DEFAULT_BRANCH = "@default";
/** In the page's URL only: without a branch the API takes all, the overview takes the default ones. */
export const ALL_BRANCHES = "*";
/** In the page's URL only: without a group a reader's own are taken. */
const ALL_GROUPS = "*";
const DEFAULT_WINDOW = "7d";
export const NEWEST_FIRST = "-started_at";

const LISTS = ["repo", "pipeline", "provider", "source", "status", "group"] as const;
type ListFilter = (typeof LISTS)[number];

export interface Filters extends Record<ListFilter, string[]> {
  window: string;
  /** Empty: all branches. */
  branch: string[];
  q: string;
  sort: string;
}

export const NO_FILTERS: Filters = {
  window: DEFAULT_WINDOW,
  branch: [DEFAULT_BRANCH],
  repo: [],
  pipeline: [],
  provider: [],
  source: [],
  status: [],
  group: [],
  q: "",
  sort: NEWEST_FIRST,
};

const distinct = (values: string[]): string[] => [...new Set(values.filter((value) => value !== ""))];

function branchesFrom(params: URLSearchParams): string[] {
  const named = distinct(params.getAll("branch"));
  if (named.includes(ALL_BRANCHES)) return [];
  return named.length === 0 ? [DEFAULT_BRANCH] : named;
}

function fitting(value: string | null, form: RegExp, otherwise: string): string {
  return value !== null && form.test(value) ? value : otherwise;
}

export const windowIn = (params: URLSearchParams, otherwise: string): string => fitting(params.get("window"), /^[1-9]\d{0,4}[mhdw]$/, otherwise);
export const sortIn = (params: URLSearchParams): string => fitting(params.get("sort"), /^-?[a-z_]+$/, NEWEST_FIRST);

const UNIT_SECONDS: Record<string, number> = { m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Whether what began then (milliseconds) is in a window as the address writes it, `7d`. */
export const isWithin = (window: string, at: number, now: number): boolean => at >= now - 1000 * Number(window.slice(0, -1)) * (UNIT_SECONDS[window.slice(-1)] ?? Infinity);

/** Reads the page's query string; what it does not understand falls back to the default. */
export function parseFilters(search: string): Filters {
  const params = new URLSearchParams(search);
  const lists = Object.fromEntries(LISTS.map((name) => [name, distinct(params.getAll(name))])) as Record<ListFilter, string[]>;
  return {
    ...lists,
    group: lists.group.filter((group) => group !== ALL_GROUPS),
    status: lists.status.filter((value) => (STATUSES as string[]).includes(value)),
    window: windowIn(params, DEFAULT_WINDOW),
    branch: branchesFrom(params),
    q: (params.get("q") ?? "").trim(),
    sort: sortIn(params),
  };
}

/** What the overview shows at an address: where that names no group, the reader's own. */
export const filtersAt = (search: string, mine: readonly string[]): Filters => {
  const filters = parseFilters(search);
  return new URLSearchParams(search).has("group") ? filters : { ...filters, group: [...mine] };
};

/**
 * The query string for the address bar; defaults are left out, so that the plain page has a plain address. `mine`: the
 * reader's own groups, which the plain address stands for.
 */
export function filtersToSearch(filters: Filters, mine: readonly string[] = []): string {
  const params = new URLSearchParams();
  if (filters.window !== DEFAULT_WINDOW) params.set("window", filters.window);
  if (filters.branch.length === 0) params.set("branch", ALL_BRANCHES);
  else if (filters.branch.join() !== DEFAULT_BRANCH) for (const value of filters.branch) params.append("branch", value);
  for (const name of LISTS) for (const value of filters[name]) params.append(name, value);
  if (filters.group.length === 0 && mine.length > 0) params.set("group", ALL_GROUPS);
  if (filters.q !== "") params.set("q", filters.q);
  if (filters.sort !== NEWEST_FIRST) params.set("sort", filters.sort);
  return params.toString();
}

type Values = Record<string, string | string[]>;

/** Without the empty values: an absent filter is no filter. */
function only<T extends object>(query: T): Partial<T> {
  return Object.fromEntries(Object.entries(query).filter(([, value]: [string, string | string[]]) => value.length > 0)) as Partial<T>;
}

/** For figures: a status is no part of them, a rate over failures alone would always be 0. */
export function figureQuery({ window, branch, repo, pipeline, provider, source, group, q }: Filters): FiguresQuery {
  return only({ window, branch, repo, pipeline, provider, source, group, q: q === "" ? [] : [q] });
}

export function buildQuery(filters: Filters): BuildsQuery {
  const status = filters.status as Status[];
  return { ...figureQuery(filters), ...only({ status, sort: filters.sort === NEWEST_FIRST ? "" : filters.sort }) };
}

/** The filters that a socket understands. */
export function socketQuery({ branch, repo, pipeline, provider, source, group }: Filters): Values {
  return only({ branch, repo, pipeline, provider, source, group }) as Values;
}

export function toSearchParams(query: Values): URLSearchParams {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) for (const one of [value].flat()) params.append(name, one);
  return params;
}

export function isFiltered(filters: Filters): boolean {
  return filtersToSearch({ ...filters, window: DEFAULT_WINDOW, sort: NEWEST_FIRST }) !== "";
}

interface Searched {
  pipeline: string;
  repo: string;
  branch: string | null;
  commit: string | null;
  actor: string | null;
  status: string;
}

/** What a socket does not filter by and the page does: status and text. */
export function matchesRest(filters: Filters, build: Searched): boolean {
  if (filters.status.length > 0 && !filters.status.includes(build.status)) return false;
  const needle = filters.q.toLowerCase();
  if (needle === "") return true;
  const fields = [build.pipeline, build.repo, build.branch, build.commit, build.actor];
  return fields.some((field) => field?.toLowerCase().includes(needle));
}
