import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Series } from "../../api/types";
import { markText, type Plot } from "../../components/chart/plot";
import { serve, show } from "../../test/render";
import { Durations } from "./Durations";

const { drawn } = vi.hoisted(() => ({ drawn: { plot: null as unknown, focus: undefined as number | null | undefined } }));
vi.mock("../../components/chart/LinesChart", () => ({
  default: (props: { plot: unknown; focus: number | null }) => {
    Object.assign(drawn, props);
    return <div role="img" aria-label="drawn" />;
  },
}));

const line = (id: number, pipeline: string): Series["series"][number] => ({
  pipeline_id: id,
  repo: "acme/web",
  pipeline,
  builds: 2,
  points: [{ at: "2026-11-19T10:00:00Z", value: 60, n: 1 }],
  failures: [{ at: `2026-11-20T0${id}:00:00Z`, value: 90, build_id: 40 + id, n: id }],
});
const SERIES: Series = { metric: "duration_seconds", bucket_seconds: 60, since: "2026-11-13T10:00:00Z", until: "2026-11-20T10:00:00Z", total_builds: 4, total_pipelines: 2, series: [line(1, "ci"), line(2, "deploy")] };

beforeEach(() => {
  document.body.innerHTML = "";
  serve({ "/series": SERIES });
});

describe("the durations of several pipelines", () => {
  it("name the pipeline of each failure's mark", async () => {
    show(<Durations query={{}} />);
    await screen.findByRole("img");
    const plot = drawn.plot as Plot;
    expect(plot.marks.map((mark) => [mark.build_id, mark.line, markText(plot, mark)])).toEqual([
      [41, 0, "acme/web ci failed"],
      [42, 1, "the newest of 2 failures of acme/web deploy"],
    ]);
  });

  it("let the pipeline stand out whose name is under the pointer or has the focus", async () => {
    show(<Durations query={{}} />);
    await screen.findByRole("img");
    const name = screen.getByRole("link", { name: "acme/web deploy" });
    expect(drawn.focus).toBeNull();
    await userEvent.hover(name);
    expect(drawn.focus).toBe(1);
    await userEvent.unhover(name);
    expect(drawn.focus).toBeNull();
    await userEvent.tab();
    expect(screen.getByRole("link", { name: "acme/web ci" })).toHaveFocus();
    expect(drawn.focus).toBe(0);
  });

  it("list failures in the table, each with its pipeline and a way to the build", async () => {
    show(<Durations query={{}} />);
    await userEvent.click(await screen.findByRole("button", { name: "Show as table" }));
    const rows = within(screen.getByRole("table")).getAllByRole("row").slice(1);
    expect(rows.map((row) => within(row).getAllByRole("cell")[0]?.textContent)).toEqual(["acme/web ci failed", "acme/web ci", "acme/web deploy failed", "acme/web deploy"]);
    expect(screen.getAllByRole("link", { name: "failed" }).map((link) => link.getAttribute("href"))).toEqual(["/ui/build/41", "/ui/build/42"]);
  });
});

describe("marks of a plot with one line", () => {
  it("need no name", () => {
    const plot: Plot = { since: null, until: null, unit: "seconds", lines: [], marks: [] };
    expect(markText(plot, { at: "", value: 1, build_id: 1, n: 1 })).toBe("failed");
    expect(markText(plot, { at: "", value: 1, build_id: 1, n: 3 })).toBe("the newest of 3 failures");
  });
});
