import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState, type RefObject } from "react";
import { Link, Route, Switch, useLocation } from "wouter";

import { metaQuery } from "../api/queries";
import { Boundary, Panel, Skeleton } from "../components/Panel";
import { OverviewPage } from "../features/overview/OverviewPage";
import { nextTheme } from "../lib/prefs";
import { usePrefs } from "../lib/usePrefs";
import { DemoBanner, OfflineBanner } from "./Banners";
import { Header } from "./Header";
import type { Entry } from "./palette/entries";
import { useKeys, type Sheet } from "./useKeys";

const AlertsPage = lazy(async () => ({ default: (await import("../features/alerts/AlertsPage")).AlertsPage }));
const BuildPage = lazy(async () => ({ default: (await import("../features/build/BuildPage")).BuildPage }));
const GridPage = lazy(async () => ({ default: (await import("../features/grid/GridPage")).GridPage }));
const PipelinePage = lazy(async () => ({ default: (await import("../features/pipeline/PipelinePage")).PipelinePage }));
const SourcesPage = lazy(async () => ({ default: (await import("../features/sources/SourcesPage")).SourcesPage }));
const WaitingPage = lazy(async () => ({ default: (await import("../features/waiting/WaitingPage")).WaitingPage }));
const WallPage = lazy(async () => ({ default: (await import("../features/wall/WallPage")).WallPage }));
const loadPalette = () => import("./palette/Palette");
const Palette = lazy(loadPalette);
const Preferences = lazy(() => import("./Preferences"));
const Shortcuts = lazy(() => import("./Shortcuts"));

const WALL = "/ui/wall";
const PRELOAD_MILLISECONDS = 3000;

function NotFound() {
  return (
    <Panel title="No such page" alone>
      <p className="empty">
        There is nothing at this address. <Link href="/">To the overview</Link>
      </p>
    </Panel>
  );
}

/** A new page starts at its top and takes the focus; going back is left to the browser. */
function useFreshStart(): RefObject<HTMLElement | null> {
  const [path] = useLocation();
  const main = useRef<HTMLElement>(null);
  const before = useRef(path);
  const went = useRef(false);
  useEffect(() => {
    const back = (): void => {
      went.current = true;
    };
    window.addEventListener("popstate", back);
    return () => window.removeEventListener("popstate", back);
  }, []);
  useEffect(() => {
    if (before.current !== path && !went.current) {
      window.scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
    before.current = path;
    went.current = false;
  }, [path]);
  return main;
}

/** Once the page has nothing better to do: what is typed right after Ctrl-K must not fall between. */
function usePalettePreloaded(): void {
  useEffect(() => {
    const timer = setTimeout(() => void loadPalette().catch(() => undefined), PRELOAD_MILLISECONDS);
    return () => clearTimeout(timer);
  }, []);
}

function Footer({ onShortcuts }: { onShortcuts: () => void }) {
  const meta = useQuery(metaQuery()).data;
  const { zone } = usePrefs();
  return (
    <footer>
      CI Health {meta?.version ?? ""} · times are {zone === "" ? "local" : zone}, with UTC on hover ·{" "}
      <button type="button" className="link" onClick={onShortcuts}>
        keyboard shortcuts
      </button>{" "}
      <kbd>?</kbd>
    </footer>
  );
}

const ON_ITS_WAY = (
  <>
    <h1 className="visually-hidden">Loading</h1>
    <Skeleton lines={6} height={40} />
  </>
);

function Pages() {
  return (
    <Boundary>
      <Suspense fallback={ON_ITS_WAY}>
        <Switch>
          <Route path="/">
            <title>Overview · CI Health</title>
            <OverviewPage />
          </Route>
          <Route path="/ui/build/:id">{({ id }) => <BuildPage key={id} id={id} />}</Route>
          <Route path="/ui/pipeline/:id">{({ id }) => <PipelinePage key={id} id={id} />}</Route>
          <Route path="/ui/grid" component={GridPage} />
          <Route path="/ui/waiting" component={WaitingPage} />
          <Route path="/ui/alerts" component={AlertsPage} />
          <Route path="/ui/sources" component={SourcesPage} />
          <Route path={WALL} component={WallPage} />
          <Route component={NotFound} />
        </Switch>
      </Suspense>
    </Boundary>
  );
}

interface SheetsProps {
  open: Sheet | null;
  early: RefObject<string>;
  onOpen: (sheet: Sheet) => void;
  onClose: () => void;
}

function Sheets({ open, early, onOpen, onClose }: SheetsProps) {
  const actions = useMemo<Entry[]>(
    () => [
      { key: "action theme", kind: "Action", title: "Change the theme", note: "t", run: nextTheme },
      { key: "action preferences", kind: "Action", title: "Preferences: theme, density, time zone, my groups", note: ",", run: () => onOpen("preferences") },
      { key: "action shortcuts", kind: "Action", title: "Keyboard shortcuts", note: "?", run: () => onOpen("shortcuts") },
    ],
    [onOpen],
  );
  return (
    <Suspense>
      {open === "palette" && <Palette early={early} actions={actions} onClose={onClose} />}
      {open === "preferences" && <Preferences onClose={onClose} />}
      {open === "shortcuts" && <Shortcuts onClose={onClose} />}
    </Suspense>
  );
}

export function App() {
  const main = useFreshStart();
  const [path] = useLocation();
  const [sheet, setSheet] = useState<Sheet | null>(null);
  const { zone } = usePrefs();
  const close = useCallback(() => setSheet(null), []);
  const early = useKeys(sheet, setSheet);
  usePalettePreloaded();
  const bare = path === WALL;
  return (
    <>
      {!bare && (
        <>
          <Header onFind={() => setSheet("palette")} onPreferences={() => setSheet("preferences")} />
          <DemoBanner />
          <OfflineBanner />
        </>
      )}
      {/* Another zone writes every time anew. */}
      <main id="main" key={zone} ref={main} tabIndex={-1} className={bare ? "bare" : undefined}>
        <Pages />
      </main>
      {!bare && <Footer onShortcuts={() => setSheet("shortcuts")} />}
      <Sheets open={sheet} early={early} onOpen={setSheet} onClose={close} />
    </>
  );
}
