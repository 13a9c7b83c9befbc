import { describe, expect, it } from "vitest";

import type { Build } from "../api/types";
import { aBuild } from "../test/builders";
import { holdBack, idsOf, insertRows, replaceRows, type BuildPages } from "./rows";

const pagesOf = (...pages: Build[][]): BuildPages => ({ pages: pages.map((builds) => ({ builds, next: null })), pageParams: pages.map(() => "") });
const at = (minute: number): string => `2026-11-20T10:${String(minute).padStart(2, "0")}:00Z`;

describe("rows that are shown", () => {
  it("take new words at their place and leave other pages untouched", () => {
    const before = pagesOf([aBuild({ id: 3, status: "in_progress" })], [aBuild({ id: 2 })]);
    const after = replaceRows(before, [aBuild({ id: 3, status: "failure" })]);
    expect(after.pages[0]?.builds[0]?.status).toBe("failure");
    expect(after.pages[1]).toBe(before.pages[1]);
  });

  it("stay the same object when nothing in them changed", () => {
    const before = pagesOf([aBuild({ id: 3 })]);
    expect(replaceRows(before, [aBuild({ id: 99 })])).toBe(before);
  });

  it("never go back from finished to running", () => {
    const after = replaceRows(pagesOf([aBuild({ id: 3, status: "success" })]), [aBuild({ id: 3, status: "in_progress" })]);
    expect(after.pages[0]?.builds[0]?.status).toBe("success");
  });
});

describe("new rows", () => {
  it("enter the first page by their start, each once", () => {
    const before = pagesOf([aBuild({ id: 3, started_at: at(30) }), aBuild({ id: 1, started_at: at(10) })], [aBuild({ id: 0, started_at: at(5) })]);
    const after = insertRows(before, [aBuild({ id: 4, started_at: at(40) }), aBuild({ id: 2, started_at: at(20) }), aBuild({ id: 3 })]);
    expect(after.pages.map((page) => page.builds.map((build) => build.id))).toEqual([[4, 3, 2, 1], [0]]);
  });

  it("that are older than all that is loaded wait for their page", () => {
    const before = pagesOf([aBuild({ id: 3, started_at: at(30) })], [aBuild({ id: 2, started_at: at(20) })]);
    const more = { ...before, pages: before.pages.map((page) => ({ ...page, next: "cursor" })) };
    const after = insertRows(more, [aBuild({ id: 1, started_at: at(10) }), aBuild({ id: 4, started_at: at(25) })]);
    expect(after.pages.map((page) => page.builds.map((build) => build.id))).toEqual([[3], [4, 2]]);
    expect(insertRows(more, [aBuild({ id: 1, started_at: at(10) })])).toBe(more);
  });

  it("that have not started stand where they were created", () => {
    const before = pagesOf([aBuild({ id: 3, started_at: at(30) })]);
    const after = insertRows(before, [aBuild({ id: 4, status: "queued", started_at: null, created_at: at(20) })]);
    expect(after.pages[0]?.builds.map((build) => build.id)).toEqual([3, 4]);
  });

  it("held back count once, with their latest word, and not when they are shown", () => {
    const first = holdBack([], [aBuild({ id: 5, status: "in_progress" }), aBuild({ id: 1 })], idsOf(pagesOf([aBuild({ id: 1 })])));
    const second = holdBack(first, [aBuild({ id: 5, status: "failure" })], new Set([1]));
    expect(second.map((build) => [build.id, build.status])).toEqual([[5, "failure"]]);
  });
});
