import { memo, type KeyboardEvent } from "react";
import { Link } from "wouter";

import type { Grid, GridCell } from "../../api/types";
import { Icon } from "../../components/Icon";
import { Ago, Commit } from "../../components/Text";
import { buildPath, pipelinePath } from "../../lib/base";
import { duration, plainText } from "../../lib/format";
import { buildMark } from "../../lib/status";

type Row = Grid["commits"][number];
type Column = Grid["pipelines"][number];

/** What a cell says, in words: it is a link's whole name. */
function wordsOf(cell: GridCell, pipeline: string): string {
  const parts = [
    `${pipeline}: ${buildMark(cell.status).word}`,
    cell.broke ? "broke here" : "",
    cell.flaky ? "flaky: failed, then passed on this commit" : "",
    cell.builds > 1 ? `${cell.builds} builds` : "",
    cell.duration_seconds === null ? "" : duration(cell.duration_seconds),
    cell.failing_step ?? "",
    cell.error === null ? "" : plainText(cell.error),
  ];
  return parts.filter((part) => part !== "").join(" · ");
}

function Cell({ cell, column }: { cell: GridCell | undefined; column: Column }) {
  if (cell === undefined) {
    return (
      <td className="cell-of">
        <span className="visually-hidden">not built</span>
      </td>
    );
  }
  const mark = buildMark(cell.status);
  const words = wordsOf(cell, column.pipeline);
  return (
    <td className="cell-of">
      <Link href={buildPath(cell.build_id)} className={`cell ${mark.tone}${cell.broke ? " broke" : ""}${cell.flaky ? " flaked" : ""}`} title={words} aria-label={words}>
        <Icon name={cell.flaky && cell.status === "success" ? "wave" : mark.icon} />
      </Link>
    </td>
  );
}

const CommitRow = memo(function CommitRow({ row, columns }: { row: Row; columns: readonly Column[] }) {
  return (
    <tr>
      <td className="num quiet">
        <Ago at={row.at} />
      </td>
      <th scope="row">
        <Commit commit={row.commit} />
      </th>
      <td className="message" title={row.message ?? undefined}>
        <bdi>{row.message?.split("\n")[0] ?? ""}</bdi>
      </td>
      <td className="actor">
        <bdi>{row.actor ?? ""}</bdi>
      </td>
      {columns.map((column) => (
        <Cell key={column.id} cell={row.cells[String(column.id)]} column={column} />
      ))}
    </tr>
  );
});

/** Arrow keys go from cell to cell, over those that were not built. */
function move(event: KeyboardEvent<HTMLTableSectionElement>): void {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  const at = (event.target as Element).closest("td");
  const row = at?.closest("tr");
  if (step === undefined || at == null || row == null) return;
  event.preventDefault();
  const rows = [...event.currentTarget.rows];
  const [down = 0, right = 0] = step;
  let y = rows.indexOf(row) + down;
  let x = at.cellIndex + right;
  for (; rows[y]?.cells[x] !== undefined; y += down, x += right) {
    const link = rows[y]?.cells[x]?.querySelector("a");
    if (link != null) {
      link.focus();
      return;
    }
  }
}

export function Table({ grid }: { grid: Pick<Grid, "pipelines" | "commits"> }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard
    <div className="grid-wrap" tabIndex={0} role="region" aria-label="Commits by pipelines">
      <table className="plain grid">
        <thead>
          <tr>
            <th scope="col" className="num">Age</th>
            <th scope="col">Commit</th>
            <th scope="col">Message</th>
            <th scope="col">Author</th>
            {grid.pipelines.map((column) => (
              <th key={column.id} scope="col" className="column">
                <Link href={pipelinePath(column.id)} title={column.file === null ? column.pipeline : `${column.pipeline} (${column.file})`}>
                  <bdi>{column.pipeline}</bdi>
                  {column.file !== null && <small><bdi>{column.file.split("/").at(-1)}</bdi></small>}
                </Link>
              </th>
            ))}
          </tr>
        </thead>
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- arrow keys beside Tab; each cell stays a link */}
        <tbody onKeyDown={move}>
          {grid.commits.map((row) => (
            <CommitRow key={row.commit} row={row} columns={grid.pipelines} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
