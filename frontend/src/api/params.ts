/** The query strings that are written twice: by the queries, and before those are there (first.ts). */
import type { BuildsQuery, FiguresQuery } from "./types";

const PAGE_SIZE = 50;
const LINES = 3;

/** The busiest pipelines' lines of the durations chart. */
export const durationParams = (query: FiguresQuery) => ({ ...query, metric: "duration" as const, pipelines: LINES });

/** A page of builds; `cursor` is "" for the first. */
export const pageParams = (query: BuildsQuery, cursor = "") => ({ ...query, limit: PAGE_SIZE, ...(cursor === "" ? {} : { cursor }) });
