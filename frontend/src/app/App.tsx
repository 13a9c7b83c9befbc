import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef, type RefObject } from "react";
import { Link, Route, Switch, useLocation } from "wouter";

import { metaQuery } from "../api/queries";
import { Boundary, Panel, Skeleton } from "../components/Panel";
import { OverviewPage } from "../features/overview/OverviewPage";
import { DemoBanner, OfflineBanner } from "./Banners";
import { Header } from "./Header";

const BuildPage = lazy(async () => ({ default: (await import("../features/build/BuildPage")).BuildPage }));
const PipelinePage = lazy(async () => ({ default: (await import("../features/pipeline/PipelinePage")).PipelinePage }));
const SourcesPage = lazy(async () => ({ default: (await import("../features/sources/SourcesPage")).SourcesPage }));

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

function Footer() {
  const meta = useQuery(metaQuery()).data;
  return <footer>CI Health {meta?.version ?? ""} · times are local, with UTC on hover</footer>;
}

export function App() {
  const main = useFreshStart();
  return (
    <>
      <Header />
      <DemoBanner />
      <OfflineBanner />
      <main id="main" ref={main} tabIndex={-1}>
        <Boundary>
          <Suspense fallback={<Skeleton lines={6} height={40} />}>
            <Switch>
              <Route path="/">
                <title>Overview · CI Health</title>
                <OverviewPage />
              </Route>
              <Route path="/ui/build/:id">{({ id }) => <BuildPage key={id} id={id} />}</Route>
              <Route path="/ui/pipeline/:id">{({ id }) => <PipelinePage key={id} id={id} />}</Route>
              <Route path="/ui/sources">
                <SourcesPage />
              </Route>
              <Route>
                <NotFound />
              </Route>
            </Switch>
          </Suspense>
        </Boundary>
      </main>
      <Footer />
    </>
  );
}
