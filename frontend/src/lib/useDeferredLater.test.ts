import { renderHook } from "@testing-library/react";
import { expect, it } from "vitest";

import { useDeferredLater } from "./useDeferredLater";

it("draws the first value at once, and puts off only later ones", () => {
  const drawn: (string | undefined)[] = [];
  const { rerender } = renderHook(({ value }: { value: string | undefined }) => drawn.push(useDeferredLater(value)), { initialProps: { value: undefined as string | undefined } });
  expect(drawn.splice(0)).toEqual([undefined]);
  rerender({ value: "first" });
  expect(new Set(drawn.splice(0))).toEqual(new Set(["first"]));
  rerender({ value: "second" });
  expect(drawn).toEqual(["first", "second"]);
});
