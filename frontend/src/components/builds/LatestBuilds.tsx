import { useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue, useMemo, useRef, type ReactNode } from "react";

import { buildsQuery } from "../../api/queries";
import type { Build, BuildsQuery } from "../../api/types";
import { serverNow } from "../../lib/clock";
import { isWithin, NEWEST_FIRST } from "../../lib/filters";
import { count, instant } from "../../lib/format";
import { useSeen } from "../../lib/useSeen";
import { useFreshBuilds } from "../../live/useFreshBuilds";
import { More } from "../More";
import { Loaded, Panel, Skeleton } from "../Panel";
import { BuildsTable } from "./BuildsTable";

const AHEAD_PIXELS = 400;
const NO_ROWS = <Skeleton lines={10} height={24} />;
/** Blank, and not called loading: nothing is under way before one comes near. */
const LATER = <div className="rows-later" />;

interface LatestBuildsProps {
  query: BuildsQuery;
  sort: string;
  onSort: (sort: string) => void;
  /** Whether a build from the socket belongs in this list, whenever it started. */
  matches: (build: Build) => boolean;
  /** Shown when there is no row. */
  empty: ReactNode;
  note?: string;
}

/** Rows may move while the panel's top is in sight and the reader neither points at it nor works in it. */
const still = (panel: HTMLElement | null): boolean =>
  panel !== null && panel.getBoundingClientRect().top >= 0 && !panel.matches(":hover") && !panel.contains(document.activeElement);

/** While history is read the socket tells of builds that are older than the list. */
function inWindow({ window }: BuildsQuery, { started_at: started, created_at: created }: Build): boolean {
  const at = started ?? created ?? null;
  return window == null || at === null || isWithin(window, instant(at), serverNow());
}

export function LatestBuilds({ query, sort, onSort, matches, empty, note }: LatestBuildsProps) {
  const options = buildsQuery(query);
  const result = useInfiniteQuery(options);
  const panel = useRef<HTMLDivElement>(null);
  const seen = useSeen(panel, AHEAD_PIXELS);
  const fresh = useFreshBuilds({
    queryKey: options.queryKey,
    shown: result.data,
    matches: (build) => inWindow(query, build) && matches(build),
    mayMove: () => still(panel.current),
    newestFirst: sort === NEWEST_FIRST,
  });
  // Many rows are drawn in slices, so that the page answers meanwhile.
  const data = useDeferredValue(seen ? result.data : undefined);
  const builds = useMemo(() => data?.pages.flatMap((page) => page.builds) ?? [], [data]);
  const show = (): void => {
    fresh.show();
    panel.current?.scrollIntoView({ block: "start" });
  };
  const aside = (
    <>
      {note !== undefined && <span>{note}</span>}
      <span aria-live="polite">
        {fresh.count > 0 && (
          <button type="button" className="fresh" onClick={show}>
            {count(fresh.count)}
            {fresh.more && "+"} new ↑
          </button>
        )}
      </span>
    </>
  );
  return (
    <div ref={panel} className="anchor">
      <Panel title="Latest builds" aside={aside}>
        <Loaded query={{ ...result, data }} skeleton={seen ? NO_ROWS : LATER}>
          {() =>
            builds.length === 0 ? (
              empty
            ) : (
              <>
                <BuildsTable builds={builds} sort={sort} onSort={onSort} label="Latest builds" />
                <More pages={result} label="Load more" />
              </>
            )
          }
        </Loaded>
      </Panel>
    </div>
  );
}
