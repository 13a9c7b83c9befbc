import "uplot/dist/uPlot.min.css";

import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";

import type { Series } from "../../api/types";
import { buildPath } from "../../lib/base";
import { boundsOf, drawChart, type ChartHandlers, type Zoom } from "./chart";

type Plot = ReturnType<typeof drawChart>;

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

function mount(host: HTMLElement, series: Series, handlers: ChartHandlers, zoom: () => Zoom | null): { plot: () => Plot; end: () => void } {
  let plot = drawChart(host, series, handlers, zoom());
  const resize = new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: host.clientHeight }));
  resize.observe(host);
  const endTheme = onTheme(() => {
    plot.destroy();
    plot = drawChart(host, series, handlers, zoom());
  });
  return {
    plot: () => plot,
    end: () => {
      resize.disconnect();
      endTheme();
      plot.destroy();
    },
  };
}

export default function DurationsChart({ series, label }: { series: Series; label: string }) {
  const host = useRef<HTMLDivElement>(null);
  const reset = useRef<() => void>(() => undefined);
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
    const chart = mount(host.current, series, { onBuild: (id) => navigate(buildPath(id)), onZoom: keep, onPoint: setPoint }, () => zoom.current);
    reset.current = () => {
      const [min, max] = boundsOf(series);
      chart.plot().setScale("x", { min, max });
    };
    return chart.end;
  }, [series, navigate]);
  return (
    <>
      <div ref={host} className="chart" role="img" aria-label={label} />
      <p className="hint chart-point">
        {point === "" ? "Drag to zoom; a ✕ opens the failed build." : point}{" "}
        {zoomed && (
          <button type="button" className="link" onClick={() => reset.current()}>
            Whole window
          </button>
        )}
      </p>
    </>
  );
}
