import { useMemo, useState } from "react";

import type { PipelinePage } from "../../api/types";
import { Chart, Legend } from "../../components/chart/Chart";
import { isBlank, type Plot } from "../../components/chart/plot";
import { Panel } from "../../components/Panel";
import { plural } from "../../lib/format";

type OverTime = PipelinePage["over_time"];
type Point = OverTime["points"][number];
type NumberOf = { [Key in keyof Point]: Point[Key] extends number | null ? Key : never }[keyof Point];

interface Kind {
  label: string;
  unit: Plot["unit"];
  lines: readonly (readonly [string, NumberOf])[];
  marks: boolean;
}

const KINDS = {
  duration: { label: "Durations", unit: "seconds", lines: [["p50", "p50"], ["p90", "p90"], ["p95", "p95"]], marks: true },
  rate: { label: "Success rate", unit: "percent", lines: [["success rate", "success_rate"]], marks: false },
  queue: { label: "Queue time", unit: "seconds", lines: [["p50", "queue_p50"], ["p95", "queue_p95"]], marks: false },
} as const satisfies Record<string, Kind>;
type KindName = keyof typeof KINDS;

export function plotOf({ since, until, points, failures }: OverTime, kind: Kind): Plot {
  return {
    since,
    until,
    unit: kind.unit,
    lines: kind.lines.map(([label, key]) => ({ label, points: points.map((point) => ({ at: point.at, value: point[key] })) })),
    marks: kind.marks ? failures : [],
  };
}

function Kinds({ chosen, onChange }: { chosen: KindName; onChange: (kind: KindName) => void }) {
  return (
    <fieldset className="seg small">
      <legend className="visually-hidden">What to show over time</legend>
      {(Object.keys(KINDS) as KindName[]).map((kind) => (
        <label key={kind} className={kind === chosen ? "on" : ""}>
          <input type="radio" name="trend" className="visually-hidden" checked={kind === chosen} onChange={() => onChange(kind)} />
          {KINDS[kind].label}
        </label>
      ))}
    </fieldset>
  );
}

/** The pipeline's figures over the window: one line a percentile, failures as marks. */
export function Trend({ page }: { page: PipelinePage }) {
  const [name, setName] = useState<KindName>("duration");
  const kind: Kind = KINDS[name];
  const plot = useMemo(() => plotOf(page.over_time, kind), [page.over_time, kind]);
  const { counts } = page.figures;
  const builds = counts.success + counts.failure;
  const aside = (
    <>
      <Legend names={kind.lines.map(([label]) => label)} failures={kind.marks} />
      <Kinds chosen={name} onChange={setName} />
    </>
  );
  return (
    <Panel title={`${kind.label} over time`} className="durations" aside={aside}>
      {isBlank(plot) ? (
        <p className="empty">No build with such a figure started in this window.</p>
      ) : (
        <Chart plot={plot} label={`${kind.label} of ${page.repo} ${page.pipeline} over time.`} note={`${plural(builds, "build")} that succeeded or failed.`} />
      )}
    </Panel>
  );
}
