import type { ReactNode } from "react";
import { Link } from "wouter";

import type { Build } from "../../api/types";
import { buildPath } from "../../lib/base";
import { duration, plainText } from "../../lib/format";
import { StatusPill } from "../Pill";
import { Ago, Branch, Commit, Name, ProviderLink, Short, Took } from "../Text";

export interface Column {
  /** A column that sorts has the API's `sort` word. */
  id: keyof Build;
  title: string;
  sorts?: boolean;
  numeric?: boolean;
  cell: (build: Build) => ReactNode;
}

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
      {build.commit !== null && <Commit commit={build.commit} />} {build.actor !== null && <small><Short name={build.actor} /></small>}
    </>
  );
}

function Started({ build }: { build: Build }) {
  const at = build.started_at ?? build.created_at ?? null;
  return at === null ? <span className="quiet">–</span> : <Ago at={at} />;
}

export const columns: readonly Column[] = [
  { id: "status", title: "Status", sorts: true, cell: (build) => <StatusPill status={build.status} conclusion={build.conclusion} /> },
  { id: "pipeline", title: "Pipeline", sorts: true, cell: (build) => <Which build={build} /> },
  { id: "branch", title: "Branch", sorts: true, cell: (build) => <Branch branch={build.branch} /> },
  { id: "commit", title: "Commit", cell: (build) => <Who build={build} /> },
  { id: "event", title: "Event", cell: (build) => <small>{build.event?.replaceAll("_", " ") ?? "–"}</small> },
  { id: "queue_seconds", title: "Queued", sorts: true, numeric: true, cell: (build) => duration(build.queue_seconds) },
  { id: "duration_seconds", title: "Duration", sorts: true, numeric: true, cell: (build) => <Took build={build} /> },
  { id: "started_at", title: "Started", sorts: true, numeric: true, cell: (build) => <Started build={build} /> },
  { id: "url", title: "Run", cell: (build) => <ProviderLink url={build.url} provider={build.provider} short /> },
];
