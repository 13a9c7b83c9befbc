import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import { aPage } from "../../test/builders";
import { serve, show } from "../../test/render";
import { PipelinePage } from "./PipelinePage";
import { parseView, viewToSearch } from "./view";

vi.mock("../../components/chart/LinesChart", () => ({ default: ({ label }: { label: string }) => <div role="img" aria-label={label} /> }));

const BUILDS = { "/builds": { builds: [], next: null } };
const BROKEN = aPage({
  id: 7,
  status: "failure",
  outlook: "failing",
  streak: 4,
  first_bad: { build_id: 9, commit: "f3c9a10f3c9a10f3c9a10", actor: "mira", started_at: null },
  compare: { good: { build_id: 8, commit: "7aa02d17aa02d17aa02d1" }, bad: { build_id: 9, commit: "f3c9a10f3c9a10f3c9a10" }, url: "https://github.com/acme/web/compare/7aa02d1...f3c9a10" },
  failing: [{ job: "unit (3.12)", step: "pytest", error: "assert 1 == 2", failures: 4, runs: 50, passed_later: 1, first_at: "2026-11-01T00:00:00Z", last_at: "2026-11-20T00:00:00Z", last_build_id: 12 }],
  outages: [
    { branch: "main", failed_at: "2026-11-20T09:00:00Z", recovered_at: null, seconds: null, failed_build_id: 9, recovered_build_id: null, commit: "f3c9a10", actor: "mira" },
    { branch: "main", failed_at: "2026-11-19T09:00:00Z", recovered_at: "2026-11-19T09:35:00Z", seconds: 2100, failed_build_id: 5, recovered_build_id: 6, commit: "abc", actor: "jon" },
  ],
  flaky: [{ commit: "ddd", branch: "main", failed_at: "2026-11-18T00:00:00Z", failed_build_id: 3, passed_build_id: 4, failing_step: "e2e", error: null }],
  branches: [{ branch: "topic", status: "failure", builds: 3, success: 1, failure: 2, success_rate: 33.33, last_build_id: 2, last_build_at: "2026-11-20T00:00:00Z" }],
});

