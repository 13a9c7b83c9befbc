import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import type { Source } from "../../api/types";
import { aSource } from "../../test/builders";
import { serve, show } from "../../test/render";
import { SourcesPage } from "./SourcesPage";

const SOURCE = aSource();
const later = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();

describe("the sources page", () => {
  it("puts what fails first and says why in plain words", async () => {
    const failing: Source = { ...SOURCE, name: "build-server", provider: "jenkins", state: "failing", last_error: "jenkins.acme.com refused the connection" };
    serve({ "/sources": { sources: [SOURCE, failing] } });
    show(<SourcesPage />);
    expect(await screen.findByText("jenkins.acme.com refused the connection")).toBeVisible();
    expect(screen.getAllByRole("heading", { level: 2 }).map((heading) => heading.textContent)).toEqual(["build-server", "acme"]);
  });

  it("shows what is left of a token's budget", async () => {
    serve({ "/sources": { sources: [{ ...SOURCE, budget: { limit: 5000, remaining: 1250, reset_at: null } }] } });
    show(<SourcesPage />);
    expect(await screen.findByText(/1,250 of 5,000 requests left/)).toBeVisible();
    expect(screen.getByRole("meter")).toHaveAttribute("value", "25");
  });

  it("shows an open circuit and when it is tried again", async () => {
    const circuit = { state: "open" as const, failures: 5, opened_at: later(-300) };
    serve({ "/sources": { sources: [{ ...SOURCE, state: "failing", stale: true, last_error: "no answer", advice: "See whether it is up.", circuit, next_poll_at: later(245) }] } });
    show(<SourcesPage />);
    expect(await screen.findByText("no answer")).toBeVisible();
    const card = screen.getByRole("listitem");
    expect(card).toHaveTextContent(/no answer\. See whether it is up\. Its circuit is open after 5 failures in a row: it is left alone until .* \(in 4 min\), then tried once; the first success closes it\./);
    expect(card).toHaveTextContent(/failing ?stale/);
    expect(card).not.toHaveTextContent("Next read");
  });

  it("shows what polling costs, the next read, and how far its clock is off", async () => {
    serve({ "/sources": { sources: [{ ...SOURCE, requests_per_hour: { now: 1260, worst: 5400 }, next_poll_at: later(42), clock_offset_seconds: -95.4 }] } });
    show(<SourcesPage />);
    expect(await screen.findByText("1,260 an hour")).toHaveTextContent("1,260 an hour 5,400 at worst");
    expect(screen.getByText(/in 4\d s/)).toBeVisible();
    expect(screen.getByText(/1 m 35 s behind ours: ages and queue times are wrong/)).toBeVisible();
  });

  it.each([[3, "now"], [-10, "now"], [-95, "1 min late"]])("says when a read is due, or how late it is: in %d s", async (seconds, text) => {
    serve({ "/sources": { sources: [{ ...SOURCE, next_poll_at: later(seconds) }] } });
    show(<SourcesPage />);
    expect((await screen.findByText("Next read")).nextElementSibling).toHaveTextContent(text);
  });

  it("leaves out what the provider does not tell, and calls a clock right that is off by the way alone", async () => {
    serve({ "/sources": { sources: [{ ...SOURCE, clock_offset_seconds: 0.8 }] } });
    show(<SourcesPage />);
    expect(await screen.findByText("agrees with ours")).toBeVisible();
    expect(screen.getAllByRole("term").map((term) => term.textContent)).toEqual(["Freshness", "Read every", "Its clock"]);
  });

  it("shows a stale source grey", async () => {
    serve({ "/sources": { sources: [{ ...SOURCE, state: "stale", stale: true, last_success_at: later(-600) }] } });
    show(<SourcesPage />);
    expect((await screen.findByText("stale")).closest(".pill")).toHaveClass("idle");
    expect(screen.getByRole("listitem")).toHaveTextContent(/read (9|10) min ago: older than 3 intervals/);
  });

  it("tells how to add the first one", async () => {
    serve({ "/sources": { sources: [] } });
    show(<SourcesPage />);
    expect(await screen.findByText("No sources yet")).toBeVisible();
  });
});
