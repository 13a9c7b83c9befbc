/** What the wall shows: one tile a group, told by the worst of its pipelines. */
import type { ListedPipeline, Outlook } from "../../api/types";
import { OUTLOOKS } from "../../lib/status";

export interface Tile {
  name: string;
  /** Where a press on it leads. */
  filter: { group: string } | { repo: string };
  outlook: Outlook;
  /** Its pipelines, worst first. */
  pipelines: ListedPipeline[];
}

const severity = (outlook: Outlook): number => OUTLOOKS.indexOf(outlook);

function tile(name: string, filter: Tile["filter"], pipelines: ListedPipeline[]): Tile {
  const sorted = pipelines.toSorted((a, b) => severity(a.outlook) - severity(b.outlook));
  return { name, filter, outlook: sorted[0]?.outlook ?? "unknown", pipelines: sorted };
}

function gather<Key>(pipelines: readonly ListedPipeline[], keysOf: (pipeline: ListedPipeline) => readonly Key[]): Map<Key, ListedPipeline[]> {
  const found = new Map<Key, ListedPipeline[]>();
  for (const pipeline of pipelines) for (const key of keysOf(pipeline)) found.set(key, [...(found.get(key) ?? []), pipeline]);
  return found;
}

/** By configured group; pipelines that no group takes, and all where there are no groups, by repo (Jenkins: folder). */
export function tilesOf(pipelines: readonly ListedPipeline[], groups: readonly string[]): Tile[] {
  const inGroups = gather(pipelines, ({ groups: of }) => of.filter((group) => groups.includes(group)));
  const alone = gather(
    pipelines.filter(({ groups: of }) => !of.some((group) => groups.includes(group))),
    ({ repo }) => [repo],
  );
  const tiles = [
    ...[...inGroups].map(([group, members]) => tile(group, { group }, members)),
    ...[...alone].map(([repo, members]) => tile(repo, { repo }, members)),
  ];
  return tiles.sort((a, b) => severity(a.outlook) - severity(b.outlook) || a.name.localeCompare(b.name));
}

/** A pipeline's name on a tile: with the last part of its repo where another of the tile is called the same. */
export function nameOn(tile: Tile, { id, repo, pipeline }: ListedPipeline): string {
  const alone = tile.pipelines.every((other) => other.pipeline !== pipeline || other.id === id);
  return alone ? pipeline : `${repo.split("/").at(-1) ?? repo} ${pipeline}`;
}

/** How many pipelines fare how, worst first; those of none are left out. */
export function tally(pipelines: readonly ListedPipeline[]): [Outlook, number][] {
  const counted = OUTLOOKS.map((outlook): [Outlook, number] => [outlook, pipelines.filter((pipeline) => pipeline.outlook === outlook).length]);
  return counted.filter(([, number]) => number > 0);
}

export const isBroken = (outlook: Outlook): boolean => outlook === "failing" || outlook === "never_green";

interface Layout {
  columns: number;
  /** Whether broken tiles are two columns wide. */
  wide: boolean;
}

const BEST_ASPECT = 1.7;
const MOST_COLUMNS = 12;
const EMPTY_COST = 2;
/** What it is worth that broken tiles are wide, where there are others to stand out from. */
const WIDE_WORTH = 0.35;

function rowsFor(columns: number, big: number, small: number): number {
  if (big === 0) return Math.ceil(small / columns);
  const bigRows = Math.ceil(big / Math.floor(columns / 2));
  const left = bigRows * columns - 2 * big;
  return bigRows + Math.ceil(Math.max(0, small - left) / columns);
}

/** How badly a layout fills the screen: tiles of a shape that reads ill, and empty places. */
function costOf(columns: number, big: number, small: number, aspect: number): number {
  const rows = rowsFor(columns, big, small);
  const shape = Math.abs(Math.log(((aspect / columns) * rows) / BEST_ASPECT));
  return shape + EMPTY_COST * (1 - (2 * big + small) / (rows * columns)) - (big > 0 && small > 0 ? WIDE_WORTH : 0);
}

/** The columns by which the tiles fill a screen of that shape (width ÷ height) best, broken ones wide where that fits. */
export function layoutFor(tiles: readonly Tile[], aspect: number): Layout {
  const broken = tiles.filter(({ outlook }) => isBroken(outlook)).length;
  let best = { columns: 1, wide: false, cost: Infinity };
  for (const wide of [true, false]) {
    const big = wide ? broken : 0;
    const small = tiles.length - big;
    for (let columns = big > 0 ? 2 : 1; columns <= Math.max(2, Math.min(MOST_COLUMNS, 2 * big + small)); columns += 1) {
      const cost = costOf(columns, big, small, aspect);
      if (cost < best.cost) best = { columns, wide: big > 0, cost };
    }
  }
  return { columns: best.columns, wide: best.wide };
}
