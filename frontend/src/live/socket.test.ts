import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { aBuild } from "../test/builders";
import { backoff, LiveSocket, type Connection } from "./socket";
import { throttled } from "./throttle";

class FakeSocket {
  static opened: FakeSocket[] = [];
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;
  readonly readyState = 1;
  constructor(readonly url: string) {
    FakeSocket.opened.push(this);
  }
  close(): void {
    this.closed = true;
  }
  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

const last = (): FakeSocket => {
  const socket = FakeSocket.opened.at(-1);
  if (socket === undefined) throw new Error("no socket was opened");
  return socket;
};

function line() {
  const seen = { connections: [] as Connection[], ids: [] as number[], refetches: [] as string[] };
  const socket = new LiveSocket(
    "ws://here/ws",
    {
      onConnection: (connection) => seen.connections.at(-1) !== connection && seen.connections.push(connection),
      onBuilds: (builds) => seen.ids.push(...builds.map((build) => build.id)),
      onRefetch: (what) => seen.refetches.push(what),
      onHeard: () => undefined,
    },
    (url) => new FakeSocket(url) as unknown as WebSocket,
  );
  return { socket, seen };
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.opened = [];
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a lost connection", () => {
  it("is tried again and goes on where it ended", () => {
    const { socket, seen } = line();
    socket.start();
    last().say({ event: "hello", seq: 4 });
    last().say({ event: "build_ingested", seq: 5, builds: [aBuild({ id: 50 })] });
    last().onclose?.();
    expect(seen.connections).toEqual(["live", "reconnecting"]);
    vi.advanceTimersByTime(1000);
    expect(last().url).toBe("ws://here/ws?since=5");
    last().say({ event: "hello", seq: 5 });
    last().say({ event: "build_ingested", seq: 5, builds: [aBuild({ id: 50 })] });
    last().say({ event: "build_ingested", seq: 6, builds: [aBuild({ id: 60 })] });
    expect(seen.ids).toEqual([50, 60]);
    expect(seen.refetches).toEqual(["rows"]);
    socket.stop();
  });

  it("is offline after some tries, and live again when it comes back", () => {
    const { socket, seen } = line();
    socket.start();
    for (let tries = 0; tries < 5; tries += 1) {
      last().onclose?.();
      vi.advanceTimersByTime(30_000);
    }
    expect(seen.connections.at(-1)).toBe("offline");
    last().say({ event: "hello", seq: 1 });
    expect(seen.connections.at(-1)).toBe("live");
    socket.stop();
  });

  it("is noticed when the server falls silent", () => {
    const { socket, seen } = line();
    socket.start();
    last().say({ event: "hello", seq: 1 });
    const silent = last();
    vi.advanceTimersByTime(60_001);
    expect(silent.closed).toBe(true);
    expect(seen.connections.at(-1)).toBe("reconnecting");
    socket.stop();
  });
});

describe("filters", () => {
  it("open another connection that resumes, and the old one is heard no more", () => {
    const { socket, seen } = line();
    socket.start();
    const before = last();
    before.say({ event: "hello", seq: 7 });
    socket.filterBy("branch=%40default");
    expect(last().url).toBe("ws://here/ws?branch=%40default&since=7");
    before.say({ event: "build_ingested", seq: 8, builds: [aBuild({ id: 80 })] });
    expect(before.closed).toBe(true);
    expect(seen.ids).toEqual([]);
    socket.stop();
  });

  it("that are the same change nothing", () => {
    const { socket } = line();
    socket.start();
    socket.filterBy("");
    expect(FakeSocket.opened).toHaveLength(1);
    socket.stop();
  });
});

it("a stopped line opens no more sockets", () => {
  const { socket } = line();
  socket.start();
  last().onclose?.();
  socket.stop();
  vi.advanceTimersByTime(120_000);
  expect(FakeSocket.opened).toHaveLength(1);
});

it("waits double as long each time, spread, and at most half a minute", () => {
  expect(backoff(0, () => 0)).toBe(250);
  expect(backoff(0, () => 1)).toBe(500);
  expect(backoff(3, () => 1)).toBe(4000);
  expect(backoff(40, () => 1)).toBe(30_000);
});

it("asks at once, then once an interval however many changes come", () => {
  const run = vi.fn();
  const { call, cancel } = throttled(run, 2000);
  for (let times = 0; times < 10; times += 1) call();
  expect(run).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(2000);
  expect(run).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(10_000);
  expect(run).toHaveBeenCalledTimes(2);
  call();
  expect(run).toHaveBeenCalledTimes(3);
  cancel();
});
