import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import type { Build, BuildsQuery } from "../../api/types";
import { FeedContext, type Listener } from "../../live/context";
import { aBuild } from "../../test/builders";
import { serve } from "../../test/render";
import { LatestBuilds } from "./LatestBuilds";

const at = (second: number): string => new Date(Date.parse("2026-11-20T10:00:00Z") + second * 1000).toISOString();
const many = (from: number, to: number): Build[] => Array.from({ length: to - from }, (_, index) => aBuild({ id: from + index, started_at: at(from + index) }));
const PAGE = { builds: many(1, 51).toReversed(), next: "older" };

let tell: Listener = () => undefined;
const FEED = {
  filterBy: () => undefined,
  listen: (listener: Listener) => {
    tell = listener;
    return () => undefined;
  },
};

async function shown(sort = "-started_at", query: BuildsQuery = {}): Promise<{ asked: URL[]; rows: () => number }> {
  const { asked } = serve({ "/builds": PAGE });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <FeedContext value={FEED}>
        <LatestBuilds query={query} sort={sort} onSort={() => undefined} matches={() => true} empty="nothing" />
      </FeedContext>
    </QueryClientProvider>,
  );
  const table = await screen.findByRole("table");
  return { asked, rows: () => Number(table.getAttribute("aria-rowcount")) - 1 };
}

beforeEach(() => {
  document.body.innerHTML = "";
});

describe("the latest builds", () => {
  it("take new builds in while the reader is at the top", async () => {
    const { rows } = await shown();
    act(() => tell(many(60, 63)));
    await waitFor(() => expect(rows()).toBe(53));
  });

  it("take in none that started before their window, as history that is being read did", async () => {
    const { rows } = await shown("-started_at", { window: "24h" });
    const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();
    act(() => tell([aBuild({ id: 60, started_at: hoursAgo(25) }), aBuild({ id: 61, started_at: hoursAgo(23) })]));
    await waitFor(() => expect(rows()).toBe(51));
  });

  it("keep them behind a pill while the reader points at a row, and show them on request", async () => {
    const { rows } = await shown();
    screen.getByRole("button", { name: "Load more" }).focus();
    act(() => tell(many(60, 63)));
    expect(rows()).toBe(50);
    await userEvent.click(await screen.findByRole("button", { name: "3 new ↑" }));
    await waitFor(() => expect(rows()).toBe(53));
    expect(screen.queryByRole("button", { name: /new/ })).toBeNull();
  });

  it("never grow without end, however many arrive: they are read anew", async () => {
    const { asked, rows } = await shown();
    act(() => tell(many(100, 420)));
    await waitFor(() => expect(rows()).toBe(50));
    expect(asked).toHaveLength(2);
  });

  it("hold no more than a few hundred back, and read anew to show them", async () => {
    const { asked, rows } = await shown();
    screen.getByRole("button", { name: "Load more" }).focus();
    act(() => tell(many(100, 900)));
    await userEvent.click(await screen.findByRole("button", { name: "300+ new ↑" }));
    await waitFor(() => expect(asked).toHaveLength(2));
    expect(rows()).toBe(50);
  });

  it("cannot know where a new build belongs in another order, so it waits", async () => {
    const { rows } = await shown("duration_seconds");
    act(() => tell(many(60, 61)));
    expect(rows()).toBe(50);
    expect(await screen.findByRole("button", { name: "1 new ↑" })).toBeVisible();
  });
});
