import { describe, expect, it } from "vitest";

import type { Outlook } from "../../api/types";
import { aListed } from "../../test/builders";
import { layoutFor, nameOn, tally, tilesOf, type Tile } from "./tiles";

const of = (id: number, repo: string, outlook: Outlook, groups: string[] = []) => aListed({ id, repo, outlook, groups });

describe("the wall", () => {
  it("tells a group by the worst of its pipelines, the worst group first", () => {
    const tiles = tilesOf([of(1, "a/x", "healthy", ["web"]), of(2, "a/y", "failing", ["web"]), of(3, "b/z", "flaky", ["data"])], ["data", "web"]);
    expect(tiles.map(({ name, outlook }) => [name, outlook])).toEqual([["web", "failing"], ["data", "flaky"]]);
    expect(tiles[0]?.pipelines.map(({ id }) => id)).toEqual([2, 1]);
  });

  it("shows by repo what no group takes, and everything where there are no groups", () => {
    const pipelines = [of(1, "a/x", "healthy", ["web"]), of(2, "b/z", "stale")];
    expect(tilesOf(pipelines, ["web"]).map(({ name, filter }) => [name, filter])).toEqual([["b/z", { repo: "b/z" }], ["web", { group: "web" }]]);
    expect(tilesOf(pipelines, []).map(({ name }) => name)).toEqual(["b/z", "a/x"]);
  });

  it("shows a pipeline in each of its groups", () => {
    expect(tilesOf([of(1, "a/x", "failing", ["web", "all"])], ["web", "all"]).map(({ name }) => name)).toEqual(["all", "web"]);
  });

  it("names the repo of pipelines that share a name on one tile", () => {
    const [one, two, other] = [of(1, "acme/web", "failing", ["all"]), of(2, "acme/api", "failing", ["all"]), { ...of(3, "acme/api", "healthy", ["all"]), pipeline: "deploy" }];
    const [tile] = tilesOf([one, two, other], ["all"]);
    expect(tile && [one, two, other].map((pipeline) => nameOn(tile, pipeline))).toEqual(["web ci", "api ci", "deploy"]);
  });

  it("counts worst first and leaves out what there is none of", () => {
    expect(tally([of(1, "a", "healthy"), of(2, "b", "failing"), of(3, "c", "healthy")])).toEqual([["failing", 1], ["healthy", 2]]);
  });
});

describe("the layout of the wall", () => {
  const tiles = (broken: number, well: number): Tile[] => [...Array<Outlook>(broken).fill("failing"), ...Array<Outlook>(well).fill("healthy")].map((outlook, index) => ({ name: String(index), filter: { repo: "x" }, outlook, pipelines: [] }));

  it("makes broken tiles wide where they fit beside others", () => {
    expect(layoutFor(tiles(2, 6), 1.78)).toEqual({ columns: 4, wide: true });
    expect(layoutFor(tiles(4, 0), 1.44)).toEqual({ columns: 2, wide: false });
    expect(layoutFor(tiles(4, 0), 1.4)).toEqual({ columns: 2, wide: false });
    expect(layoutFor(tiles(3, 1), 1.44)).toEqual({ columns: 2, wide: false });
  });

  it.each([[1, 0], [4, 0], [2, 6], [0, 1], [3, 40], [1, 1], [5, 2], [0, 60]])("leaves few places empty with %s broken and %s healthy", (broken, well) => {
    const { columns, wide } = layoutFor(tiles(broken, well), 1.6);
    const units = (wide ? 2 * broken : broken) + well;
    expect(columns).toBeGreaterThanOrEqual(wide ? 2 : 1);
    expect(columns).toBeLessThanOrEqual(12);
    expect(units / (Math.ceil(units / columns) * columns)).toBeGreaterThan(0.7);
  });
});
