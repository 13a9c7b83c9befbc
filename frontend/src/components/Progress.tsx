import type { Source } from "../api/types";
import { count, plural } from "../lib/format";

/** What a reader of that provider counts of its target; "" where nobody said. */
const COUNTED: Record<string, string> = { github: " runs", jenkins: " jobs" };

interface ProgressProps {
  provider: string;
  progress: NonNullable<Source["progress"]>;
}

/** How far a reading of history has come: "acme/web, 500 of 536 runs, 2,087 builds so far". */
export function Progress({ provider, progress: { target, done, total, builds } }: ProgressProps) {
  return (
    <>
      {count(done)}
      {total !== null && ` of ${count(total)}`}
      {COUNTED[provider] ?? ""}, at <bdi>{target}</bdi>, {plural(builds, "build")} so far
    </>
  );
}
