/** What a chart shows, whatever it is of: lines on one time axis, and failures as marks that no decimation drops. */
interface LinePoint {
  at: string;
  value: number | null;
}

export interface Line {
  label: string;
  points: readonly LinePoint[];
}

export interface Mark {
  at: string;
  value: number | null;
  build_id: number;
  /** The place of its line in the plot; undefined for a failure that belongs to all of them. */
  line?: number;
  /** Failures that it stands for. */
  n: number;
}

export interface Plot {
  since: string | null;
  until: string | null;
  unit: "seconds" | "percent";
  lines: readonly Line[];
  marks: readonly Mark[];
}

export const isBlank = ({ lines, marks }: Plot): boolean =>
  marks.every((mark) => mark.value === null) && lines.every((line) => line.points.every((point) => point.value === null));

/** What a mark stands for, by the name of its line: marks of several lines are apart by colour alone. */
export function markText({ lines }: Plot, { n, line }: Mark): string {
  const label = line === undefined ? undefined : lines[line]?.label;
  if (n > 1) return `the newest of ${n} failures${label === undefined ? "" : ` of ${label}`}`;
  return label === undefined ? "failed" : `${label} failed`;
}
