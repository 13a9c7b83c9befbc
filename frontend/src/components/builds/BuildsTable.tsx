import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, startTransition, useLayoutEffect, useRef, useState, type RefObject } from "react";

import type { Build } from "../../api/types";
import { columns, type Column } from "./columns";

const ROW_PIXELS = 37;
const OVERSCAN = 8;
/** Until it is measured the table is taken to begin below what is in sight: rows that nobody sees are not drawn. */
const FIRST_MARGIN_PIXELS = 3000;

interface BuildsTableProps {
  builds: Build[];
  /** The API's word: a column, with "-" before it for descending. The server sorts: it alone knows what is not loaded. */
  sort: string;
  onSort: (sort: string) => void;
  label: string;
}

function useRows(body: RefObject<HTMLDivElement | null>, count: number, keyOf: (index: number) => number) {
  const [margin, setMargin] = useState(FIRST_MARGIN_PIXELS);
  useLayoutEffect(() => {
    const measure = (): void => {
      const top = body.current === null ? null : body.current.getBoundingClientRect().top + window.scrollY;
      // Drawn in slices: what stands above the rows may grow while the page is still on its way.
      if (top !== null) startTransition(() => setMargin(top));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => {
      observer.disconnect();
    };
  }, [body]);
  return useWindowVirtualizer({ count, estimateSize: () => ROW_PIXELS, overscan: OVERSCAN, scrollMargin: margin, getItemKey: keyOf });
}

/** Only the rows in sight are in the document; blank rows stand for those above and below. */
export function BuildsTable({ builds, sort, onSort, label }: BuildsTableProps) {
  const body = useRef<HTMLDivElement>(null);
  const virtual = useRows(body, builds.length, (index) => builds[index]?.id ?? index);
  const items = virtual.getVirtualItems();
  const { scrollMargin } = virtual.options;
  const above = (items[0]?.start ?? scrollMargin) - scrollMargin;
  const below = virtual.getTotalSize() - ((items.at(-1)?.end ?? scrollMargin) - scrollMargin);
  return (
    <div className="tablewrap" ref={body}>
      <table aria-label={label} aria-rowcount={builds.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <HeadCell key={column.id} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <Blank height={above} />}
          {items.map(({ index }) => {
            const build = builds[index];
            return build === undefined ? null : <BodyRow key={build.id} build={build} index={index} measure={virtual.measureElement} />;
          })}
          {below > 0 && <Blank height={below} />}
        </tbody>
      </table>
    </div>
  );
}

function Blank({ height }: { height: number }) {
  return (
    <tr aria-hidden="true" className="blank">
      <td colSpan={columns.length} style={{ height }} />
    </tr>
  );
}

interface HeadCellProps extends Pick<BuildsTableProps, "sort" | "onSort"> {
  column: Column;
}

function HeadCell({ column: { id, title, sorts, numeric }, sort, onSort }: HeadCellProps) {
  const on = sorts === true && sort.replace(/^-/, "") === id;
  const descending = sort.startsWith("-");
  return (
    <th scope="col" data-column={id} className={numeric ? "num" : undefined} {...(on && { "aria-sort": descending ? "descending" : "ascending" })}>
      {sorts ? (
        <button type="button" className={on ? "sort on" : "sort"} onClick={() => onSort(on && descending ? id : `-${id}`)}>
          {title}
          <span aria-hidden="true">{on ? (descending ? " ▾" : " ▴") : ""}</span>
        </button>
      ) : (
        title
      )}
    </th>
  );
}

interface BodyRowProps {
  build: Build;
  index: number;
  measure: (element: Element | null) => void;
}

/** Scrolling draws the table often; a row that stays in sight is not drawn again. */
const BodyRow = memo(function BodyRow({ build, index, measure }: BodyRowProps) {
  return (
    <tr data-index={index} data-build={build.id} aria-rowindex={index + 2} ref={measure} className={`row-${build.status}`}>
      {columns.map(({ id, numeric, cell }) => (
        <td key={id} data-column={id} className={numeric ? "num" : undefined}>
          {cell(build)}
        </td>
      ))}
    </tr>
  );
});
