/** Runs at once, then at most once an interval; a call in between is made up for at its end. */
export function throttled(run: () => void, intervalMilliseconds: number): { call: () => void; cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const fire = (): void => {
    again = false;
    run();
    timer = setTimeout(() => {
      timer = undefined;
      if (again) fire();
    }, intervalMilliseconds);
  };
  return {
    call: () => {
      if (timer === undefined) fire();
      else again = true;
    },
    cancel: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
