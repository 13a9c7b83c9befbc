import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { aListed } from "../../test/builders";
import { serve, show } from "../../test/render";
import { WallPage } from "./WallPage";

const META = { version: "1", demo: false, sources_configured: true, public_url: null, groups: ["web-team"] };
const BROKEN = aListed({ id: 1, repo: "acme/checkout", pipeline: "build", status: "failure", outlook: "failing", groups: ["web-team"], first_bad: { build_id: 3, commit: "abc", actor: "mira", started_at: null } });
const WELL = aListed({ id: 2, repo: "acme/api" });

describe("the wall", () => {
  it("shows each group with its worst, why, and since when", async () => {
    serve({ "/api/meta": META, "/pipelines": { pipelines: [WELL, BROKEN] } });
    show(<WallPage />);
    const tiles = await screen.findAllByRole("listitem");
    expect(tiles.map((tile) => within(tile).getByRole("heading").textContent)).toEqual(["web-team", "acme/api"]);
    expect(tiles[0]).toHaveTextContent(/broken.*build · .* · mira/);
    expect(screen.getByRole("banner")).toHaveTextContent("1 broken");
    expect(within(tiles[0] as HTMLElement).getByRole("link")).toHaveAttribute("href", "/?group=web-team");
  });

  it("hides the healthy on request, in the address, so that a link shows the same", async () => {
    serve({ "/api/meta": META, "/pipelines": { pipelines: [WELL, BROKEN] } });
    show(<WallPage />);
    await userEvent.click(await screen.findByRole("button", { name: "Hide the healthy" }));
    expect(window.location.search).toBe("?healthy=hide");
    expect(screen.getAllByRole("listitem")).toHaveLength(1);
    await userEvent.keyboard("h");
    expect(screen.getAllByRole("listitem")).toHaveLength(2);
  });

  it("says so when nothing is broken", async () => {
    window.history.replaceState(null, "", "/ui/wall?healthy=hide");
    serve({ "/api/meta": META, "/pipelines": { pipelines: [WELL] } });
    show(<WallPage />);
    expect(await screen.findByText("nothing broken")).toBeVisible();
    expect(screen.getByText(/All 1 are healthy/)).toBeVisible();
  });

  it("says in grey which source is not read, and for how long", async () => {
    const read_at = new Date(Date.now() - 12.5 * 60_000).toISOString();
    const unread = aListed({ id: 3, repo: "acme/ios", pipeline: "deploy", outlook: "unread", unread: { source: "build-server", read_at } });
    const never = aListed({ id: 4, repo: "acme/web", pipeline: "ci", outlook: "unread", unread: { source: "acme", read_at: null } });
    serve({ "/api/meta": META, "/pipelines": { pipelines: [unread, never] } });
    show(<WallPage />);
    const [first, second] = await screen.findAllByRole("listitem");
    expect(first).toHaveTextContent(/^not readacme\/iosdeploy · not read for 12 min \(build-server\)$/);
    expect(first).toHaveClass("idle");
    expect(second).toHaveTextContent("ci · never read whole (acme)");
    expect(screen.getByRole("banner")).toHaveTextContent("nothing broken2 not read");
  });
});
