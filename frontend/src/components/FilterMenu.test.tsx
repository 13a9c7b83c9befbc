import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import type { FilterValues } from "../api/types";
import { serve, show } from "../test/render";
import { FilterMenu } from "./FilterMenu";

const NONE: FilterValues = { repos: [], pipelines: [], branches: [], providers: [], sources: [], groups: [], statuses: [], cut: [] };
const BRANCHES = ["main", "release/2", "a1", "a2", "a3", "a4", "a5", "a6", "a7"];
const PRESETS = [{ label: "Default branches", chosen: ["@default"] }, { label: "All branches", chosen: [] }];

function open(part: Partial<Parameters<typeof FilterMenu>[0]> = {}) {
  const onChange = vi.fn();
  show(<FilterMenu name="branches" all="All branches" chosen={["@default"]} choices={BRANCHES.map((value) => ({ value, label: value }))} presets={PRESETS} onChange={onChange} {...part} />);
  return { onChange, press: () => userEvent.click(screen.getByRole("button", { name: /^branches/ })) };
}

const offered = (): string[] => screen.getAllByRole("checkbox").map((box) => (box as HTMLInputElement).labels?.[0]?.textContent ?? "");

describe("the branch menu", () => {
  it("offers the default branches first, then the server's order", async () => {
    await open().press();
    expect((await screen.findAllByRole("radio")).map((radio) => (radio as HTMLInputElement).labels?.[0]?.textContent)).toEqual(["Default branches", "All branches"]);
    expect(offered()).toEqual(BRANCHES);
  });

  it("asks nobody while it knows all", async () => {
    const { asked } = serve({ "/filters": NONE });
    await open().press();
    await userEvent.type(await screen.findByRole("searchbox"), "zz");
    expect(await screen.findByText("No branches with “zz”.")).toBeVisible();
    expect(asked).toEqual([]);
  });

  it("says that more exist, and asks the server for those that the cut list leaves out", async () => {
    const { asked } = serve({ "/filters": { ...NONE, branches: ["fix/zz-1", "a1"], cut: ["pipelines"] } });
    const { onChange, press } = open({ cut: "branches" });
    await press();
    expect(await screen.findByText("There are more than these 9 branches: type to find the others.")).toBeVisible();
    await userEvent.type(screen.getByRole("searchbox", { name: "Find branches" }), "ZZ");
    await userEvent.click(await screen.findByRole("checkbox", { name: "fix/zz-1" }));
    expect(onChange).toHaveBeenCalledWith(["fix/zz-1"]);
    expect(offered()).toEqual(["fix/zz-1", "a1"]);
    expect(asked.map((url) => url.search)).toEqual(["?q=zz"]);
  });

  it("says so while it looks, when nothing is found, and when even the found are cut", async () => {
    serve({ "/filters": NONE });
    await open({ cut: "branches" }).press();
    await userEvent.type(await screen.findByRole("searchbox"), "nobody");
    expect(screen.getByText("Looking for more branches …")).toBeVisible();
    expect(await screen.findByText("No branches with “nobody”.")).toBeVisible();
    serve({ "/filters": { ...NONE, branches: ["x-1"], cut: ["branches"] } });
    await userEvent.clear(screen.getByRole("searchbox"));
    await userEvent.type(screen.getByRole("searchbox"), "x");
    await waitFor(() => expect(screen.getByText(/There are more than these 1 branches/)).toBeVisible());
  });
});
