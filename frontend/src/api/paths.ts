/** The API's paths in the shape that openapi-fetch reads. */
import type { Query } from "../lib/filters";
import type { BuildDetail, BuildPage, FilterValues, Meta, Pipeline, Series, Source, Summary } from "./types";

interface Get<Answer, Path = never> {
  get: {
    parameters: { query?: Query } & ([Path] extends [never] ? { path?: never } : { path: Path });
    responses: { 200: { content: { "application/json": Answer } } };
  };
}

export interface paths {
  "/metrics/summary": Get<Summary>;
  "/builds": Get<BuildPage>;
  "/builds/latest": Get<BuildPage>;
  "/builds/{build_id}": Get<BuildDetail, { build_id: string }>;
  "/pipelines": Get<{ pipelines: Pipeline[] }>;
  "/series": Get<Series>;
  "/sources": Get<{ sources: Source[] }>;
  "/filters": Get<FilterValues>;
  "/api/meta": Get<Meta>;
}
