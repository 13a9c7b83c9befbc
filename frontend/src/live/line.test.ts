import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { keys } from "../api/queries";
import { aBuild } from "../test/builders";
import { openLine } from "./line";

const sockets: FakeSocket[] = [];

class FakeSocket {
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor() {
    sockets.push(this);
  }
  close(): void {
    this.onclose?.();
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  sockets.length = 0;
});

it("asks for figures at once and, as the server's may be 2 s old, once more when no build came for 2 s", () => {
  const client = new QueryClient();
  const asked = vi.spyOn(client, "invalidateQueries");
  const figures = (): number => asked.mock.calls.filter(([filters]) => filters?.queryKey === keys.figures).length;
  const line = openLine(client, () => undefined);
  line.start();
  const say = (frame: object): void => sockets[0]?.onmessage?.({ data: JSON.stringify(frame) });
  say({ event: "hello", seq: 1 });
  expect(figures()).toBe(0);
  say({ event: "build_ingested", seq: 2, builds: [aBuild()] });
  expect(figures()).toBe(1);
  vi.advanceTimersByTime(2100);
  expect(figures()).toBe(2);
  vi.advanceTimersByTime(60_000);
  expect(figures()).toBe(2);
  for (let seq = 3; seq < 103; seq += 1) {
    say({ event: "build_ingested", seq, builds: [aBuild()] });
    vi.advanceTimersByTime(100);
  }
  expect(figures()).toBeLessThanOrEqual(2 + 6);
  line.stop();
  vi.advanceTimersByTime(60_000);
  expect(figures()).toBeLessThanOrEqual(2 + 6);
});
