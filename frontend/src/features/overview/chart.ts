/** Draws the durations with uPlot: three lines on one time axis, failures as marks that no decimation drops. */
import uPlot from "uplot";

import type { Series, SeriesLine } from "../../api/types";
import { duration, instant } from "../../lib/format";

export const LINE_COLOURS = ["--accent", "--warn", "--flaky"] as const;
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

function aligned(lines: readonly SeriesLine[]): uPlot.AlignedData {
  const tables = lines.map((line): uPlot.AlignedData => [line.points.map((point) => second(point.at)), line.points.map((point) => point.value)]);
  return tables.length === 0 ? [[]] : uPlot.join(tables);
}

/** The window in seconds; without one, what the points span. */
export function boundsOf({ since, until, series }: Series): [number, number] {
  const known = series.flatMap((line) => [...line.points, ...line.failures].map((point) => second(point.at)));
  return [since === null ? Math.min(...known) : second(since), until === null ? Math.max(...known) : second(until)];
}

interface MarkAt {
  x: number;
  y: number;
  buildId: number;
}

function marks(plot: uPlot, lines: readonly SeriesLine[]): MarkAt[] {
  const { min = -Infinity, max = Infinity } = plot.scales["x"] ?? {};
  return lines.flatMap((line) =>
    line.failures.flatMap(({ at, value, build_id: buildId }) => {
      const x = second(at);
      if (value === null || x < min || x > max) return [];
      return [{ x: plot.valToPos(x, "x", true), y: plot.valToPos(value, "y", true), buildId }];
    }),
  );
}

function drawMarks(plot: uPlot, lines: readonly SeriesLine[], colour: string): void {
  const { ctx } = plot;
  const size = MARK_PIXELS * devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2.2 * devicePixelRatio;
  ctx.beginPath();
  for (const { x, y } of marks(plot, lines)) {
    ctx.moveTo(x - size, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.moveTo(x + size, y - size);
    ctx.lineTo(x - size, y + size);
  }
  ctx.stroke();
  ctx.restore();
}

/** The failed build whose mark lies under the pointer, if any. Positions are CSS pixels within the plot. */
function markUnder(plot: uPlot, lines: readonly SeriesLine[], left: number, top: number): number | null {
  const near = marks(plot, lines)
    .map((mark) => ({
      buildId: mark.buildId,
      far: Math.hypot((mark.x - plot.bbox.left) / devicePixelRatio - left, (mark.y - plot.bbox.top) / devicePixelRatio - top),
    }))
    .sort((a, b) => a.far - b.far)[0];
  return near !== undefined && near.far <= REACH_PIXELS ? near.buildId : null;
}

/** Ticks in whole seconds, minutes or hours, whichever the range asks for. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

function tick(seconds: number): string {
  if (seconds === 0) return "0";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return seconds % 60 === 0 ? `${seconds / 60} min` : duration(seconds);
  return `${Number((seconds / 3600).toFixed(1))} h`;
}

function axes(ink: string, line: string): uPlot.Axis[] {
  const grid = { stroke: line, width: 1 };
  return [
    { stroke: ink, font: FONT, grid: { show: false }, ticks: { show: false }, size: 30, space: 90, values: timeTicks },
    { stroke: ink, font: FONT, grid, ticks: { show: false }, size: 58, incrs: STEPS, values: (_, splits) => splits.map(tick) },
  ];
}

const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

function timeTicks(_: uPlot, splits: number[], __: number, ___: number, increment: number): string[] {
  const written = increment < 86_400 ? TIME : increment < 7 * 86_400 ? DAY : DATE;
  return splits.map((at) => {
    const date = new Date(at * 1000);
    const midnight = date.getHours() === 0 && date.getMinutes() === 0;
    return (written === TIME && midnight ? DAY : written).format(date);
  });
}

export interface Zoom {
  min: number;
  max: number;
}

export interface ChartHandlers {
  onBuild: (buildId: number) => void;
  /** The seconds from and to which the reader zoomed; null for the whole window. */
  onZoom: (zoom: Zoom | null) => void;
  /** The bucket under the pointer, in words; "" when it left. */
  onPoint: (text: string) => void;
}

function pointText(plot: uPlot, lines: readonly SeriesLine[]): string {
  const index = plot.cursor.idx;
  const at = index == null ? undefined : plot.data[0][index];
  if (index == null || at === undefined) return "";
  const when = new Date(at * 1000);
  const values = lines.flatMap((line, number) => {
    const value = plot.data[number + 1]?.[index];
    return value == null ? [] : [`${line.pipeline} ${duration(value)}`];
  });
  return values.length === 0 ? "" : `${DAY.format(when)} ${TIME.format(when)}: ${values.join(" · ")}`;
}

function zoomOf(plot: uPlot, whole: number): Zoom | null {
  const { min, max } = plot.scales["x"] ?? {};
  return min == null || max == null || max - min > whole * 0.98 ? null : { min, max };
}

export function drawChart(host: HTMLElement, series: Series, handlers: ChartHandlers, zoom: Zoom | null): uPlot {
  const lines = series.series;
  const [ink = "", rule = "", bad = "", ...strokes] = colours(["--ink-3", "--line", "--bad", ...LINE_COLOURS]);
  const [since, until] = boundsOf(series);
  const plot = new uPlot(
    {
      width: host.clientWidth,
      height: host.clientHeight,
      legend: { show: false },
      padding: [12, 12, 0, 0],
      cursor: { y: false, drag: { x: true, y: false, dist: 5 }, points: { size: 6 } },
      scales: { x: { range: (_, low, high) => (low == null || high == null || (low <= since && high >= until) ? [since, until] : [low, high]) }, y: { range: (_, __, high) => [0, (high ?? 60) * 1.12 || 60] } },
      axes: axes(ink, rule),
      series: [{}, ...lines.map((line, index): uPlot.Series => ({ label: `${line.repo} ${line.pipeline}`, stroke: strokes[index] ?? ink, width: 1.6, spanGaps: true, points: { show: line.points.length < 2 } }))],
      hooks: {
        draw: [(drawn) => drawMarks(drawn, lines, bad)],
        setCursor: [(moved) => handlers.onPoint(pointText(moved, lines))],
        setScale: [(scaled, key) => key === "x" && handlers.onZoom(zoomOf(scaled, until - since))],
      },
    },
    aligned(lines),
    host,
  );
  plot.setScale("x", zoom ?? { min: since, max: until });
  plot.over.addEventListener("click", (event) => {
    const found = markUnder(plot, lines, event.offsetX, event.offsetY);
    if (found !== null) handlers.onBuild(found);
  });
  return plot;
}
