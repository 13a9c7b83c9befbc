import { describe, expect, it } from "vitest";

import { absolute, ago, axisTime, duration, moment, percent, plainText, plural, pointTime, safeUrl, shortCommit, shortName, span } from "./format";

describe("duration", () => {
  it.each([
    [null, "–"],
    [undefined, "–"],
    [Number.NaN, "–"],
    [0, "0 s"],
    [0.2, "< 1 s"],
    [48, "48 s"],
    [59.6, "1 m 00 s"],
    [246, "4 m 06 s"],
    [3600, "1 h"],
    [8400, "2 h 20 min"],
    [100_000, "1 d 3 h"],
    [-3, "0 s"],
  ])("writes %s as %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it("leaves the seconds of long spans out", () => {
    expect([span(59), span(61), span(3 * 3600), span(12 * 86_400 + 3600)]).toEqual(["59 s", "1 min", "3 h", "12 d"]);
  });
});

describe("percent", () => {
  it("never rounds to all or nothing what is neither", () => {
    expect([percent(99.97), percent(100), percent(0.04), percent(0), percent(92.34), percent(null)]).toEqual(["> 99.9", "100", "< 0.1", "0", "92.3", "–"]);
  });
});

describe("instants", () => {
  const now = new Date(2026, 10, 24, 11, 32).getTime();
  const local = (day: number, hour: number, minute: number, month = 10, year = 2026) => new Date(year, month, day, hour, minute).toISOString();

  it("are told shorter the nearer they are", () => {
    expect(moment(local(24, 9, 12), now)).toBe("09:12");
    expect(moment(local(23, 17, 40), now)).toBe("Mon 17:40");
    expect(moment(local(3, 17, 40), now)).toBe("3 Nov 17:40");
    expect(moment(local(3, 17, 40, 1, 2025), now)).toBe("3 Feb 2025 17:40");
  });

  it("are told as ages, and as what is to come", () => {
    const before = (seconds: number) => ago(new Date(now - seconds * 1000).toISOString(), now);
    expect([before(1), before(12), before(125), before(7300), before(47 * 3600), before(50 * 3600), before(-900)]).toEqual(["just now", "12 s", "2 min", "2 h", "47 h", "2 d", "in 15 min"]);
  });

  it("show UTC beside the local time", () => {
    expect(absolute("2026-11-24T09:16:05.123Z")).toContain("2026-11-24 09:16:05 UTC");
    expect(absolute("no time")).toBe("no time");
  });
});

describe("a chosen zone", () => {
  const at = "2026-11-24T20:16:05.123Z";

  it("holds for moments, for what shows on hover, and for the time axis of charts", () => {
    expect(absolute(at, "Asia/Tokyo")).toBe("Wed 25 Nov 2026, 05:16:05 Asia/Tokyo · 2026-11-24 20:16:05 UTC");
    expect(absolute(at, "UTC")).toBe("2026-11-24 20:16:05 UTC");
    expect(moment(at, Date.parse("2026-11-24T23:00:00Z"), "Asia/Kolkata")).toBe("01:46");
    expect(pointTime(Date.parse(at), "America/New_York")).toBe("Tue 24 Nov 15:16");
    const midnight = Date.parse("2026-11-24T15:00:00Z");
    expect([axisTime(midnight, 3600, "Asia/Tokyo"), axisTime(midnight, 3600, "UTC"), axisTime(midnight, 7 * 86_400, "UTC")]).toEqual(["Wed 25", "15:00", "24 Nov"]);
  });

  it("may change its own offset: summer and winter", () => {
    expect(pointTime(Date.parse("2026-07-01T12:00:00Z"), "Europe/Berlin")).toBe("Wed 1 Jul 14:00");
    expect(pointTime(Date.parse("2026-12-01T12:00:00Z"), "Europe/Berlin")).toBe("Tue 1 Dec 13:00");
  });
});

describe("text from outside", () => {
  it("loses terminal escapes, links and writing direction overrides, and keeps its lines", () => {
    expect(plainText("\u001b[31mred\u001b[0m\r\n\u001b]8;;https://evil\u0007link\u001b]8;;\u0007\u202eabc\u0000")).toBe("red\nlinkabc");
  });

  it("becomes a link only over http", () => {
    expect(safeUrl("https://github.com/a")).toBe("https://github.com/a");
    for (const url of ["javascript:alert(1)", "data:text/html,x", "//evil", "", null, undefined]) expect(safeUrl(url)).toBeNull();
  });

  it("is cut only where it is a commit's hash", () => {
    expect([shortCommit("0123456789abcdef"), shortCommit("v2.41-release-candidate"), shortCommit("abc1234")]).toEqual(["0123456", "v2.41-release-candidate", "abc1234"]);
  });
});

it("counts in words", () => {
  expect([plural(1, "build"), plural(1284, "build"), plural(2, "success", "successes")]).toEqual(["1 build", "1,284 builds", "2 successes"]);
});

describe("a name", () => {
  it("is whole while a list has room for it, and else told by its two ends", () => {
    expect(shortName("a".repeat(80))).toBe("a".repeat(80));
    expect(shortName(`begin${"-".repeat(200)}end`)).toBe(`begin${"-".repeat(35)}…${"-".repeat(36)}end`);
    expect([...shortName("🙂".repeat(90))].length).toBe(80);
  });
});
