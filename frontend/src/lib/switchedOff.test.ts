import { describe, expect, it } from "vitest";

import { switchedOff } from "./switchedOff";

describe("a pipeline's state", () => {
  it.each(["active", null])("is not worth a word while it is %s", (state) => {
    expect(switchedOff({ provider: "github", state })).toBeNull();
  });

  it.each([
    ["disabled_manually", "disabled", /^Somebody disabled it on GitHub/],
    ["disabled_inactivity", "disabled", /^GitHub disabled it/],
    ["disabled_fork", "disabled", /fork/],
    ["deleted", "deleted", /^GitHub lists it no more/],
    ["unwatched", "not watched", /^Not watched any more/],
  ])("is told in words when it is %s", (state, word, meaning) => {
    expect(switchedOff({ provider: "github", state })).toEqual({ word, meaning: expect.stringMatching(meaning) });
  });

  it("is the provider's own where it is not known here", () => {
    expect(switchedOff({ provider: "jenkins", state: "on_hold" })).toEqual({ word: "on hold", meaning: "Jenkins says: on_hold." });
  });
});
