/** The API's answers as the dashboard reads them, from the generated OpenAPI types. Lengths are seconds. */
import type { components, paths } from "./schema";

type Schemas = components["schemas"];

/** The document allows answers to gain fields; here a name that it does not know is a typo. */
export type Known<T> = T extends readonly (infer Item)[]
  ? Known<Item>[]
  : T extends object
    ? { [Key in keyof T as string extends Key ? never : Key]: Known<T[Key]> }
    : T;

export type Build = Known<Schemas["BuildPage.Build"]>;
export type Status = Build["status"];
export interface BuildPage {
  builds: Build[];
  next: string | null;
}

export type Step = Known<Schemas["BuildDetail.Step"]>;
export type Job = Known<Schemas["BuildDetail.Job"]>;
export type BuildDetail = Build & Pick<Known<Schemas["BuildDetail"]>, "jobs" | "attempts">;
export type BuildContext = Known<Schemas["BuildContext"]>;

export type HistoryEntry = Known<Schemas["Summary.HistoryEntry"]>;
export type Pipeline = Known<Schemas["Summary.Pipeline"]>;
export type Summary = Known<Schemas["Summary"]>;
export type Numbers = Summary["sparklines"]["success_rate"];

export type ListedPipeline = Known<Schemas["PipelineList.ListedPipeline"]>;
export type PipelinePage = Known<Schemas["PipelinePage"]>;
export type Outlook = Pipeline["outlook"];

export type Series = Known<Schemas["Series"]>;

export type Source = Known<Schemas["SourceList.Source"]>;

export type Meta = Known<Schemas["Meta"]>;
export type FilterValues = Known<Schemas["FilterValues"]>;
/** The lists of filter values that `q` narrows and that may be cut. */
export type NamedValues = "repos" | "pipelines" | "branches";

export type GridCell = Known<Schemas["Grid.GridCell"]>;
/** By pipeline id: the one place where names are data. */
type GridCommit = Omit<Known<Schemas["Grid.GridCommit"]>, "cells"> & { cells: Record<string, GridCell | undefined> };
export type Grid = Omit<Known<Schemas["Grid"]>, "commits"> & { commits: GridCommit[] };
export type Waiting = Known<Schemas["Waiting"]>;
export type WaitingItem = Known<Schemas["Waiting.WaitingItem"]>;

type QueryOf<Path extends "/builds" | "/metrics/summary" | "/grid" | "/waiting"> = NonNullable<paths[Path]["get"]["parameters"]["query"]>;
export type BuildsQuery = QueryOf<"/builds">;
export type FiguresQuery = Omit<QueryOf<"/metrics/summary">, "status">;
export type GridQuery = QueryOf<"/grid">;
export type WaitingQuery = QueryOf<"/waiting">;
export type PageQuery = NonNullable<paths["/pipelines/{pipeline_id}"]["get"]["parameters"]["query"]>;
