import "./wall.css";

import { useQuery } from "@tanstack/react-query";
import { useCallback, useLayoutEffect, useState, useSyncExternalStore } from "react";
import { Link, useSearch } from "wouter";

import { metaQuery, pipelinesQuery } from "../../api/queries";
import type { ListedPipeline } from "../../api/types";
import { Icon } from "../../components/Icon";
import { LivePill } from "../../components/LivePill";
import { Loaded, Skeleton } from "../../components/Panel";
import { Welcome } from "../../components/Welcome";
import { useNow } from "../../lib/clock";
import { DEFAULT_BRANCH, toSearchParams } from "../../lib/filters";
import { count, moment, plural, span } from "../../lib/format";
import { usePrefs } from "../../lib/usePrefs";
import { pipelineMark } from "../../lib/status";
import { useSetSearch } from "../../lib/useSetSearch";
import { useLiveState } from "../../live/context";
import { isBroken, layoutFor, tally, tilesOf, type Tile } from "./tiles";
import { useWakeLock } from "./useWakeLock";
import { tileText } from "./why";

/** Tiles beyond which they cannot be read from afar: the healthy ones shrink to a line. */
const READABLE = 40;

interface View {
  hide: boolean;
  groups: string[];
}

function useView(): [View, (change: Partial<View>) => void] {
  const params = new URLSearchParams(useSearch());
  const setSearch = useSetSearch();
  const view = { hide: params.get("healthy") === "hide", groups: params.getAll("group") };
  const change = (part: Partial<View>): void => {
    const next = { ...view, ...part };
    setSearch(toSearchParams({ ...(next.hide && { healthy: "hide" }), group: next.groups }).toString(), { replace: true });
  };
  return [view, change];
}

const onFullscreen = (changed: () => void): (() => void) => {
  document.addEventListener("fullscreenchange", changed);
  return () => document.removeEventListener("fullscreenchange", changed);
};

function useFullscreen(): [boolean, () => void] {
  const full = useSyncExternalStore(onFullscreen, () => document.fullscreenElement !== null);
  const toggle = useCallback(() => {
    const done = document.fullscreenElement === null ? document.documentElement.requestFullscreen() : document.exitFullscreen();
    // A browser may refuse, then the wall stays as it is.
    done.catch(() => undefined);
  }, []);
  return [full, toggle];
}

const onResize = (changed: () => void): (() => void) => {
  window.addEventListener("resize", changed);
  return () => window.removeEventListener("resize", changed);
};
const useAspect = (): number => useSyncExternalStore(onResize, () => Math.round((10 * window.innerWidth) / window.innerHeight) / 10);

function TileCard({ tile, now }: { tile: Tile; now: number }) {
  const worst = tile.pipelines[0];
  const mark = pipelineMark(worst ?? { outlook: tile.outlook, status: null });
  const running = tile.pipelines.reduce((sum, pipeline) => sum + Number(pipeline.running), 0);
  return (
    <li className={`tile ${mark.tone} ${tile.outlook}${isBroken(tile.outlook) ? " big" : ""}`}>
      <Link href={`/?${toSearchParams({ ...tile.filter }).toString()}`}>
        <span className="tile-mark">
          <Icon name={mark.icon} /> <span>{mark.word}</span>
          {running > 0 && (
            <span className="tile-run" title={`${plural(running, "build")} running`}>
              <Icon name="spin" /> <span className="visually-hidden">{plural(running, "build")} running</span>
            </span>
          )}
        </span>
        <h2><bdi>{tile.name}</bdi></h2>
        <span className="tile-why">
          {tileText(tile, now).map((line) => (
            <span key={line}><bdi>{line}</bdi></span>
          ))}
        </span>
      </Link>
    </li>
  );
}

const TALLY: Record<string, string> = { failing: "broken", never_green: "never green", unread: "not read", unknown: "without a result" };

function Tally({ pipelines }: { pipelines: readonly ListedPipeline[] }) {
  const counted = tally(pipelines);
  const broken = counted.some(([outlook]) => isBroken(outlook));
  return (
    <p className="wall-tally">
      {!broken && <b className="ok">nothing broken</b>}
      {counted.map(([outlook, number]) => (
        <span key={outlook} className={isBroken(outlook) ? "bad" : ""}>
          {count(number)} {TALLY[outlook] ?? outlook}
        </span>
      ))}
    </p>
  );
}

