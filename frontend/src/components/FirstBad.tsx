import { Link } from "wouter";

import type { Pipeline } from "../api/types";
import { buildPath } from "../lib/base";
import { Commit, Short } from "./Text";

/** "first bad commit f3c9a10 by mira", with a link to its build. */
export function FirstBad({ bad }: { bad: Pick<NonNullable<Pipeline["first_bad"]>, "build_id" | "commit" | "actor"> }) {
  return (
    <>
      first bad {bad.commit === null ? "build" : "commit"} <Link href={buildPath(bad.build_id)}>{bad.commit === null ? "open" : <Commit commit={bad.commit} />}</Link>
      {bad.actor !== null && (
        <>
          {" "}
          by <Short name={bad.actor} />
        </>
      )}
    </>
  );
}
