import { describe, expect, it } from "vitest";

import { aBuild } from "../test/builders";
import { advance, parseFrame, type Frame } from "./protocol";

const told = (seq: number): Frame => ({ event: "build_ingested", seq, builds: [aBuild({ id: seq })] });

describe("frames", () => {
  it.each([["not json"], ["null"], ["[]"], ['{"event":"party","seq":1}'], ['{"event":"tick"}'], ['{"event":"hello","seq":1.5}'], ['{"event":"build_ingested","seq":3}'], [7]])("that are broken or unknown are ignored: %s", (text) => {
    expect(parseFrame(text)).toBeNull();
  });

  it("that are known are read", () => {
    expect(parseFrame('{"event":"tick","seq":9,"more":true}')).toMatchObject({ event: "tick", seq: 9 });
  });
});

describe("the position in the feed", () => {
  it("starts at the first hello, and rows read before it are asked for again", () => {
    expect(advance(null, { event: "hello", seq: 5 }, false)).toEqual([5, { kind: "refetch-rows" }]);
  });

  it("goes on after a resumed connection without asking for anything", () => {
    expect(advance(5, { event: "hello", seq: 5 }, true)).toEqual([5, { kind: "nothing" }]);
    expect(advance(5, told(6), true)).toEqual([6, { kind: "builds", builds: [aBuild({ id: 6 })] }]);
  });

  it("ignores what it has seen", () => {
    expect(advance(6, told(6), true)).toEqual([6, { kind: "nothing" }]);
    expect(advance(6, told(4), true)).toEqual([6, { kind: "nothing" }]);
  });

  it("jumps with a reset, which makes everything be asked for again", () => {
    expect(advance(6, { event: "reset", seq: 4000 }, true)).toEqual([4000, { kind: "refetch-all" }]);
    expect(advance(6, { event: "reset", seq: 2 }, true)).toEqual([2, { kind: "refetch-all" }]);
  });

  it("takes a hello behind it for a new database", () => {
    expect(advance(6, { event: "hello", seq: 1 }, true)).toEqual([1, { kind: "refetch-all" }]);
  });

  it("does not move with a tick, for changes below the head may still be on their way", () => {
    const [position] = advance(6, { event: "tick", seq: 9 }, true);
    expect(advance(position, told(8), true)[1].kind).toBe("builds");
  });
});