/** Old figures on a wall are worse than none: it says so, large. */
function Stale() {
  const { connection, heardAt } = useLiveState();
  const now = useNow(5);
  if (connection !== "offline" && connection !== "reconnecting") return null;
  const since = heardAt === null ? "" : `: what you see is ${span((now - heardAt) / 1000)} old`;
  return <p className="wall-stale" role="alert">The server cannot be reached{since}.</p>;
}

interface BarProps {
  pipelines: readonly ListedPipeline[];
  view: View;
  change: (change: Partial<View>) => void;
}

function Bar({ pipelines, view, change }: BarProps) {
  const now = useNow(10);
  const [full, toggle] = useFullscreen();
  return (
    <header className="wall-bar">
      <Tally pipelines={pipelines} />
      <span className="grow" />
      <span className="wall-tools">
        <button type="button" aria-pressed={view.hide} onClick={() => change({ hide: !view.hide })} aria-keyshortcuts="h">
          {view.hide ? "Show the healthy" : "Hide the healthy"}
        </button>
        <button type="button" onClick={toggle} aria-keyshortcuts="f">
          <Icon name={full ? "close" : "expand"} /> {full ? "Leave full screen" : "Full screen"}
        </button>
        <Link href="/" className="link">Overview</Link>
      </span>
      <time className="wall-clock">{moment(new Date(now).toISOString(), now)}</time>
      <LivePill />
    </header>
  );
}

function Tiles({ tiles, healthy }: { tiles: readonly Tile[]; healthy: number }) {
  const now = useNow(5);
  const aspect = useAspect();
  if (tiles.length === 0) return <p className="wall-well"><Icon name="check" /> {healthy === 0 ? "No pipeline is kept yet." : `All ${count(healthy)} are healthy.`}</p>;
  const { columns, wide } = layoutFor(tiles, aspect);
  return (
    <ul className={wide ? "tiles wide" : "tiles"} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
      {tiles.map((tile) => (
        <TileCard key={tile.name} tile={tile} now={now} />
      ))}
    </ul>
  );
}

/** Keys of this page alone; typing in a field is none of them. */
function useWallKeys(view: View, change: (change: Partial<View>) => void): void {
  const [, toggle] = useFullscreen();
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || (event.target as Element).closest("input, dialog") !== null) return;
      if (event.key === "h") change({ hide: !view.hide });
      if (event.key === "f") toggle();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  });
}

function Shown({ pipelines, groups }: { pipelines: readonly ListedPipeline[]; groups: readonly string[] }) {
  const [view, change] = useView();
  const [more, setMore] = useState(false);
  useWallKeys(view, change);
  useWakeLock();
  const all = tilesOf(pipelines, groups);
  const healthy = all.filter((tile) => tile.outlook === "healthy");
  const crowded = all.length > READABLE && !more;
  const tiles = view.hide || crowded ? all.filter((tile) => tile.outlook !== "healthy") : all;
  return (
    <>
      <Bar pipelines={pipelines} view={view} change={change} />
      <Stale />
      <Tiles tiles={tiles} healthy={healthy.length} />
      {crowded && !view.hide && healthy.length > 0 && tiles.length > 0 && (
        <button type="button" className="link wall-more" onClick={() => setMore(true)}>
          and {plural(healthy.length, "healthy group")}
        </button>
      )}
    </>
  );
}

export function WallPage() {
  const [view] = useView();
  const { groups: mine } = usePrefs();
  const meta = useQuery(metaQuery());
  const known = meta.data?.groups ?? [];
  const wanted = view.groups.length > 0 ? view.groups : mine.filter((group) => known.includes(group));
  const result = useQuery({ ...pipelinesQuery({ window: "7d", branch: [DEFAULT_BRANCH], ...(wanted.length > 0 && { group: wanted }) }), enabled: meta.data !== undefined || meta.error !== null });
  return (
    <div className="wall">
      <title>Wall · CI Health</title>
      <h1 className="visually-hidden">Wall</h1>
      <Loaded query={result} skeleton={<Skeleton lines={4} height={140} />}>
        {({ pipelines }) => (pipelines.length === 0 && meta.data?.sources_configured === false ? <Welcome /> : <Shown pipelines={pipelines} groups={wanted.length > 0 ? wanted : known} />)}
      </Loaded>
    </div>
  );
}
