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

/** How many pipelines fare how, worst first; those of none are left out. */
export function tally(pipelines: readonly ListedPipeline[]): [Outlook, number][] {
  const counted = OUTLOOKS.map((outlook): [Outlook, number] => [outlook, pipelines.filter((pipeline) => pipeline.outlook === outlook).length]);
  return counted.filter(([, number]) => number > 0);
}

export const isBroken = (outlook: Outlook): boolean => outlook === "failing" || outlook === "never_green";

export interface Layout {
  columns: number;
  /** Whether broken tiles are two columns wide. */
  wide: boolean;
}

const BEST_ASPECT = 1.7;
const MOST_COLUMNS = 12;

function rowsFor(columns: number, big: number, small: number): number {
  const bigARow = Math.floor(columns / 2);
  const bigRows = Math.ceil(big / bigARow);
  const left = bigRows * columns - 2 * big;
  return bigRows + Math.ceil(Math.max(0, small - left) / columns);
}

/** The columns by which the tiles fill a screen of that shape best: readable shapes first, then few empty places. */
export function layoutFor(tiles: readonly Tile[], aspect: number): Layout {
  const broken = tiles.filter(({ outlook }) => isBroken(outlook)).length;
  const wide = broken < tiles.length;
  const big = wide ? broken : 0;
  const small = tiles.length - big;
  let best = { columns: wide && big > 0 ? 2 : 1, cost: Infinity };
  for (let columns = best.columns; columns <= Math.min(MOST_COLUMNS, Math.max(2 * big + small, best.columns)); columns += 1) {
    const rows = big > 0 ? rowsFor(columns, big, small) : Math.ceil(small / columns);
    const shape = Math.abs(Math.log(((aspect / columns) * rows) / BEST_ASPECT));
    const empty = 1 - (2 * big + small) / (rows * columns);
    const cost = shape + 1.5 * empty;
    if (cost < best.cost) best = { columns, cost };
  }
  return { columns: best.columns, wide };
}
