import { useDeferredValue } from "react";

/**
 * React's deferred value, except that the first one is there at once: a deferred draw starts anew with each new value,
 * so on a busy machine the first could be put off for as long as values keep coming.
 */
export function useDeferredLater<Value>(value: Value | undefined): Value | undefined {
  return useDeferredValue(value) ?? value;
}
