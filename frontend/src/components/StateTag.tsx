import type { Pipeline } from "../api/types";
import { switchedOff } from "../lib/switchedOff";
import { Rule } from "./Rule";

/** Says of a pipeline that runs or is read no more that it is so, and on hover or focus why; nothing of any other. */
export function StateTag({ pipeline }: { pipeline: Pick<Pipeline, "provider" | "state"> }) {
  const off = switchedOff(pipeline);
  return (
    off !== null && (
      <Rule label={off.word} tag>
        {off.meaning}
      </Rule>
    )
  );
}
