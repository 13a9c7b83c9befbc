import type { IconName } from "../lib/status";

const SHAPES: Record<IconName, { d: string; circle?: boolean; width?: number }> = {
  check: { d: "M3.5 8.5l3 3 6-7", width: 2.2 },
  cross: { d: "M4 4l8 8M12 4l-8 8", width: 2.2 },
  spin: { d: "M8 2.8a5.2 5.2 0 0 1 5.2 5.2", circle: true, width: 2.2 },
  clock: { d: "M8 5v3.2l2 1.4", circle: true },
  stop: { d: "M4.5 11.5l7-7", circle: true },
  skip: { d: "M3.5 4l4 4-4 4M8.5 4l4 4-4 4" },
  wave: { d: "M2.5 10l3-5 3 6 2.5-4 2.5 3", width: 1.9 },
  out: { d: "M6 4h6v6M12 4l-7.5 7.5" },
  chevron: { d: "M4.5 6.5L8 10l3.5-3.5" },
  sun: { d: "M8 1.5v1.6M8 12.9v1.6M1.5 8h1.6M12.9 8h1.6M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M3.4 12.6l1.1-1.1M11.5 4.5l1.1-1.1M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z", width: 1.5 },
  moon: { d: "M13 9.6A5.6 5.6 0 0 1 6.4 3a5.6 5.6 0 1 0 6.6 6.6z", width: 1.5 },
  system: { d: "M2 3h12v8H2zM6 14h4", width: 1.5 },
  search: { d: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3L14 14" },
  info: { d: "M8 7.4v3.4M8 5.1v.2", circle: true, width: 1.6 },
  never: { d: "M5.5 5.5l5 5M10.5 5.5l-5 5", circle: true },
  unread: { d: "M6.4 6.5a1.7 1.7 0 1 1 2.3 1.6q-.7.3-.7 1M8 11.1v.1", circle: true, width: 1.5 },
  slow: { d: "M8 4.6v3.6l2.4 2.4M13.2 8A5.2 5.2 0 1 1 8 2.8", width: 1.8 },
  expand: { d: "M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5L9.5 6.5M2.5 13.5l4-4", width: 1.6 },
  close: { d: "M4 4l8 8M12 4l-8 8", width: 1.6 },
  gear: { d: "M2 5h7M12 5h2M2 11h2M7 11h7M9 3.2v3.6M4.5 9.2v3.6", width: 1.6 },
  keys: { d: "M1.8 4h12.4v8H1.8zM4.5 6.6h.1M7 6.6h.1M9.5 6.6h.1M12 6.6h.1M5 9.6h6", width: 1.4 },
  copy: { d: "M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3", width: 1.5 },
};

/** Decoration only: the word beside it tells the same. */
export function Icon({ name }: { name: IconName }) {
  const { d, circle = false, width = 1.8 } = SHAPES[name];
  return (
    <svg className={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {circle && <circle cx="8" cy="8" r="5.2" fill="none" stroke="currentColor" strokeWidth="1.8" opacity={name === "spin" ? 0.3 : 1} />}
      <path d={d} fill="none" stroke="currentColor" strokeWidth={width} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
