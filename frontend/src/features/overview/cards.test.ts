import { describe, expect, it } from "vitest";

import { aSummary } from "../../test/builders";
import { cardsOf, uncounted } from "./cards";

const card = (label: string, summary = aSummary()) => {
  const found = cardsOf(summary).find((each) => each.label === label);
  if (found === undefined) throw new Error(`no card ${label}`);
  return found;
};

describe("metric cards", () => {
  it("call a rate that fell bad and a duration that fell good", () => {
    expect(card("Success rate").change).toEqual({ text: "▼ 1.4 pts", tone: "bad" });
    expect(card("Failure rate").change).toEqual({ text: "▲ 1.4 pts", tone: "bad" });
    expect(card("Average build time").change).toEqual({ text: "▼ 12 s", tone: "ok" });
    expect(card("Queue time").change).toEqual({ text: "▲ 9 s", tone: "bad" });
    expect(card("Recovery").change).toEqual({ text: "▼ 22 m 00 s", tone: "ok" });
  });

  it("show their sample", () => {
    expect(cardsOf(aSummary()).map((each) => each.sample)).toEqual(["of 1,284 finished", "99 failures", "p95 12 m 40 s · of 1,284", "p95 6 m 10 s · of 1,200", "of 23 · 2 open"]);
  });

  it("show nothing rather than 0 or 100 when nothing is conclusive, and no change without a window before", () => {
    const previous = { ...aSummary().previous, success_rate: null };
    expect(card("Success rate", aSummary({ success_rate: null, previous }))).toMatchObject({ value: "–", unit: "", change: null });
    expect(card("Success rate", aSummary({ previous })).change).toBeNull();
  });

  it("do not compare with a window that holds almost nothing", () => {
    const before = (conclusive: number) => ({ ...aSummary().previous, conclusive });
    const few = cardsOf(aSummary({ previous: before(9) }));
    expect(new Set(few.map((each) => each.change?.text))).toEqual(new Set(["too few before"]));
    expect(few[0]?.change?.why).toBe("Too few builds before to compare: 9 succeeded or failed in the window before, and 10 are needed.");
    const enough = cardsOf(aSummary({ previous: before(10) }));
    expect(enough.every((each) => each.change !== null && each.change.why === undefined)).toBe(true);
  });

  it("have nothing to say of a window before that has no such figure", () => {
    const previous = { ...aSummary().previous, conclusive: 0, success_rate: null };
    expect(card("Success rate", aSummary({ previous })).change).toBeNull();
  });

  it("list beside the rates what they leave out", () => {
    expect(uncounted(aSummary())).toBe("31 cancelled · 12 skipped · 1 running");
  });
});
