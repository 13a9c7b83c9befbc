import type { Numbers } from "../api/types";
import type { Tone } from "../lib/status";

const WIDTH = 96;
const HEIGHT = 24;
const EDGE = 2;
/** Known values; a line of fewer says nothing. */
const FEWEST = 4;

/** Unbroken runs of known values as polylines: a gap in the data is a gap in the line. */
function runs(values: Numbers): string[] {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < FEWEST) return [];
  const low = Math.min(...known);
  const range = Math.max(...known) - low || 1;
  const x = (index: number): number => (values.length < 2 ? WIDTH / 2 : (index * WIDTH) / (values.length - 1));
  const y = (value: number): number => HEIGHT - EDGE - ((value - low) / range) * (HEIGHT - 2 * EDGE);
  const found: string[][] = [[]];
  values.forEach((value, index) => {
    if (value === null) found.push([]);
    else found.at(-1)?.push(`${x(index).toFixed(1)},${y(value).toFixed(1)}`);
  });
  return found.filter((points) => points.length > 1).map((points) => points.join(" "));
}

/** The figure's course over the window; decoration, the number and its change are beside it. */
export function Sparkline({ values, tone }: { values: Numbers; tone: Tone }) {
  const lines = runs(values);
  if (lines.length === 0) return null;
  return (
    <svg className={`spark ${tone}`} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {lines.map((points) => (
        <polyline key={points} points={points} fill="none" stroke="currentColor" strokeWidth="1.5" vectorEffect="non-scaling-stroke" />
      ))}
    </svg>
  );
}
