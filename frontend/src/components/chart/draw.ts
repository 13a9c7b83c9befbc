/** Draws a plot with uPlot. Lines differ by dashes as well as by colour. */
import uPlot from "uplot";

import { axisTime, duration, instant, percent, pointTime } from "../../lib/format";
import { getPrefs } from "../../lib/prefs";
import { markText, type Line, type Mark, type Plot } from "./plot";

const LINE_COLOURS = ["--accent", "--warn", "--flaky", "--ok", "--run"] as const;
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [10, 3, 2, 3], [4, 2]];
const MARK_PIXELS = 4;
const REACH_PIXELS = 10;
const FONT = "11px system-ui, sans-serif";

/** Canvas knows no custom properties: a probe element resolves them for the present theme. */
function colours(names: readonly string[]): string[] {
  const probe = document.createElement("span");
  document.body.append(probe);
  const found = names.map((name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return found;
}

const second = (at: string): number => instant(at) / 1000;

/** The lines, and one that is not drawn: uPlot scales by lines alone, and the highest mark belongs in sight too. */
function aligned({ lines, marks, unit }: Plot): uPlot.AlignedData {
  const known = unit === "percent" ? [] : marks.filter((mark) => mark.value !== null);
  const highest = known.reduce<Mark | null>((most, mark) => (most === null || (mark.value ?? 0) > (most.value ?? 0) ? mark : most), null);
  const ceiling: uPlot.AlignedData = highest === null ? [[], []] : [[second(highest.at)], [highest.value]];
  const tables = lines.map((line): uPlot.AlignedData => [line.points.map((point) => second(point.at)), line.points.map((point) => point.value)]);
  return uPlot.join([...tables, ceiling]);
}

/** The window in seconds; without one, what the points span. */
export function boundsOf({ since, until, lines, marks }: Plot): [number, number] {
  if (since !== null && until !== null) return [second(since), second(until)];
  let low = Infinity;
  let high = -Infinity;
  for (const { at } of [...lines.flatMap((line) => line.points), ...marks]) {
    low = Math.min(low, second(at));
    high = Math.max(high, second(at));
  }
  return [since === null ? low : second(since), until === null ? high : second(until)];
}

interface MarkAt {
  x: number;
  y: number;
  mark: Mark;
}

function placed(plot: uPlot, marks: readonly Mark[]): MarkAt[] {
  const { min = -Infinity, max = Infinity } = plot.scales["x"] ?? {};
  return marks.flatMap((mark) => {
    const x = second(mark.at);
    if (mark.value === null || x < min || x > max) return [];
    return [{ x: plot.valToPos(x, "x", true), y: plot.valToPos(mark.value, "y", true), mark }];
  });
}

function cross(x: number, y: number): Path2D {
  const size = MARK_PIXELS * devicePixelRatio;
  const path = new Path2D();
  path.moveTo(x - size, y - size);
  path.lineTo(x + size, y + size);
  path.moveTo(x + size, y - size);
  path.lineTo(x - size, y + size);
  return path;
}

/** Each in its line's colour, with an edge of the background's, so that marks on lines and on each other stay apart. */
function drawMarks(plot: uPlot, marks: readonly Mark[], edge: string, colourOf: (mark: Mark) => string): void {
  const { ctx } = plot;
  ctx.save();
  ctx.lineCap = "round";
  for (const { x, y, mark } of placed(plot, marks)) {
    const path = cross(x, y);
    ctx.globalAlpha = mark.line === undefined ? 1 : (plot.series[mark.line + 1]?.alpha ?? 1);
    for (const [colour, width] of [[edge, 5], [colourOf(mark), 2.2]] as const) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = width * devicePixelRatio;
      ctx.stroke(path);
    }
  }
  ctx.restore();
}

/** The mark under the pointer, if any. Positions are CSS pixels within the plot. */
function markUnder(plot: uPlot, marks: readonly Mark[], left: number, top: number): Mark | null {
  let nearest: { mark: Mark; far: number } | null = null;
  for (const { x, y, mark } of placed(plot, marks)) {
    const far = Math.hypot((x - plot.bbox.left) / devicePixelRatio - left, (y - plot.bbox.top) / devicePixelRatio - top);
    if (far <= REACH_PIXELS && (nearest === null || far < nearest.far)) nearest = { mark, far };
  }
  return nearest?.mark ?? null;
}

/** Ticks in whole seconds, minutes or hours, whichever the range asks for. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
const PERCENT_STEPS = [5, 10, 20, 25, 50];

function tick(seconds: number): string {
  if (seconds === 0) return "0";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return seconds % 60 === 0 ? `${seconds / 60} min` : duration(seconds);
  return `${Number((seconds / 3600).toFixed(1))} h`;
}

const written = (value: number, unit: Plot["unit"]): string => (unit === "percent" ? `${percent(value)} %` : duration(value));

function axes(ink: string, line: string, unit: Plot["unit"]): uPlot.Axis[] {
  const grid = { stroke: line, width: 1 };
  const values = (_: uPlot, splits: number[]): string[] => splits.map((split) => (unit === "percent" ? `${split} %` : tick(split)));
  return [
    { stroke: ink, font: FONT, grid: { show: false }, ticks: { show: false }, size: 34, gap: 9, space: 90, values: timeTicks },
    { stroke: ink, font: FONT, grid, ticks: { show: false }, size: 58, space: 44, incrs: unit === "percent" ? PERCENT_STEPS : STEPS, values },
  ];
}

const timeTicks = (_: uPlot, splits: number[], __: number, ___: number, increment: number): string[] => splits.map((at) => axisTime(at * 1000, increment));

export interface Zoom {
  min: number;
  max: number;
}

export interface ChartHandlers {
  onBuild: (buildId: number) => void;
  /** The seconds from and to which the reader zoomed; null for the whole window. */
  onZoom: (zoom: Zoom | null) => void;
  /** What is under the pointer, in words; "" when it left. */
  onPoint: (text: string) => void;
}

