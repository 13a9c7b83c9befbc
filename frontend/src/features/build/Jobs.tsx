import { useState } from "react";

import type { BuildDetail, Job, Status, Step } from "../../api/types";
import { Icon } from "../../components/Icon";
import { Panel } from "../../components/Panel";
import { StatusPill } from "../../components/Pill";
import { ProviderLink } from "../../components/Text";
import { useNow } from "../../lib/clock";
import { duration, instant, providerName } from "../../lib/format";
import { buildMark, finished } from "../../lib/status";
import { axisOf, criticalPath, isCarriedOver, queuedLane, ranLane, ranSeconds, type Axis, type Lane } from "./lanes";

const SMALLEST_PERCENT = 0.6;

/** `status`: of what ran; without one it is time in a queue. */
function Bar({ lane, status, critical = false }: { lane: Lane | null; status?: Status; critical?: boolean }) {
  if (lane === null) return null;
  const kind = status === undefined ? "q" : critical ? "fill on-path" : "fill";
  return <i className={kind} data-status={status} style={{ left: `${Math.min(lane.start, 100 - SMALLEST_PERCENT)}%`, width: `${Math.max(lane.width, SMALLEST_PERCENT)}%` }} />;
}

interface TimedProps {
  axis: Axis | null;
  now: number;
}

function StepRow({ step, axis, now }: { step: Step } & TimedProps) {
  const mark = buildMark(step.status);
  return (
    <li className="step">
      <span className="jname">
        <span className={`si ${mark.tone}`}>
          <Icon name={mark.icon} />
          <span className="visually-hidden">{mark.word}</span>
        </span>
        <bdi title={step.name}>{step.name}</bdi>
      </span>
      <span className="lane">{axis && <Bar lane={ranLane(step, axis, now)} status={step.status} />}</span>
      <span className="num">{step.status === "skipped" ? "–" : duration(ranSeconds(step, now))}</span>
    </li>
  );
}

function JobName({ job, open, onToggle }: { job: Job; open: boolean; onToggle: () => void }) {
  const name = (
    <>
      <StatusPill status={job.status} conclusion={job.conclusion} /> <bdi title={job.name}>{job.name}</bdi>
    </>
  );
  if (job.steps.length === 0) return <span className="jname">{name}</span>;
  return (
    <button type="button" className={open ? "jname open" : "jname"} aria-expanded={open} onClick={onToggle}>
      <Icon name="chevron" /> {name}
    </button>
  );
}

/** What stands in place of the bars. */
function noteOf(job: Job, carried: boolean): string {
  if (carried) return "not run again: kept from an earlier attempt";
  if (job.status !== "queued") return "";
  return job.labels.length > 0 ? `waits for a runner: ${job.labels.join(", ")}` : "waits";
}

function titleOf(job: Job): string | undefined {
  const parts = [
    job.queue_seconds === null ? "" : `queued ${duration(job.queue_seconds)}`,
    job.runner === null ? "" : `on ${job.runner}`,
    job.labels.length === 0 ? "" : job.labels.join(", "),
  ].filter((part) => part !== "");
  return parts.length === 0 ? undefined : parts.join(" · ");
}

interface JobRowProps extends TimedProps {
  job: Job;
  provider: string;
  critical: boolean;
  carried: boolean;
}

function JobLane({ job, critical, carried, axis, now }: Omit<JobRowProps, "provider">) {
  const note = noteOf(job, carried);
  return (
    <span className="lane" title={titleOf(job)}>
      {note !== "" && <small>{note}</small>}
      {axis && <Bar lane={queuedLane(job, axis)} />}
      {axis && <Bar lane={ranLane(job, axis, now)} status={job.status} critical={critical} />}
      {critical && <span className="visually-hidden">on the critical path</span>}
    </span>
  );
}

function JobRow({ job, provider, critical, carried, axis, now }: JobRowProps) {
  const [open, setOpen] = useState((job.status === "failure" || job.status === "in_progress") && !carried);
  const place = carried ? null : axis;
  return (
    <>
      <li className={carried ? "carried" : critical ? "critical" : undefined}>
        <span className="jcell">
          <JobName job={job} open={open} onToggle={() => setOpen(!open)} />
          <ProviderLink url={job.url} provider={provider} short />
        </span>
        <JobLane job={job} critical={critical} carried={carried} axis={place} now={now} />
        <span className="num">{job.status === "skipped" ? "–" : duration(ranSeconds(job, now))}</span>
      </li>
      {open && job.steps.map((step) => <StepRow key={step.number} step={step} axis={place} now={now} />)}
    </>
  );
}

function NoJobs({ build }: { build: BuildDetail }) {
  return (
    <p className="empty">
      {finished(build.status) ? `No jobs are known of this build. ${providerName(build.provider)} may not have told of them, or they were pruned.` : "No jobs are known yet."}
    </p>
  );
}

/** How much of the build's length the critical path's jobs waited. */
function pathNote(jobs: readonly Job[], path: ReadonlySet<Job>): string {
  const waited = jobs.reduce((sum, job) => sum + (path.has(job) ? Math.max(0, job.queue_seconds ?? 0) : 0), 0);
  return waited < 1 ? "" : ` · waited ${duration(waited)} for runners on it`;
}

export function Jobs({ build }: { build: BuildDetail }) {
  const clock = useNow(1);
  // A job whose end was never told ended with its build at the latest.
  const now = finished(build.status) && build.completed_at !== null ? instant(build.completed_at) : clock;
  const ran = build.jobs.filter((job) => !isCarriedOver(job, build));
  const axis = axisOf(ran, now);
  const path = ran.length > 1 ? criticalPath(ran, now) : new Set<Job>();
  const legend = (
    <>
      <span className="key"><i className="hatch" /> queued</span> <span className="key"><i className="solid" /> ran</span>
      {path.size > 0 && (
        <>
          {" "}
          <span className="key"><i className="outlined" /> critical path{pathNote(ran, path)}</span>
        </>
      )}
    </>
  );
  return (
    <Panel title="Jobs and steps" aside={build.jobs.length > 0 && legend}>
      {build.jobs.length === 0 && <NoJobs build={build} />}
      <ol className="fall">
        {build.jobs.map((job, index) => (
          <JobRow key={`${build.id} ${index}`} job={job} provider={build.provider} critical={path.has(job)} carried={!ran.includes(job)} axis={axis} now={now} />
        ))}
      </ol>
    </Panel>
  );
}
