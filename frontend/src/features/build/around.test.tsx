import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import type { BuildContext, Job } from "../../api/types";
import { aContext, aDetail } from "../../test/builders";
import { serve, show } from "../../test/render";
import { IsItMe } from "./IsItMe";
import { criticalPath } from "./lanes";
import { failingLines } from "./log";

const FAILED = aDetail({ id: 1, status: "failure", error: "assert 1 == 2" });
const around = async (context: Partial<BuildContext>, build = FAILED): Promise<HTMLElement> => {
  serve({ "/builds/1/context": aContext(context) });
  show(<IsItMe build={build} />);
  await screen.findByRole("heading", { level: 3 });
  return screen.getByRole("region");
};

describe("is it me", () => {
  it("a first failure is new", async () => {
    expect(await around({})).toHaveTextContent("new First failure here: the build before, 7aa02d1, passed.");
  });

  it("one after a failure is not, and the last green is named", async () => {
    const before = { id: 7, status: "failure" as const, commit: "eee", started_at: null };
    expect(await around({ before, last_green: { ...before, id: 6, status: "success", commit: "fff" } })).toHaveTextContent("not new The build before, eee, failed too; the last green is fff.");
  });

  it("one that passed later on its commit is flaky, and one that failed each time is not", async () => {
    await around({ same_commit: { success: 1, failure: 1, passed_build_id: 5 } });
    expect(screen.getByRole("link", { name: "passed later" })).toHaveAttribute("href", "/ui/build/5");
  });

  it("one that failed each time is not flaky", async () => {
    expect(await around({ same_commit: { success: 0, failure: 3, passed_build_id: null } })).toHaveTextContent("not flaky It failed all 3 times on this commit.");
  });

  it("the same line elsewhere is named with the pipelines it failed", async () => {
    const other = { id: 44, pipeline_id: 9, repo: "acme/api", pipeline: "ci", branch: null, commit: null, started_at: null, error: "assert 1 == 2", failing_step: null };
    expect(await around({ elsewhere: [other], elsewhere_pipelines: 1, elsewhere_builds: 3, here_builds: 2 })).toHaveTextContent("3 builds of 1 other pipeline failed with this line within 14 d. 2 other builds of this pipeline did.");
    expect(screen.getByRole("link", { name: "acme/api ci" })).toHaveAttribute("href", "/ui/build/44");
  });

  it("one whose run is being tried again says so", async () => {
    const attempts = [{ id: 1, attempt: 1, status: "failure" as const }, { id: 2, attempt: 2, status: "in_progress" as const }];
    expect(await around({}, aDetail({ id: 1, status: "failure", attempts }))).toHaveTextContent("tried again Attempt 2 is not finished yet.");
    expect(screen.getByRole("link", { name: "Attempt 2" })).toHaveAttribute("href", "/ui/build/2");
  });

  it("one that still runs says what it began from", async () => {
    const before = { id: 7, status: "failure" as const, commit: "eee", started_at: null };
    expect(await around({ before }, aDetail({ id: 1, status: "in_progress" }))).toHaveTextContent("was broken The build before, eee, failed.");
  });

  it("a success after a failure is the fix", async () => {
    const before = { id: 7, status: "failure" as const, commit: "eee", started_at: null };
    expect(await around({ before }, aDetail({ id: 1 }))).toHaveTextContent("fixed The build before, eee, failed.");
  });
});

const job = (start: number, end: number, queue = 0, part: Partial<Job> = {}): Job => {
  const at = (second: number): string => new Date(Date.parse("2026-11-20T10:00:00Z") + second * 1000).toISOString();
  return { id: "1", name: "", status: "success", conclusion: null, created_at: null, started_at: at(start), completed_at: at(end), queue_seconds: queue, labels: [], runner: null, url: null, steps: [], ...part };
};

const pathOf = (jobs: readonly Job[]): number[] => [...criticalPath(jobs, 0)].map((each) => jobs.indexOf(each)).sort();

describe("the critical path", () => {
  it("goes back from the last end through what had to end before", () => {
    const jobs = [job(0, 30), job(0, 60), job(61, 100), job(61, 90), job(105, 130, 5)];
    expect(pathOf(jobs)).toEqual([1, 2, 4]);
  });

  it("is the one long job where all begin together", () => {
    expect(pathOf([job(0, 30), job(1, 90), job(0, 20)])).toEqual([1]);
  });

  it("counts a job that waited from when it was asked for, and leaves skipped and unstarted ones out", () => {
    const jobs = [job(0, 50), job(40, 90, 40), job(95, 95, 0, { status: "skipped" }), { ...job(0, 0), started_at: null, completed_at: null }];
    expect(pathOf(jobs)).toEqual([1]);
  });

  it("of no job is empty", () => {
    expect(criticalPath([], 0).size).toBe(0);
  });
});

describe("failing lines", () => {
  const lines = ["ok", "> assert a", "E   assert 1 == 2", "E    +  where", "", "other error: late"];

  it("are the known one and those around it that read like errors", () => {
    expect([...failingLines(lines, "E assert 1 == 2")].sort()).toEqual([2, 3]);
    expect([...failingLines([">   assert a", ...lines.slice(2)], "assert 1 == 2")].sort()).toEqual([0, 1, 2]);
  });

  it("are none when no line is known or it is not kept", () => {
    expect(failingLines(lines, null).size + failingLines(lines, "elsewhere").size).toBe(0);
  });
});
