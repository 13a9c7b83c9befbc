import "uplot/dist/uPlot.min.css";

import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";

import { buildPath } from "../../lib/base";
import { boundsOf, drawChart, type ChartHandlers, type Zoom } from "./draw";
import type { Plot } from "./plot";

type Drawn = ReturnType<typeof drawChart>;

/** Calls back when the toggle or the system changes the theme: the canvas holds colours, not their names. */
function onTheme(changed: () => void): () => void {
  const media = window.matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  media.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    media.removeEventListener("change", changed);
  };
}

function mount(host: HTMLElement, plot: Plot, handlers: ChartHandlers, zoom: () => Zoom | null): { drawn: () => Drawn; end: () => void } {
  let drawn = drawChart(host, plot, handlers, zoom());
  const resize = new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = host;
    if (width !== drawn.width || height !== drawn.height) drawn.setSize({ width, height });
  });
  resize.observe(host);
  const endTheme = onTheme(() => {
    drawn.destroy();
    drawn = drawChart(host, plot, handlers, zoom());
  });
  return {
    drawn: () => drawn,
    end: () => {
      resize.disconnect();
      endTheme();
      drawn.destroy();
    },
  };
}

/** A chunk of its own: uPlot is loaded with the first chart. */
export default function LinesChart({ plot, label, focus }: { plot: Plot; label: string; focus: number | null }) {
  const host = useRef<HTMLDivElement>(null);
  const reset = useRef<() => void>(() => undefined);
  const pick = useRef<(line: number | null) => void>(() => undefined);
  const [, navigate] = useLocation();
  const [zoomed, setZoomed] = useState(false);
  /** Outlives the drawing: new figures must not take the reader out of a zoom. */
  const zoom = useRef<Zoom | null>(null);
  const [point, setPoint] = useState("");
  useEffect(() => {
    if (host.current === null) return undefined;
    const keep = (now: Zoom | null): void => {
      zoom.current = now;
      setZoomed(now !== null);
    };
    const chart = mount(host.current, plot, { onBuild: (id) => navigate(buildPath(id)), onZoom: keep, onPoint: setPoint }, () => zoom.current);
    reset.current = () => {
      const [min, max] = boundsOf(plot);
      chart.drawn().setScale("x", { min, max });
    };
    pick.current = (line) => {
      // uPlot takes null for "none", its types do not.
      chart.drawn().setSeries((line === null ? null : line + 1) as number, { focus: true });
    };
    return chart.end;
  }, [plot, navigate]);
  useEffect(() => pick.current(focus), [focus, plot]);
  return (
    <>
      <div ref={host} className="chart" role="img" aria-label={label} />
      <p className="hint chart-point">
        {point === "" ? `Drag to zoom${plot.marks.length > 0 ? "; a ✕ opens the failed build" : ""}.` : point}{" "}
        {zoomed && (
          <button type="button" className="link" onClick={() => reset.current()}>
            Whole window
          </button>
        )}
      </p>
    </>
  );
}
