import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { aPipeline, aSummary } from "../../test/builders";
import { refusal, serve, show } from "../../test/render";
import { OverviewPage } from "./OverviewPage";

vi.mock("../../components/chart/LinesChart", () => ({ default: ({ label }: { label: string }) => <div role="img" aria-label={label} /> }));

const NO_SERIES = { metric: "duration_seconds", bucket_seconds: 60, since: "2026-11-13T10:00:00Z", until: "2026-11-20T10:00:00Z", total_builds: 0, total_pipelines: 0, series: [] };
const FILTERS = { repos: ["acme/api", "acme/web"], pipelines: [], branches: ["main"], providers: ["github"], sources: [], groups: [], statuses: [], cut: [] };
const META = { version: "1", demo: false, sources_configured: true, public_url: null };
const WELL = { "/metrics/summary": aSummary(), "/series": NO_SERIES, "/builds": { builds: [], next: null }, "/filters": FILTERS, "/api/meta": META };
const EMPTY = aSummary({ success_rate: null, pipelines: [], counts: { success: 0, failure: 0, cancelled: 0, skipped: 0, queued: 0, in_progress: 0 } });

const BROKEN = aPipeline({
  repo: "acme/checkout",
  pipeline: "build-and-test",
  status: "failure",
  streak: 4,
  first_bad: { build_id: 9, commit: "f3c9a10f3c9a10f3c9a10", actor: "mira", started_at: null },
});

beforeEach(() => {
  document.body.innerHTML = "";
});

