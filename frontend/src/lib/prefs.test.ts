import { afterEach, describe, expect, it, vi } from "vitest";

import { absolute, moment } from "./format";

const fresh = async () => {
  vi.resetModules();
  return import("./prefs");
};

afterEach(() => {
  delete document.documentElement.dataset["theme"];
  delete document.documentElement.dataset["density"];
});

describe("what a reader chose", () => {
  it("is kept for the next visit and shown at once", async () => {
    const first = await fresh();
    first.setPrefs({ theme: "dark", density: "compact", zone: "Asia/Tokyo", groups: ["web-team"] });
    expect(document.documentElement.dataset).toMatchObject({ theme: "dark", density: "compact" });
    expect((await fresh()).getPrefs()).toEqual({ theme: "dark", density: "compact", zone: "Asia/Tokyo", groups: ["web-team"] });
  });

  it.each(["no json", "null", '"text"', '{"theme":"pink","density":7,"zone":"Mars/Base","groups":[1,"a"]}'])("falls back where it is not understood: %s", async (kept) => {
    localStorage.setItem("prefs", kept);
    const { theme, density, zone } = (await fresh()).getPrefs();
    expect({ theme, density, zone }).toEqual({ theme: "system", density: "comfortable", zone: "" });
  });

  it("can be forgotten", async () => {
    const prefs = await fresh();
    prefs.setPrefs({ theme: "light", groups: ["a"] });
    prefs.resetPrefs();
    expect(prefs.getPrefs()).toEqual({ theme: "system", density: "comfortable", zone: "", groups: [] });
    expect(document.documentElement.dataset["theme"]).toBeUndefined();
  });

  it("goes round the themes", async () => {
    const prefs = await fresh();
    const seen = [0, 1, 2].map(() => {
      prefs.nextTheme();
      return prefs.getPrefs().theme;
    });
    expect(seen).toEqual(["light", "dark", "system"]);
  });
});

describe("times in a chosen zone", () => {
  it("are told in it, with UTC beside", () => {
    expect(absolute("2026-11-24T23:30:05Z", "Asia/Tokyo")).toBe("Wed 25 Nov 2026, 08:30:05 Asia/Tokyo · 2026-11-24 23:30:05 UTC");
    expect(absolute("2026-11-24T23:30:05Z", "UTC")).toBe("2026-11-24 23:30:05 UTC");
  });

  it("know what today is there", () => {
    const now = Date.parse("2026-11-24T16:00:00Z");
    expect(moment("2026-11-24T14:30:00Z", now, "UTC")).toBe("14:30");
    expect(moment("2026-11-24T14:30:00Z", now, "Asia/Tokyo")).toBe("Tue 23:30");
  });
});
