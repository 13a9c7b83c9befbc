import type { Source } from "../api/types";
import { count, plural } from "../lib/format";

/** What a reader of that provider counts, up to its target: GitHub's the runs of a repo, Jenkins' the jobs of all. */
const COUNTED: Record<string, string> = { github: " runs of", jenkins: " jobs, at" };

interface ProgressProps {
  provider: string;
  progress: NonNullable<Source["progress"]>;
}

/** How far a reading of history has come: "500 of 536 runs of acme/web, 2,087 builds so far". */
export function Progress({ provider, progress: { target, done, total, builds } }: ProgressProps) {
  return (
    <>
      {count(done)}
      {total !== null && ` of ${count(total)}`}
      {COUNTED[provider] ?? ", at"} <bdi>{target}</bdi>, {plural(builds, "build")} so far
    </>
  );
}