describe("the overview", () => {
  it("opens with the default branches and says so", async () => {
    const { asked } = serve(WELL);
    show(<OverviewPage />);
    expect(await screen.findByRole("button", { name: "branches: Default branches" })).toBeVisible();
    await waitFor(() => expect(asked.find((url) => url.pathname === "/metrics/summary")?.searchParams.getAll("branch")).toEqual(["@default"]));
  });

  it("tells first what is broken, since when and by whom", async () => {
    serve({ ...WELL, "/metrics/summary": aSummary({ pipelines: [BROKEN] }) });
    show(<OverviewPage />);
    const line = await screen.findByRole("region", { name: "What is broken" });
    expect(line).toHaveTextContent(/1 broken.*acme\/checkout build-and-test since .*first bad commit f3c9a10 by mira/);
  });

  it("says so when nothing is", async () => {
    serve(WELL);
    show(<OverviewPage />);
    expect(await screen.findByRole("region", { name: "What is broken" })).toHaveTextContent("nothing broken");
  });

  it("tells the age of what just broke, to the second", async () => {
    const since = new Date(Date.now() - 31_000).toISOString();
    serve({ ...WELL, "/metrics/summary": aSummary({ pipelines: [{ ...BROKEN, since }] }) });
    show(<OverviewPage />);
    expect(await screen.findByRole("region", { name: "What is broken" })).toHaveTextContent(/since \S+ \(3\d s\)/);
  });

  it("takes no green for granted while a source is not read", async () => {
    const read_at = new Date(Date.now() - 12.5 * 60_000).toISOString();
    const unread = { source: "acme", read_at };
    const well = aPipeline({ unread, outlook: "unread", status: "success" });
    serve({ ...WELL, "/metrics/summary": aSummary({ pipelines: [well, aPipeline({ id: 2, pipeline: "deploy" })] }) });
    show(<OverviewPage />);
    const line = await screen.findByRole("region", { name: "What is broken" });
    expect(line).toHaveTextContent("nothing known to be broken");
    expect(within(line).getByRole("link", { name: "1 pipeline is not read just now →" })).toHaveAttribute("href", "/ui/sources");
    const [first] = await screen.findAllByRole("listitem").then((items) => items.filter((item) => item.closest(".pipes") !== null));
    expect(first).toHaveTextContent("not readacme/web ci for 12 min (acme) · was success");
    expect(within(first as HTMLElement).getByText("not read").closest(".pill")).toHaveClass("idle");
  });

  it("keeps red what was red when it was last read, and says how old that is", async () => {
    const unread = { source: "acme", read_at: null };
    serve({ ...WELL, "/metrics/summary": aSummary({ pipelines: [{ ...BROKEN, outlook: "failing", unread }] }) });
    show(<OverviewPage />);
    expect(await screen.findByText("1 broken")).toBeVisible();
    expect((await screen.findByText("broken")).closest("li")).toHaveTextContent("not read never whole (acme) · since");
  });

  it("shows a pipeline that silently stopped as stale", async () => {
    serve({ ...WELL, "/metrics/summary": aSummary({ pipelines: [aPipeline({ outlook: "stale", silent_seconds: 4 * 86_400 })] }) });
    show(<OverviewPage />);
    expect(await screen.findByText("has not run for 4 d")).toBeVisible();
    expect(screen.getByText("stale").closest(".pill")).toHaveClass("idle");
  });

  it("tags a pipeline that is switched off, and tells on focus what that means", async () => {
    serve({ ...WELL, "/metrics/summary": aSummary({ pipelines: [aPipeline({ state: "disabled_inactivity" }), aPipeline({ id: 2, pipeline: "deploy" })] }) });
    show(<OverviewPage />);
    const tag = await screen.findByRole("button", { name: "disabled" });
    expect(tag.closest("li")).toHaveTextContent("acme/web ci");
    tag.focus();
    expect((await screen.findAllByText(/^GitHub disabled it, as nothing had happened/)).length).toBeGreaterThan(0);
  });

  it("says how many alerts fire, also when nothing is broken", async () => {
    const counts = { pending: 0, firing: 2, acknowledged: 1, silenced: 0, resolved: 5 };
    serve({ ...WELL, "/alerts": { alerts: [], next: null, counts } });
    show(<OverviewPage />);
    expect(await screen.findByRole("link", { name: "2 alerts firing →" })).toHaveAttribute("href", "/ui/alerts?state=firing");
  });

  it("keeps its other parts when one cannot be loaded, and tries that one again", async () => {
    serve({ ...WELL, "/series": refusal(500, "The database is locked.") });
    show(<OverviewPage />);
    const panel = await screen.findByRole("region", { name: "Build durations" });
    expect(await within(panel).findByRole("alert")).toHaveTextContent("The database is locked.");
    expect(await screen.findByText("92.3")).toBeVisible();
    serve(WELL);
    await userEvent.click(within(panel).getByRole("button", { name: "Try again" }));
    expect(await within(panel).findByText(/No build with a duration/)).toBeVisible();
  });

  it("says in words when the server cannot be reached", async () => {
    serve({ ...WELL, "/builds": new TypeError("Failed to fetch") });
    show(<OverviewPage />);
    await waitFor(() => expect(within(screen.getByRole("region", { name: "Latest builds" })).getByRole("alert")).toHaveTextContent("The server cannot be reached."));
  });

  it("shows a newcomer what to write and what to send, with this very host", async () => {
    serve({ ...WELL, "/metrics/summary": EMPTY, "/api/meta": { ...META, sources_configured: false } });
    show(<OverviewPage />);
    expect(await screen.findByLabelText("collectors.yaml", { selector: "pre" })).toHaveTextContent("provider: github");
    expect(screen.getByLabelText("in a shell", { selector: "pre" })).toHaveTextContent(`curl ${window.location.origin}/ingest/github`);
  });

  it("does not take filters that match nothing for an empty server", async () => {
    window.history.replaceState(null, "", "/?q=nobody");
    serve({ ...WELL, "/metrics/summary": EMPTY, "/api/meta": { ...META, sources_configured: false } });
    show(<OverviewPage />);
    expect(await screen.findByText(/No build matches these filters/)).toBeVisible();
  });

  it("writes a chosen filter into the address bar and asks by it", async () => {
    const { asked } = serve(WELL);
    show(<OverviewPage />);
    await userEvent.click(await screen.findByRole("radio", { name: "30 d" }));
    expect(window.location.search).toBe("?window=30d");
    await waitFor(() => expect(asked.some((url) => url.pathname === "/builds" && url.searchParams.get("window") === "30d")).toBe(true));
    await userEvent.click(screen.getByRole("button", { name: "repos: All repos" }));
    await userEvent.click(await screen.findByRole("checkbox", { name: "acme/api" }));
    expect(window.location.search).toBe("?window=30d&repo=acme%2Fapi");
  });

  it("says beside a card, and with its rule, that too little came before to compare", async () => {
    serve({ ...WELL, "/metrics/summary": aSummary({ previous: { ...aSummary().previous, conclusive: 3 } }) });
    show(<OverviewPage />);
    expect((await screen.findAllByText("too few before"))[0]).toHaveAttribute("title", expect.stringMatching(/^Too few builds before to compare/));
    screen.getByRole("button", { name: "Success rate" }).focus();
    expect((await screen.findAllByText(/do not count\. Too few builds before to compare: 3 succeeded/)).length).toBeGreaterThan(0);
  });

  it("shows a card's rule on focus", async () => {
    serve(WELL);
    show(<OverviewPage />);
    (await screen.findByRole("button", { name: "Success rate" })).focus();
    expect((await screen.findAllByText(/100 × success ÷/)).length).toBeGreaterThan(0);
  });
});
