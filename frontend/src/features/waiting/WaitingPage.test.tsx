import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { aWaiting } from "../../test/builders";
import { refusal, serve, show } from "../../test/render";
import { WaitingPage } from "./WaitingPage";

const LABEL = { provider: "github", labels: ["self-hosted", "gpu"], waiting: 1, running: 2, longest_seconds: 2400, p50_seconds: 30, p95_seconds: 400, samples: 12 };
const waiting = (...items: ReturnType<typeof aWaiting>[]) => ({ "/waiting": { items, total: items.length, labels: [LABEL], as_of: new Date().toISOString() } });

describe("what waits", () => {
  it("tells how long, for which label, and where", async () => {
    serve(waiting(aWaiting()));
    show(<WaitingPage />);
    const row = (await screen.findByText("gpu-tests")).closest("tr") as HTMLElement;
    expect(row).toHaveTextContent(/^(?:39 m 59|40 m 0\d) sself-hostedgpuacme\/web cigpu-tests job/);
    expect(screen.getByRole("region", { name: "What waits longest" })).toHaveTextContent(/1 waiting.*(?:39|40) m/);
    expect(screen.getByRole("region", { name: "By runner label" })).toHaveTextContent("p50 30 s · p95 6 m 40 s · of 12");
  });

  it("tells the provider's own words and the merge queue's target", async () => {
    serve(waiting(aWaiting({ kind: "queue", build_id: null, job: null, why: "Waiting for next available executor", labels: [] }), aWaiting({ kind: "build", job: null, merge_queue: "main", branch: "gh-readonly-queue/main/pr-1-a" })));
    show(<WaitingPage />);
    expect(await screen.findByText("Waiting for next available executor")).toBeVisible();
    expect(screen.getByText(/merge queue into/)).toHaveTextContent("merge queue into main");
  });

  it("says so when nothing waits, and what went wrong when it cannot be read", async () => {
    serve(waiting());
    const { unmount } = show(<WaitingPage />);
    expect(await screen.findByText(/Nothing waits now/)).toBeVisible();
    unmount();
    serve({ "/waiting": refusal(500, "The database is locked.") });
    show(<WaitingPage />);
    expect(await screen.findByRole("alert")).toHaveTextContent("The database is locked.");
  });
});
