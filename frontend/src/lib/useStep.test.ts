import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("takes one step a task, and none once all are done", async () => {
  const { useStep } = await import("./useStep");
  const steps = () => ([1, 2, 3] as const).map((step) => useStep(step));
  const { result } = renderHook(steps);
  const seen = [result.current];
  for (let task = 0; task < 3; task += 1) {
    act(() => void vi.advanceTimersToNextTimer());
    seen.push(result.current);
  }
  expect(seen).toEqual([
    [false, false, false],
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ]);
  expect(vi.getTimerCount()).toBe(0);
  expect(renderHook(steps).result.current).toEqual([true, true, true]);
});
