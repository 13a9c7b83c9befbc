/** Why a tile of the wall is what it is, in words. */
import type { ListedPipeline } from "../../api/types";
import { count, instant, plural, span } from "../../lib/format";
import { pipelineMark } from "../../lib/status";
import { nameOn, type Tile } from "./tiles";

const NAMED = 3;

/** For how long answers are missing, and whose. */
function notRead({ source, read_at: at }: NonNullable<ListedPipeline["unread"]>, now: number): string {
  return at === null ? `never read whole (${source})` : `not read for ${span((now - instant(at)) / 1000)} (${source})`;
}

/** Short, to be read from afar; from what to what stands on the overview. */
const slowerBy = ({ from_seconds: from, to_seconds: to }: NonNullable<ListedPipeline["slower"]>): string => `${count((100 * (to - from)) / from)} % slower`;

/** Why a pipeline is what it is, in a few words; `name` tells it apart on its tile. */
function reason(pipeline: ListedPipeline, name: string, now: number): string {
  const since = pipeline.since === null ? "" : span((now - instant(pipeline.since)) / 1000);
  switch (pipeline.outlook) {
    case "failing":
    case "never_green":
      return [name, pipeline.outlook === "never_green" ? "never green" : since, pipeline.first_bad?.actor ?? ""].filter((part) => part !== "").join(" · ");
    case "unread":
      return pipeline.unread === null ? name : `${name} · ${notRead(pipeline.unread, now)}`;
    case "stale":
      return `${name} has not run for ${span(pipeline.silent_seconds ?? 0)}`;
    case "flaky":
      return `${name} · flaky on ${plural(pipeline.flaky_commits, "commit")}`;
    case "slower":
      return [name, pipeline.slower === null ? "slower" : slowerBy(pipeline.slower)].join(" · ");
    default:
      return `${name} · ${pipelineMark(pipeline).word}`;
  }
}

/** What stands on a tile below its name: why, of the worst; how many there are, where all is well. */
export function tileText(tile: Tile, now: number): string[] {
  const told = tile.pipelines.filter((pipeline) => pipeline.outlook !== "healthy");
  const lines = told.slice(0, NAMED).map((pipeline) => reason(pipeline, nameOn(tile, pipeline), now));
  if (told.length > NAMED) lines.push(`and ${count(told.length - NAMED)} more`);
  return lines.length > 0 ? lines : [plural(tile.pipelines.length, "pipeline")];
}
