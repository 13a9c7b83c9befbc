import { createColumnHelper } from "@tanstack/react-table";
import { Link } from "wouter";

import type { Build } from "../../api/types";
import { buildPath } from "../../lib/base";
import { duration, plainText } from "../../lib/format";
import { StatusPill } from "../Pill";
import { Ago, Branch, Commit, Name, ProviderLink, Took } from "../Text";

const column = createColumnHelper<Build>();

/** The second line, only where it says something: why it failed, why it waits, which attempt it is. */
function noteOf(build: Build): string {
  const notes = [
    ...(build.status === "failure" ? [build.failing_step ?? "", plainText(build.error ?? "")] : []),
    build.attempt > 1 ? `attempt ${build.attempt}` : "",
    build.conclusion !== null && !["success", "failure", "cancelled", "skipped"].includes(build.conclusion.toLowerCase())
      ? build.conclusion.toLowerCase().replaceAll("_", " ")
      : "",
  ];
  return notes.filter((note) => note !== "").join(" · ");
}

function Which({ build }: { build: Build }) {
  const note = noteOf(build);
  return (
    <>
      <Link href={buildPath(build.id)}>
        <Name repo={build.repo} pipeline={build.pipeline} />
      </Link>
      {note !== "" && (
        <div className="note" title={note}>
          <bdi>{note}</bdi>
        </div>
      )}
    </>
  );
}

function Who({ build }: { build: Build }) {
  return (
    <>
      {build.commit !== null && <Commit commit={build.commit} />} {build.actor !== null && <small><bdi>{build.actor}</bdi></small>}
    </>
  );
}

function Started({ build }: { build: Build }) {
  const at = build.started_at ?? build.created_at ?? null;
  return at === null ? <span className="quiet">–</span> : <Ago at={at} />;
}

/** Column ids are the API's `sort` words. */
export const columns = [
  column.accessor("status", { header: "Status", cell: ({ row }) => <StatusPill status={row.original.status} conclusion={row.original.conclusion} /> }),
  column.accessor("pipeline", { header: "Pipeline", cell: ({ row }) => <Which build={row.original} /> }),
  column.accessor("branch", { header: "Branch", cell: ({ row }) => <Branch branch={row.original.branch} /> }),
  column.accessor("commit", { header: "Commit", enableSorting: false, cell: ({ row }) => <Who build={row.original} /> }),
  column.accessor("event", { header: "Event", enableSorting: false, cell: ({ getValue }) => <small>{getValue()?.replaceAll("_", " ") ?? "–"}</small> }),
  column.accessor("queue_seconds", { header: "Queued", meta: { numeric: true }, cell: ({ getValue }) => duration(getValue()) }),
  column.accessor("duration_seconds", { header: "Duration", meta: { numeric: true }, cell: ({ row }) => <Took build={row.original} /> }),
  column.accessor("started_at", { header: "Started", meta: { numeric: true }, cell: ({ row }) => <Started build={row.original} /> }),
  column.accessor("url", {
    header: "Run",
    enableSorting: false,
    cell: ({ row }) => <ProviderLink url={row.original.url} provider={row.original.provider} short />,
  }),
];
