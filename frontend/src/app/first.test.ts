import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { answer, client } from "../api/client";
import { durationParams, pageParams } from "../api/params";
import { buildQuery, figureQuery, filtersAt } from "../lib/filters";
import { askForOverview } from "./first";

const server = vi.fn<typeof fetch>();
const asked = (): string[] => server.mock.calls.map(([input]) => (input instanceof Request ? input.url : new URL(String(input), location.origin).href));

beforeEach(() => {
  server.mockImplementation(() => Promise.resolve(Response.json({ pipelines: [] })));
  vi.stubGlobal("fetch", server);
});
afterEach(() => {
  server.mockReset();
  vi.unstubAllGlobals();
});

const at = (address: string): Location => new URL(address, location.origin) as unknown as Location;

it.each(["/", "/?branch=*", "/?window=30d&repo=acme%2Fweb&repo=a+b&q=x%20y&sort=duration_seconds"])("asks once for what the overview at %s waits for", async (address) => {
  askForOverview(at(address));
  const early = asked();
  expect(early).toHaveLength(3);
  const filters = filtersAt(new URL(address, location.origin).search, []);
  const figures = figureQuery(filters);
  await answer(client.GET("/metrics/summary", { params: { query: figures } }));
  await answer(client.GET("/series", { params: { query: durationParams(figures) } }));
  await answer(client.GET("/builds", { params: { query: pageParams(buildQuery(filters)) } }));
  expect(asked()).toEqual(early);
  await answer(client.GET("/metrics/summary", { params: { query: figures } }));
  expect(asked()).toHaveLength(early.length + 1);
});

it("asks for nothing on another page", () => {
  askForOverview(at("/ui/grid"));
  expect(server).not.toHaveBeenCalled();
});

it("hands a failure to whoever waits, and asks anew after it", async () => {
  server.mockRejectedValueOnce(new TypeError("Failed to fetch"));
  askForOverview(at("/?window=90d"));
  const figures = figureQuery(filtersAt("?window=90d", []));
  const ask = () => answer(client.GET("/metrics/summary", { params: { query: figures } }));
  await expect(ask()).rejects.toThrow("The server cannot be reached.");
  await expect(ask()).resolves.toEqual({ pipelines: [] });
});