describe("a pipeline's page", () => {
  it("says first how it stands, since when, and what lies between the last green and the first red", async () => {
    serve({ "/pipelines/7": BROKEN, ...BUILDS });
    show(<PipelinePage id="7" />);
    await screen.findByRole("heading", { level: 1, name: "ci" });
    const head = screen.getByRole("region", { name: "Pipeline" });
    expect(head).toHaveTextContent(/broken since .*4 failures in a row.*first bad commit f3c9a10 by mira.*last green 7aa02d1/);
    expect(within(head).getByRole("link", { name: /compare on GitHub/ })).toHaveAttribute("href", "https://github.com/acme/web/compare/7aa02d1...f3c9a10");
  });

  it("names the job that fails most with its words, and links each flaky failure to what passed", async () => {
    serve({ "/pipelines/7": BROKEN, ...BUILDS });
    show(<PipelinePage id="7" />);
    expect(await screen.findByRole("region", { name: "What fails" })).toHaveTextContent(/4unit \(3\.12\) · pytestassert 1 == 24 failures of 50 runs · 1 passed/);
    const flaky = screen.getByRole("region", { name: "Flaky builds" });
    expect(within(flaky).getByRole("link", { name: "passed" })).toHaveAttribute("href", "/ui/build/4");
  });

  it("shows an open outage by its age and a closed one by its length", async () => {
    serve({ "/pipelines/7": BROKEN, ...BUILDS });
    show(<PipelinePage id="7" />);
    const [open, closed] = within(await screen.findByRole("region", { name: "Outages and recoveries" })).getAllByRole("listitem");
    expect(open).toHaveTextContent(/^open/);
    expect(closed).toHaveTextContent(/^recovered.*35 min/);
  });

  it("asks for the branch that one chooses, and lists by the pipeline's id so that namesakes do not mix", async () => {
    const { asked } = serve({ "/pipelines/7": BROKEN, ...BUILDS });
    show(<PipelinePage id="7" />);
    await userEvent.click(await screen.findByRole("button", { name: "topic" }));
    expect(window.location.search).toBe("?branch=topic");
    await waitFor(() => expect(asked.some((url) => url.pathname === "/pipelines/7" && url.searchParams.get("branch") === "topic")).toBe(true));
    const lists = asked.filter((url) => url.pathname === "/builds");
    expect(new Set(lists.map((url) => url.searchParams.get("pipeline_id")))).toEqual(new Set(["7"]));
    expect(lists.every((url) => !url.searchParams.has("pipeline"))).toBe(true);
  });

  it("lists its own alerts, and nothing where there are none", async () => {
    const counts = { pending: 0, firing: 1, acknowledged: 0, silenced: 0, resolved: 0 };
    const alert = { id: 1, state: "firing", text: "It failed 4 times in a row.", branch: "main", rule: "broken", since: "2026-11-20T09:00:00Z", resolved_at: null };
    const { asked } = serve({ "/pipelines/7": BROKEN, "/alerts": { alerts: [alert], next: null, counts }, ...BUILDS });
    show(<PipelinePage id="7" />);
    expect(await screen.findByRole("region", { name: "Alerts" })).toHaveTextContent("firingIt failed 4 times in a row. main");
    expect(asked.find((url) => url.pathname === "/alerts")?.searchParams.get("pipeline_id")).toBe("7");
  });

  it("switches the chart between durations, success rate and queue time", async () => {
    const points = [{ at: "2026-11-19T09:00:00Z", success: 1, failure: 0, success_rate: 100, p50: 60, p90: 60, p95: 60, queue_p50: null, queue_p95: null }];
    serve({ "/pipelines/7": aPage({ id: 7, over_time: { ...BROKEN.over_time, points } }), ...BUILDS });
    show(<PipelinePage id="7" />);
    expect(await screen.findByRole("img", { name: /^Durations of acme\/web ci/ })).toBeVisible();
    await userEvent.click(screen.getByRole("radio", { name: "Success rate" }));
    expect(await screen.findByRole("img", { name: /^Success rate of/ })).toBeVisible();
    await userEvent.click(screen.getByRole("radio", { name: "Queue time" }));
    expect(screen.getByText(/No build with such a figure/)).toBeVisible();
  });

  it("tells what switched a pipeline off, on focus why, and puts no word of ours into the provider's mouth", async () => {
    serve({ "/pipelines/7": aPage({ id: 7, provider: "jenkins", state: "unwatched" }), ...BUILDS });
    show(<PipelinePage id="7" />);
    await screen.findByRole("heading", { level: 1, name: "ci" });
    const head = screen.getByRole("region", { name: "Pipeline" });
    expect(head).not.toHaveTextContent("Jenkins says");
    within(head).getByRole("button", { name: "not watched" }).focus();
    expect((await screen.findAllByText(/^Not watched any more: the config does not name it now/)).length).toBeGreaterThan(0);
  });

  it("counts the age of what is broken as it passes", async () => {
    serve({ "/pipelines/7": { ...BROKEN, since: new Date(Date.now() - 31_000).toISOString() }, ...BUILDS });
    show(<PipelinePage id="7" />);
    await screen.findByRole("heading", { level: 1, name: "ci" });
    expect(screen.getByRole("region", { name: "Pipeline" })).toHaveTextContent(/broken since \S+ \(3\d s\)/);
  });

  it("says that a pipeline is not known, and what to do where its branch has no build", async () => {
    serve({});
    const { unmount } = show(<PipelinePage id="999" />);
    expect(await screen.findByText(/Pipeline 999 is not known here/)).toBeVisible();
    unmount();
    serve({ "/pipelines/7": aPage({ id: 7, status: null, outlook: "unknown", since: null, streak: 0 }), ...BUILDS });
    show(<PipelinePage id="7" />);
    await userEvent.click(await screen.findByRole("button", { name: "Look on all branches" }));
    expect(window.location.search).toBe("?branch=*");
  });
});

it("keeps its view in the address, and nothing there that is the default", () => {
  expect(viewToSearch(parseView(""))).toBe("");
  const view = { window: "7d", branch: "topic/x", sort: "-duration_seconds" };
  expect(parseView(viewToSearch(view))).toEqual(view);
  expect(parseView("window=abc&sort=<b>")).toEqual(parseView(""));
});
