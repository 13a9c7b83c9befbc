import { describe, expect, it } from "vitest";

import { aBuild, aListed } from "../../test/builders";
import { buildEntry, find, pipelineEntry } from "./entries";

const ENTRIES = [
  aListed({ id: 1, repo: "acme/checkout", pipeline: "build-and-test" }),
  aListed({ id: 2, repo: "acme/web", pipeline: "ci" }),
  aListed({ id: 3, repo: "platform/web-images", pipeline: "nightly" }),
].map(pipelineEntry);
const names = (typed: string): string[] => find(ENTRIES, typed, 8).map((entry) => `${entry.repo ?? ""} ${entry.title}`);

describe("the palette finds", () => {
  it("by words of repo and pipeline in any order and case", () => {
    expect(names("CI web")).toEqual(["acme/web ci"]);
    expect(names("checkout test")).toEqual(["acme/checkout build-and-test"]);
    expect(names("nothing")).toEqual([]);
  });

  it("beginnings of words before what stands inside of them", () => {
    expect(names("web")[0]).toBe("acme/web ci");
    expect(names("im")).toEqual(["platform/web-images nightly"]);
  });

  it("all in their order while nothing is typed, and no more than asked for", () => {
    expect(find(ENTRIES, " ", 2).map((entry) => entry.key)).toEqual(["pipeline 1", "pipeline 2"]);
  });
});

it("a build is told by its branch, commit and actor, and leads to its page", () => {
  expect(buildEntry(aBuild({ id: 9, branch: "topic" }))).toMatchObject({ note: "topic · 0123456 · mira", href: "/ui/build/9" });
});
