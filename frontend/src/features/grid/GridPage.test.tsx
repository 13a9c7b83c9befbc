import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { aCell, aListed } from "../../test/builders";
import { serve, show } from "../../test/render";
import { GridPage } from "./GridPage";

const FILTERS = { repos: ["acme/api", "acme/web"], pipelines: [], branches: ["main", "topic"], providers: [], sources: [], groups: [], statuses: [] };
const pipeline = (id: number, name: string) => ({ id, pipeline: name, file: null, provider: "github", url: null });
const GRID = {
  repo: "acme/web",
  branches: ["@default"],
  pipelines: [pipeline(1, "ci"), pipeline(2, "e2e")],
  commits: [
    { commit: "bbbbbbbbbbbbbbbb", message: "Break it", actor: "mira", at: "2026-11-20T10:00:00Z", event: "push", cells: { "1": aCell({ build_id: 11, status: "failure", broke: true, failing_step: "unit › pytest" }), "2": aCell({ build_id: 12 }) } },
    { commit: "aaaaaaaaaaaaaaaa", message: "Fine", actor: "jon", at: "2026-11-20T09:00:00Z", event: "push", cells: { "2": aCell({ build_id: 10, flaky: true, builds: 2 }) } },
  ],
  next: null,
};

beforeEach(() => window.history.replaceState(null, "", "/ui/grid?repo=acme/web"));

describe("the grid", () => {
  it("tells which commit broke which pipeline, in words too", async () => {
    serve({ "/grid": GRID, "/filters": FILTERS });
    show(<GridPage />);
    const row = (await screen.findByText("Break it")).closest("tr") as HTMLElement;
    expect(within(row).getByRole("link", { name: /ci: failure · broke here .* unit › pytest/ })).toHaveAttribute("href", "/ui/build/11");
    expect(screen.getByRole("link", { name: /e2e: success · flaky/ })).toBeVisible();
    expect(screen.getAllByText("not built")).toHaveLength(1);
  });

  it("is walked by arrow keys, over what was not built", async () => {
    serve({ "/grid": GRID, "/filters": FILTERS });
    show(<GridPage />);
    (await screen.findByRole("link", { name: /ci: failure/ })).focus();
    await userEvent.keyboard("{ArrowRight}");
    expect(screen.getByRole("link", { name: "e2e: success · 1 m 00 s" })).toHaveFocus();
    await userEvent.keyboard("{ArrowDown}");
    expect(screen.getByRole("link", { name: /flaky/ })).toHaveFocus();
    await userEvent.keyboard("{ArrowLeft}");
    expect(screen.getByRole("link", { name: /flaky/ })).toHaveFocus();
  });

  it("opens with the repo of the worst pipeline, and with another on request", async () => {
    window.history.replaceState(null, "", "/ui/grid");
    const { asked } = serve({ "/grid": GRID, "/filters": FILTERS, "/pipelines": { pipelines: [aListed({ repo: "acme/web", outlook: "failing" }), aListed({ repo: "acme/api" })] } });
    show(<GridPage />);
    await screen.findByText("Break it");
    await userEvent.click(screen.getByRole("button", { name: "repos: acme/web" }));
    await userEvent.click(await screen.findByRole("radio", { name: "acme/api" }));
    expect(window.location.search).toBe("?repo=acme%2Fapi");
    await waitFor(() => expect(asked.filter((url) => url.pathname === "/grid").map((url) => url.searchParams.get("repo"))).toContain("acme/api"));
  });

  it("says so when nothing is kept", async () => {
    serve({ "/grid": { ...GRID, commits: [], pipelines: [] }, "/filters": FILTERS });
    show(<GridPage />);
    expect(await screen.findByText(/No build with a commit is kept/)).toBeVisible();
  });
});