const when = (seconds: number): string => pointTime(seconds * 1000);

/** Ticks fall on whole hours and days of the reader's zone. */
function dateOf(seconds: number): Date {
  const { zone } = getPrefs();
  return zone === "" ? new Date(seconds * 1000) : uPlot.tzDate(new Date(seconds * 1000), zone);
}

function pointText(drawn: uPlot, plot: Plot): string {
  const { idx: index, left = -1, top = -1 } = drawn.cursor;
  const mark = left < 0 ? null : markUnder(drawn, plot.marks, left, top);
  if (mark !== null && mark.value !== null) {
    return `${when(second(mark.at))}: ${markText(plot, mark)} after ${duration(mark.value)}`;
  }
  const at = index == null ? undefined : drawn.data[0][index];
  if (index == null || at === undefined) return "";
  const values = plot.lines.flatMap((line, number) => {
    const value = drawn.data[number + 1]?.[index];
    return value == null ? [] : [`${line.label} ${written(value, plot.unit)}`];
  });
  return values.length === 0 ? "" : `${when(at)}: ${values.join(" · ")}`;
}

function zoomOf(plot: uPlot, whole: number): Zoom | null {
  const { min, max } = plot.scales["x"] ?? {};
  return min == null || max == null || max - min > whole * 0.98 ? null : { min, max };
}

function scales({ unit }: Plot, [since, until]: [number, number]): uPlot.Scales {
  return {
    x: { range: (_, low, high) => (low == null || high == null || (low <= since && high >= until) ? [since, until] : [low, high]) },
    y: { range: unit === "percent" ? [0, 104] : (_, __, high) => [0, (high ?? 60) * 1.12 || 60] },
  };
}

function lineOf(line: Line, index: number, colour: string): uPlot.Series {
  const dash = [...(DASHES[index % DASHES.length] ?? [])];
  return { label: line.label, stroke: colour, width: 1.6, dash, spanGaps: true, points: { show: line.points.length < 2 } };
}

export function drawChart(host: HTMLElement, plot: Plot, handlers: ChartHandlers, zoom: Zoom | null): uPlot {
  const [ink = "", rule = "", bad = "", panel = "", ...strokes] = colours(["--ink-3", "--line", "--bad", "--panel", ...LINE_COLOURS]);
  const colourOf = ({ line }: Mark): string => (line === undefined ? bad : (strokes[line % strokes.length] ?? bad));
  const bounds = boundsOf(plot);
  const drawn = new uPlot(
    {
      width: host.clientWidth,
      height: host.clientHeight,
      tzDate: dateOf,
      legend: { show: false },
      padding: [12, 12, 0, 0],
      focus: { alpha: 0.2 },
      cursor: { y: false, drag: { x: true, y: false, dist: 5 }, points: { size: 6 } },
      scales: scales(plot, bounds),
      axes: axes(ink, rule, plot.unit),
      series: [{}, ...plot.lines.map((line, index) => lineOf(line, index, strokes[index % strokes.length] ?? ink)), { show: true, points: { show: false }, width: 0 }],
      hooks: {
        draw: [(now) => drawMarks(now, plot.marks, panel, colourOf)],
        setCursor: [(now) => handlers.onPoint(pointText(now, plot))],
        setScale: [(now, key) => key === "x" && handlers.onZoom(zoomOf(now, bounds[1] - bounds[0]))],
      },
    },
    aligned(plot),
    host,
  );
  drawn.setScale("x", zoom ?? { min: bounds[0], max: bounds[1] });
  drawn.over.addEventListener("click", (event) => {
    const found = markUnder(drawn, plot.marks, event.offsetX, event.offsetY);
    if (found !== null) handlers.onBuild(found.build_id);
  });
  return drawn;
}
