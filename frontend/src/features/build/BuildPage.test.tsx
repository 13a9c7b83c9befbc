import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Job } from "../../api/types";
import { aDetail } from "../../test/builders";
import { serve, show } from "../../test/render";
import { BuildPage } from "./BuildPage";
import { axisOf, queuedLane, ranLane } from "./lanes";

const JOB: Job = {
  id: "1",
  name: "unit",
  status: "success",
  conclusion: "success",
  created_at: null,
  runner: null,
  url: null,
  started_at: "2026-11-20T10:00:10Z",
  completed_at: "2026-11-20T10:01:50Z",
  queue_seconds: 10,
  labels: [],
  steps: [{ name: "pytest", number: 1, status: "success", conclusion: null, started_at: "2026-11-20T10:00:10Z", completed_at: "2026-11-20T10:01:00Z" }],
};

describe("a build's page", () => {
  it("shows the log as text, with the failing line marked and no escape code", async () => {
    serve({ "/builds/1": aDetail({ status: "failure", logs: "ok\n\u001b[31m<img src=x onerror=alert(1)>\u001b[0m\nend", error: "<img src=x onerror=alert(1)>" }) });
    show(<BuildPage id="1" />);
    const log = await screen.findByRole("region", { name: "Log lines" });
    expect(log.querySelector("mark")).toHaveTextContent("<img src=x onerror=alert(1)>");
    expect(log.querySelector("img")).toBeNull();
  });

  it("never links to what is not http", async () => {
    serve({ "/builds/1": aDetail({ url: "javascript:alert(1)" }) });
    show(<BuildPage id="1" />);
    await screen.findByRole("heading", { level: 1 });
    expect(document.querySelector('a[href^="javascript"]')).toBeNull();
    expect(screen.queryByText(/Open on GitHub/)).toBeNull();
  });

  it("switches between attempts", async () => {
    serve({ "/builds/2": aDetail({ id: 2, attempt: 2, attempts: [{ id: 1, attempt: 1, status: "failure" }, { id: 2, attempt: 2, status: "success" }] }) });
    show(<BuildPage id="2" />);
    expect(await screen.findByRole("link", { name: "Attempt 1" })).toHaveAttribute("href", "/ui/build/1");
    expect(screen.getByRole("link", { name: "Attempt 2" })).toHaveAttribute("aria-current", "page");
  });

  it("opens the steps of failed jobs, and of others when asked", async () => {
    serve({ "/builds/1": aDetail({ jobs: [JOB] }) });
    show(<BuildPage id="1" />);
    const job = await screen.findByRole("button", { name: /unit/ });
    expect(screen.queryByText("pytest")).toBeNull();
    await userEvent.click(job);
    expect(screen.getByText("pytest")).toBeVisible();
  });

  it("does not draw what a partial re-run carried over from an earlier attempt", async () => {
    const jobs: Job[] = [
      { ...JOB, name: "carried", queue_seconds: null },
      { ...JOB, name: "anew", started_at: "2026-11-20T10:10:00Z", completed_at: "2026-11-20T10:12:00Z", queue_seconds: null },
    ];
    serve({ "/builds/1": aDetail({ attempt: 2, started_at: "2026-11-20T10:09:50Z", jobs }) });
    show(<BuildPage id="1" />);
    expect(await screen.findByText("not run again: kept from an earlier attempt")).toBeVisible();
    const bars = [...document.querySelectorAll<HTMLElement>(".lane i")];
    expect(bars.map(({ style }) => [style.left, style.width])).toEqual([["0%", "100%"]]);
    expect(screen.queryByText("on the critical path")).toBeNull();
  });

  it("says that a build is not kept rather than failing", async () => {
    serve({});
    show(<BuildPage id="404" />);
    expect(await screen.findByText(/is not kept here/)).toBeVisible();
  });
});

it("lays jobs and their waiting on one axis", () => {
  const axis = axisOf([JOB], 0);
  if (axis === null) throw new Error("no axis");
  const queued = queuedLane(JOB, axis);
  const ran = ranLane(JOB, axis, 0);
  expect(queued?.start).toBe(0);
  expect(queued?.width).toBeCloseTo(100 / 11);
  expect(ran?.start).toBeCloseTo(100 / 11);
  expect((ran?.start ?? 0) + (ran?.width ?? 0)).toBeCloseTo(100);
});
