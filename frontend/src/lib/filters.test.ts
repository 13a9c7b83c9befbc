import { describe, expect, it } from "vitest";

import { aBuild } from "../test/builders";
import { buildQuery, figureQuery, filtersToSearch, isFiltered, isWithin, matchesRest, NO_FILTERS, parseFilters, socketQuery, toSearchParams } from "./filters";

describe("the address bar", () => {
  it("means default branches of seven days when it says nothing", () => {
    expect(parseFilters("")).toEqual(NO_FILTERS);
    expect(filtersToSearch(NO_FILTERS)).toBe("");
  });

  it.each([
    "window=24h",
    "branch=*",
    "branch=main&branch=release%2F1.2",
    "window=30d&repo=acme%2Fweb&repo=acme%2Fapi&provider=github&status=failure&group=web-team&q=mira&sort=duration_seconds",
    "pipeline=ci&source=acme",
  ])("comes back as it was: %s", (search) => {
    expect(filtersToSearch(parseFilters(search))).toBe(search);
  });

  it("falls back where it says nonsense", () => {
    expect(parseFilters("window=7x&status=purple&sort=1;drop&branch=&repo=&repo=a&repo=a")).toEqual({ ...NO_FILTERS, repo: ["a"] });
  });

  it("knows whether anything narrows the page", () => {
    expect(isFiltered(parseFilters("window=90d&sort=status"))).toBe(false);
    expect(isFiltered(parseFilters("branch=*"))).toBe(true);
  });
});

describe("what the API is asked", () => {
  it("names the default branches, and none for all branches", () => {
    expect(figureQuery(NO_FILTERS)).toEqual({ window: "7d", branch: ["@default"] });
    expect(figureQuery(parseFilters("branch=*"))).toEqual({ window: "7d" });
  });

  it("keeps the status out of the figures, and lets sockets have only what they know", () => {
    const filters = parseFilters("status=failure&q=mira&repo=acme%2Fweb&sort=status");
    expect(figureQuery(filters)).not.toHaveProperty("status");
    expect(buildQuery(filters)).toMatchObject({ status: ["failure"], q: ["mira"], sort: "status" });
    expect(toSearchParams(socketQuery(filters)).toString()).toBe("branch=%40default&repo=acme%2Fweb");
  });
});

describe("a window", () => {
  it("begins its length before now", () => {
    const now = Date.parse("2026-11-24T10:00:00Z");
    const day = (number: number): number => Date.parse(`2026-11-${number}T10:00:00Z`);
    expect([isWithin("7d", day(17), now), isWithin("7d", day(17) - 1, now)]).toEqual([true, false]);
    expect([isWithin("90m", now - 5_400_000, now), isWithin("1w", day(16), now), isWithin("36h", day(23), now)]).toEqual([true, false, true]);
  });
});

describe("a build from the socket", () => {
  it("is held against status and text here", () => {
    const build = aBuild({ status: "failure", actor: "Mira" });
    expect(matchesRest(parseFilters("status=failure&q=mIrA"), build)).toBe(true);
    expect(matchesRest(parseFilters("status=success"), build)).toBe(false);
    expect(matchesRest(parseFilters("q=nobody"), build)).toBe(false);
  });
});
