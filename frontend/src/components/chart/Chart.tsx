import { lazy, Suspense, useRef, useState, type ReactNode } from "react";
import { Link } from "wouter";

import { buildPath } from "../../lib/base";
import { duration, instant, percent } from "../../lib/format";
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
  /** The line that stands out before the others. */
  focus?: number | null;
}

/** The drawing, and the same as a table for those whom the drawing does not serve. */
export function Chart({ plot, label, note, focus = null }: ChartProps) {
  const [table, setTable] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const seen = useSeen(place, AHEAD_PIXELS);
  const described = `${label} The same as a table: the button below.`;
  return (
    <>
      <div ref={place} className="chart-place">
        <Suspense fallback={CHART_WAIT}>{seen ? <LinesChart plot={plot} focus={focus} label={described} /> : <div className="chart" role="img" aria-label={described} />}</Suspense>
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

interface Entry {
  /** Of the line, or "" where it belongs to all of them. */
  name: string;
  at: string;
  value: number | null;
  /** The failed build that it stands for. */
  failed?: number;
}

/** A line's points and failures in one column of time, the newest first. */
function entriesOf({ lines, marks }: Plot, line: number): Entry[] {
  const name = lines[line]?.label ?? "";
  const points = (lines[line]?.points ?? []).map(({ at, value }): Entry => ({ name, at, value }));
  const own = marks.filter((mark) => (mark.line ?? 0) === line);
  const failures = own.map((mark): Entry => ({ name: mark.line === undefined ? "" : name, at: mark.at, value: mark.value, failed: mark.build_id }));
  return [...points, ...failures].sort((a, b) => instant(b.at) - instant(a.at));
}

function PointTable({ plot, label }: { plot: Plot; label: string }) {
  const { lines, unit } = plot;
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
          {lines.flatMap((line, place) =>
            entriesOf(plot, place).map(({ name, at, value, failed }) => (
              <tr key={`${line.label} ${at} ${failed ?? ""}`}>
                <td>
                  <bdi>{name}</bdi>
                  {failed !== undefined && <> <Link href={buildPath(failed)}>failed</Link></>}
                </td>
                <td><Moment at={at} /></td>
                <td className="num">{cell(value, unit)}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}

interface LegendProps {
  names: readonly ReactNode[];
  /** Whether failures are marked, in a colour of their own or in that of their line. */
  failures: boolean | "as lines";
  /** Told which line's name is under the pointer or has the focus. */
  onPick?: (line: number | null) => void;
}

/** Names the lines by colour and dash, in the order of the plot. */
export function Legend({ names, failures, onPick = () => undefined }: LegendProps) {
  return (
    <ul className="legend-list">
      {names.map((name, index) => (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- nothing is done by it: the line of the name, perhaps a link, stands out
        <li key={index} onPointerEnter={() => onPick(index)} onPointerLeave={() => onPick(null)} onFocus={() => onPick(index)} onBlur={() => onPick(null)}>
          <i className={`line line-${index % 5}`} />
          {name}
        </li>
      ))}
      {failures !== false && (
        <li>
          <b className={failures === "as lines" ? undefined : "failed-mark"} aria-hidden="true">✕</b> failed
        </li>
      )}
    </ul>
  );
}
