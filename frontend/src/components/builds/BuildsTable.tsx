import { flexRender, getCoreRowModel, useReactTable, type Header, type Row, type RowData, type SortingState } from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, useLayoutEffect, useRef, useState, type RefObject } from "react";

import type { Build } from "../../api/types";
import { columns } from "./columns";

declare module "@tanstack/react-table" {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- the declaration has to repeat the library's parameters
  interface ColumnMeta<TData extends RowData, TValue> {
    numeric?: boolean;
  }
}

const ROW_PIXELS = 37;
const OVERSCAN = 8;
/** Until it is measured the table is taken to begin below what is in sight: rows that nobody sees are not drawn. */
const FIRST_MARGIN_PIXELS = 3000;

interface BuildsTableProps {
  builds: Build[];
  /** The API's word: a column, with "-" before it for descending. */
  sort: string;
  onSort: (sort: string) => void;
  label: string;
}

const toState = (sort: string): SortingState => [{ id: sort.replace(/^-/, ""), desc: sort.startsWith("-") }];
const fromState = ([first]: SortingState): string => (first === undefined ? "-started_at" : `${first.desc ? "-" : ""}${first.id}`);

/** Sorted by the server, for it alone knows the rows that are not loaded yet. */
function useBuildsTable({ builds, sort, onSort }: BuildsTableProps) {
  const sorting = toState(sort);
  // eslint-disable-next-line react-hooks/incompatible-library -- the compiler is not used
  return useReactTable({
    data: builds,
    columns,
    state: { sorting },
    manualSorting: true,
    enableSortingRemoval: false,
    sortDescFirst: true,
    onSortingChange: (update) => {
      onSort(fromState(typeof update === "function" ? update(sorting) : update));
    },
    getRowId: (build) => String(build.id),
    getCoreRowModel: getCoreRowModel(),
  });
}

function useRows(body: RefObject<HTMLDivElement | null>, count: number, keyOf: (index: number) => string) {
  const [margin, setMargin] = useState(FIRST_MARGIN_PIXELS);
  useLayoutEffect(() => {
    const measure = (): void => {
      if (body.current !== null) setMargin(body.current.getBoundingClientRect().top + window.scrollY);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => {
      observer.disconnect();
    };
  }, [body]);
  return useWindowVirtualizer({ count, estimateSize: () => ROW_PIXELS, overscan: OVERSCAN, scrollMargin: margin, getItemKey: keyOf });
}

/** Only the rows in sight are in the document; blank rows stand for those above and below. */
export function BuildsTable(props: BuildsTableProps) {
  const table = useBuildsTable(props);
  const body = useRef<HTMLDivElement>(null);
  const { rows } = table.getRowModel();
  const virtual = useRows(body, rows.length, (index) => rows[index]?.id ?? String(index));
  const items = virtual.getVirtualItems();
  const above = (items[0]?.start ?? virtual.options.scrollMargin) - virtual.options.scrollMargin;
  const below = virtual.getTotalSize() - ((items.at(-1)?.end ?? virtual.options.scrollMargin) - virtual.options.scrollMargin);
  return (
    <div className="tablewrap" ref={body}>
      <table aria-label={props.label} aria-rowcount={rows.length + 1}>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <HeadCell key={header.id} header={header} />
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {above > 0 && <Blank height={above} />}
          {items.map((item) => {
            const row = rows[item.index];
            return row === undefined ? null : <BodyRow key={row.id} row={row} index={item.index} measure={virtual.measureElement} />;
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

function HeadCell({ header }: { header: Header<Build, unknown> }) {
  const { column } = header;
  const sorted = column.getIsSorted();
  const title = flexRender(column.columnDef.header, header.getContext());
  const direction = sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : undefined;
  return (
    <th scope="col" className={column.columnDef.meta?.numeric ? "num" : undefined} {...(direction && { "aria-sort": direction })}>
      {column.getCanSort() ? (
        <button type="button" className={sorted ? "sort on" : "sort"} onClick={column.getToggleSortingHandler()}>
          {title}
          <span aria-hidden="true">{sorted === "asc" ? " ▴" : sorted === "desc" ? " ▾" : ""}</span>
        </button>
      ) : (
        title
      )}
    </th>
  );
}

interface BodyRowProps {
  row: Row<Build>;
  index: number;
  measure: (element: Element | null) => void;
}

/** Scrolling draws the table often; a row that stays in sight is not drawn again. */
const BodyRow = memo(function BodyRow({ row, index, measure }: BodyRowProps) {
  return (
    <tr data-index={index} data-build={row.id} aria-rowindex={index + 2} ref={measure} className={`row-${row.original.status}`}>
      {row.getVisibleCells().map((cell) => (
        <td key={cell.id} data-column={cell.column.id} className={cell.column.columnDef.meta?.numeric ? "num" : undefined}>
          {flexRender(cell.column.columnDef.cell, cell.getContext())}
        </td>
      ))}
    </tr>
  );
});
