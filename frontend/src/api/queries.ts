import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import type { AlertPage } from "./alerts";
import { answer, client } from "./client";
import { durationParams, pageParams } from "./params";
import type { BuildContext, BuildDetail, BuildPage, BuildsQuery, FiguresQuery, FilterValues, Grid, GridQuery, ListedPipeline, PageQuery, PipelinePage, Source, Waiting, WaitingQuery } from "./types";

/** Figures move with the clock too: builds leave the window without any change telling so. */
const FIGURES_REFRESH_MILLISECONDS = 30_000;

export const keys = {
  figures: ["figures"] as const,
  builds: ["builds"] as const,
  build: (id: string) => ["build", id] as const,
  sources: ["sources"] as const,
  alerts: ["alerts"] as const,
};

export const metaQuery = () =>
  queryOptions({
    queryKey: ["meta"],
    queryFn: ({ signal }) => answer(client.GET("/api/meta", { signal })),
    staleTime: 60_000,
    refetchInterval: 60_000,
  });

/** `part`: only the repos, pipelines and branches that it is a part of, for those that the whole lists leave out. */
export const filterValuesQuery = (part = "") =>
  queryOptions({
    queryKey: ["filters", part],
    queryFn: ({ signal }): Promise<FilterValues> => answer(client.GET("/filters", { params: { query: part === "" ? {} : { q: part } }, signal })),
    staleTime: 60_000,
  });

export const summaryQuery = (query: FiguresQuery) =>
  queryOptions({
    queryKey: [...keys.figures, "summary", query],
    queryFn: ({ signal }) => answer(client.GET("/metrics/summary", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: FIGURES_REFRESH_MILLISECONDS,
  });

export const seriesQuery = (query: FiguresQuery) =>
  queryOptions({
    queryKey: [...keys.figures, "series", query],
    queryFn: ({ signal }) =>
      answer(client.GET("/series", { params: { query: durationParams(query) }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: FIGURES_REFRESH_MILLISECONDS,
  });

export const pipelinesQuery = (query: FiguresQuery) =>
  queryOptions({
    queryKey: [...keys.figures, "pipelines", query],
    queryFn: ({ signal }): Promise<{ pipelines: ListedPipeline[] }> => answer(client.GET("/pipelines", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: FIGURES_REFRESH_MILLISECONDS,
  });

export const pipelineQuery = (id: string, query: PageQuery) =>
  queryOptions({
    queryKey: [...keys.figures, "pipeline", id, query],
    queryFn: ({ signal }): Promise<PipelinePage> => answer(client.GET("/pipelines/{pipeline_id}", { params: { path: { pipeline_id: Number(id) }, query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: FIGURES_REFRESH_MILLISECONDS,
  });

export const pipelineAlertsQuery = (id: number) =>
  queryOptions({
    queryKey: [...keys.alerts, "of", id],
    queryFn: ({ signal }): Promise<AlertPage> => answer(client.GET("/alerts", { params: { query: { pipeline_id: [id], limit: 10 } }, signal })) as Promise<AlertPage>,
    refetchInterval: FIGURES_REFRESH_MILLISECONDS,
  });

export const waitingQuery = (query: WaitingQuery) =>
  queryOptions({
    queryKey: [...keys.figures, "waiting", query],
    queryFn: ({ signal }): Promise<Waiting> => answer(client.GET("/waiting", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });

/** Pages by the instant of the last commit shown. */
export const gridQuery = (query: GridQuery) =>
  infiniteQueryOptions({
    queryKey: [...keys.figures, "grid", query],
    queryFn: ({ pageParam, signal }): Promise<Grid> =>
      answer(client.GET("/grid", { params: { query: { ...query, ...(pageParam === "" ? {} : { before: pageParam }) } }, signal })),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: FIGURES_REFRESH_MILLISECONDS,
  });

const isBeingRead = ({ progress }: Source): boolean => progress !== null;

/** How far history is read moves faster than anything else of a source. */
export const sourcesQuery = () =>
  queryOptions({
    queryKey: keys.sources,
    queryFn: ({ signal }): Promise<{ sources: Source[] }> => answer(client.GET("/sources", { signal })),
    refetchInterval: ({ state }) => (state.data?.sources.some(isBeingRead) === true ? 2000 : 10_000),
  });

export const buildQueryOptions = (id: string) =>
  queryOptions({
    queryKey: keys.build(id),
    queryFn: ({ signal }): Promise<BuildDetail> => answer(client.GET("/builds/{build_id}", { params: { path: { build_id: Number(id) } }, signal })),
  });

export const buildContextQuery = (id: number) =>
  queryOptions({
    queryKey: [...keys.build(String(id)), "context"],
    queryFn: ({ signal }): Promise<BuildContext> => answer(client.GET("/builds/{build_id}/context", { params: { path: { build_id: id } }, signal })),
  });

/** Pages by the server's cursor: rows that arrive meanwhile neither repeat nor skip others. */
export const buildsQuery = (query: BuildsQuery) =>
  infiniteQueryOptions({
    queryKey: [...keys.builds, query],
    queryFn: ({ pageParam, signal }): Promise<BuildPage> =>
      answer(
        client.GET("/builds", {
          params: { query: pageParams(query, pageParam) },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
  });
