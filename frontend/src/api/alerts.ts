/** Alerts, silences and receivers: what is asked of the server, and what is done to them. */
import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient, type UseMutationResult } from "@tanstack/react-query";

import { answer, client } from "./client";
import type { components, paths } from "./schema";
import type { Known } from "./types";

type Schemas = components["schemas"];

export type Alert = Omit<Known<Schemas["AlertPage.Alert"]>, "evidence"> & { evidence: Record<string, unknown> };
export type AlertState = Alert["state"];
export type AlertNotification = Known<Schemas["AlertPage.AlertNotification"]>;
export type AlertTransition = Known<Schemas["AlertDetail.AlertTransition"]>;
export type AlertCounts = Known<Schemas["AlertPage.AlertCounts"]>;
export interface AlertPage {
  alerts: Alert[];
  next: string | null;
  counts: AlertCounts;
}
export type AlertDetail = Alert & { transitions: AlertTransition[]; rule_config: Record<string, unknown> | null };
export type Receiver = Known<Schemas["ReceiverList.Receiver"]>;
export type Silence = Omit<Known<Schemas["SilenceList.Silence"]>, "matchers"> & { matchers: Record<string, string> };
export type NewSilence = NonNullable<paths["/silences"]["post"]["requestBody"]>["content"]["application/json"];

const ALL = ["alerts"] as const;
const alertKeys = { all: ALL, list: [...ALL, "list"] as const, one: (id: number) => [...ALL, "one", id] as const, receivers: [...ALL, "receivers"] as const, silences: [...ALL, "silences"] as const };

const REFRESH_MILLISECONDS = 15_000;
/** No event tells that a notification went out, so what waits is looked at more often. */
const WAITING_MILLISECONDS = 3000;

const waits = (alerts: readonly Alert[]): boolean => alerts.some((alert) => alert.notifications.some((each) => each.state === "pending"));
const refresh = (waiting: boolean): number => (waiting ? WAITING_MILLISECONDS : REFRESH_MILLISECONDS);

export const alertCountsQuery = () =>
  queryOptions({
    queryKey: [...ALL, "counts"],
    queryFn: ({ signal }): Promise<AlertPage> => answer(client.GET("/alerts", { params: { query: { limit: 1, state: ["firing"] } }, signal })) as Promise<AlertPage>,
    select: (page) => page.counts,
    refetchInterval: REFRESH_MILLISECONDS,
  });

export const alertsQuery = (state: AlertState) =>
  infiniteQueryOptions({
    queryKey: [...alertKeys.list, state],
    queryFn: ({ pageParam, signal }): Promise<AlertPage> =>
      answer(client.GET("/alerts", { params: { query: { state: [state], limit: state === "resolved" ? 20 : 50, ...(pageParam === "" ? {} : { cursor: pageParam }) } }, signal })) as Promise<AlertPage>,
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { data } }) => refresh(waits(data?.pages.flatMap((page) => page.alerts) ?? [])),
  });

export const alertQuery = (id: number) =>
  queryOptions({
    queryKey: alertKeys.one(id),
    queryFn: ({ signal }): Promise<AlertDetail> => answer(client.GET("/alerts/{alert_id}", { params: { path: { alert_id: id } }, signal })) as Promise<AlertDetail>,
    refetchInterval: ({ state: { data } }) => refresh(data !== undefined && waits([data])),
  });

export const receiversQuery = () =>
  queryOptions({
    queryKey: alertKeys.receivers,
    queryFn: ({ signal }): Promise<{ receivers: Receiver[] }> => answer(client.GET("/receivers", { signal })),
    refetchInterval: 10_000,
  });

export const silencesQuery = () =>
  queryOptions({
    queryKey: alertKeys.silences,
    queryFn: ({ signal }): Promise<{ silences: Silence[] }> => answer(client.GET("/silences", { signal })) as Promise<{ silences: Silence[] }>,
    refetchInterval: REFRESH_MILLISECONDS,
  });

const about = (id: number) => ({ params: { path: { alert_id: id } } });

export const acknowledge = (id: number, who: string) => answer(client.POST("/alerts/{alert_id}/acknowledge", { ...about(id), body: { who, reason: null } }));
export const takeBack = (id: number, who: string) => answer(client.POST("/alerts/{alert_id}/unacknowledge", { ...about(id), body: { who, reason: null } }));
export const silenceAlert = (id: number, body: { author: string; duration: string; reason: string }) => answer(client.POST("/alerts/{alert_id}/silence", { ...about(id), body }));
export const addSilence = (body: NewSilence) => answer(client.POST("/silences", { body }));
export const endSilence = (id: number) => answer(client.DELETE("/silences/{silence_id}", { params: { path: { silence_id: id } } }));

/** Does something to alerts, and reads them anew whatever came of it. */
export function useAct<Input>(act: (input: Input) => Promise<unknown>): UseMutationResult<unknown, Error, Input> {
  const cache = useQueryClient();
  return useMutation({ mutationFn: act, onSettled: () => cache.invalidateQueries({ queryKey: ALL }) });
}
