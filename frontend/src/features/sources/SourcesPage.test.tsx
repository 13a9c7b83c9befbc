import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import type { Source } from "../../api/types";
import { serve, show } from "../../test/render";
import { SourcesPage } from "./SourcesPage";

const SOURCE: Source = { name: "acme", provider: "github", instance: "github.com", state: "ok", last_success_at: new Date().toISOString(), last_error: null, last_error_at: null, waiting_until: null, interval_seconds: 60, budget: null };

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

  it("tells how to add the first one", async () => {
    serve({ "/sources": { sources: [] } });
    show(<SourcesPage />);
    expect(await screen.findByText("No sources yet")).toBeVisible();
  });
});
