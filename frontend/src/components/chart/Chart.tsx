import { lazy, Suspense, useRef, useState, type ReactNode } from "react";

import { duration, percent } from "../../lib/format";
import { useSeen } from "../../lib/useSeen";
import { Moment } from "../Text";
import type { Plot } from "./plot";

/** Little: on a phone the chart's chunk, its making and its drawing wait until one scrolls. */
const AHEAD_PIXELS = 50;

const LinesChart = lazy(() => import("./LinesChart"));

export const CHART_WAIT = <div className="chart skeleton" role="status" aria-label="loading" />;

interface ChartProps {
  plot: Plot;
  /** What it shows, for those who do not see it. */
  label: string;
  /** What stands before the button below the chart. */
  note?: ReactNode;
}

/** The drawing, and the same as a table for those whom the drawing does not serve. */
export function Chart({ plot, label, note }: ChartProps) {
  const [table, setTable] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const seen = useSeen(place, AHEAD_PIXELS);
  return (
    <>
      <div ref={place} className="chart-place">
        <Suspense fallback={CHART_WAIT}>{seen ? <LinesChart plot={plot} label={`${label} The same as a table: the button below.`} /> : CHART_WAIT}</Suspense>
      </div>
      <p className="hint">
        {note}{" "}
        <button type="button" className="link" aria-expanded={table} onClick={() => setTable(!table)}>
          {table ? "Hide the table" : "Show as table"}
        </button>
      </p>
      {table && <PointTable plot={plot} label={label} />}
    </>
  );
}

const cell = (value: number | null, unit: Plot["unit"]): string => (unit === "percent" ? `${percent(value)}${value === null ? "" : " %"}` : duration(value));

function PointTable({ plot: { lines, unit }, label }: { plot: Plot; label: string }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard
    <div className="tablewrap short" tabIndex={0} role="region" aria-label={`As a table: ${label}`}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">At</th>
            <th scope="col" className="num">{unit === "percent" ? "Rate" : "Length"}</th>
          </tr>
        </thead>
        <tbody>
          {lines.flatMap((line) =>
            line.points.toReversed().map((point) => (
              <tr key={`${line.label} ${point.at}`}>
                <td><bdi>{line.label}</bdi></td>
                <td><Moment at={point.at} /></td>
                <td className="num">{cell(point.value, unit)}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}

/** Names the lines by colour and dash, in the order of the plot. */
export function Legend({ names, failures }: { names: readonly ReactNode[]; failures: boolean }) {
  return (
    <ul className="legend-list">
      {names.map((name, index) => (
        <li key={index}>
          <i className={`line line-${index % 5}`} />
          {name}
        </li>
      ))}
      {failures && (
        <li>
          <b className="failed-mark" aria-hidden="true">✕</b> failed
        </li>
      )}
    </ul>
  );
}
