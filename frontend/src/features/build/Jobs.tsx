import { useState } from "react";

import type { BuildDetail, Job, Step } from "../../api/types";
import { Icon } from "../../components/Icon";
import { Panel } from "../../components/Panel";
import { StatusPill } from "../../components/Pill";
import { ProviderLink } from "../../components/Text";
import { useNow } from "../../lib/clock";
import { duration, instant, providerName } from "../../lib/format";
import { buildMark, finished, type Tone } from "../../lib/status";
import { axisOf, criticalPath, queuedLane, ranLane, ranSeconds, type Axis, type Lane } from "./lanes";

const SMALLEST_PERCENT = 0.6;

function Bar({ lane, kind }: { lane: Lane | null; kind: string }) {
  if (lane === null) return null;
  return <i className={kind} style={{ left: `${Math.min(lane.start, 100 - SMALLEST_PERCENT)}%`, width: `${Math.max(lane.width, SMALLEST_PERCENT)}%` }} />;
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
      <span className="lane">{axis && <Bar lane={ranLane(step, axis, now)} kind={`r ${mark.tone}`} />}</span>
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

const waitsFor = (job: Job): string => (job.status === "queued" ? (job.labels.length > 0 ? `waits for a runner: ${job.labels.join(", ")}` : "waits") : "");

function titleOf(job: Job): string | undefined {
  const parts = [
    job.queue_seconds === null ? "" : `queued ${duration(job.queue_seconds)}`,
    job.runner === null ? "" : `on ${job.runner}`,
    job.labels.length === 0 ? "" : job.labels.join(", "),
  ].filter((part) => part !== "");
  return parts.length === 0 ? undefined : parts.join(" · ");
}

function JobRow({ job, provider, critical, axis, now }: { job: Job; provider: string; critical: boolean } & TimedProps) {
  const [open, setOpen] = useState(job.status === "failure" || job.status === "in_progress");
  const tone: Tone = buildMark(job.status).tone;
  const waits = waitsFor(job);
  return (
    <>
      <li className={critical ? "critical" : undefined}>
        <span className="jcell">
          <JobName job={job} open={open} onToggle={() => setOpen(!open)} />
          <ProviderLink url={job.url} provider={provider} short />
        </span>
        <span className="lane" title={titleOf(job)}>
          {waits !== "" && <small>{waits}</small>}
          {axis && <Bar lane={queuedLane(job, axis)} kind="q" />}
          {axis && <Bar lane={ranLane(job, axis, now)} kind={`r ${tone}${critical ? " on-path" : ""}`} />}
          {critical && <span className="visually-hidden">on the critical path</span>}
        </span>
        <span className="num">{job.status === "skipped" ? "–" : duration(ranSeconds(job, now))}</span>
      </li>
      {open && job.steps.map((step) => <StepRow key={step.number} step={step} axis={axis} now={now} />)}
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
function pathNote(jobs: readonly Job[], path: ReadonlySet<number>): string {
  const waited = jobs.reduce((sum, job, index) => sum + (path.has(index) ? Math.max(0, job.queue_seconds ?? 0) : 0), 0);
  return waited < 1 ? "" : ` · waited ${duration(waited)} for runners on it`;
}

export function Jobs({ build }: { build: BuildDetail }) {
  const clock = useNow(1);
  // A job whose end was never told ended with its build at the latest.
  const now = finished(build.status) && build.completed_at !== null ? instant(build.completed_at) : clock;
  const axis = axisOf(build, now);
  const path = build.jobs.length > 1 ? criticalPath(build.jobs, now) : new Set<number>();
  const legend = (
    <>
      <i className="hatch" /> queued <i className="solid" /> ran
      {path.size > 0 && (
        <>
          {" "}
          <i className="outlined" /> critical path{pathNote(build.jobs, path)}
        </>
      )}
    </>
  );
  return (
    <Panel title="Jobs and steps" aside={build.jobs.length > 0 && legend}>
      {build.jobs.length === 0 && <NoJobs build={build} />}
      <ol className="fall">
        {build.jobs.map((job, index) => (
          <JobRow key={`${build.id} ${index}`} job={job} provider={build.provider} critical={path.has(index)} axis={axis} now={now} />
        ))}
      </ol>
    </Panel>
  );
}
