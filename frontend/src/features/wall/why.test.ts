import { expect, it } from "vitest";

import { aListed } from "../../test/builders";
import { tilesOf } from "./tiles";
import { tileText } from "./why";

const NOW = Date.parse("2026-11-20T10:00:00Z");

it("says of each of the worst why, in words that are short enough to be read from afar, and how many more there are", () => {
  const told = [
    aListed({ id: 1, pipeline: "ci", outlook: "failing", since: "2026-11-20T07:40:00Z", first_bad: { build_id: 3, commit: "abc", actor: "mira", started_at: null } }),
    aListed({ id: 2, pipeline: "e2e", outlook: "flaky", flaky_commits: 2 }),
    aListed({ id: 3, pipeline: "deploy", outlook: "slower", slower: { from_seconds: 441, to_seconds: 591 } }),
    aListed({ id: 4, pipeline: "docs", outlook: "slower", slower: { from_seconds: 60, to_seconds: 90 } }),
    aListed({ id: 5, pipeline: "lint" }),
  ];
  expect(tilesOf(told, []).map((tile) => tileText(tile, NOW))).toEqual([["ci · 2 h 20 min · mira", "e2e · flaky on 2 commits", "deploy · 34 % slower", "and 1 more"]]);
  expect(tilesOf(told.slice(4), []).map((tile) => tileText(tile, NOW))).toEqual([["1 pipeline"]]);
});
