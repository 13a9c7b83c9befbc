import { useState } from "react";

import type { BuildDetail, Job, Step } from "../../api/types";
import { Icon } from "../../components/Icon";
import { Panel } from "../../components/Panel";
import { StatusPill } from "../../components/Pill";
import { useNow } from "../../lib/clock";
import { duration, instant, providerName } from "../../lib/format";
import { buildMark, finished, type Tone } from "../../lib/status";
import { axisOf, queuedLane, ranLane, ranSeconds, type Axis, type Lane } from "./lanes";

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

const waitsFor = (job: Job): string => (job.status === "queued" && job.labels.length > 0 ? `waits for a runner: ${job.labels.join(", ")}` : "");

function JobRow({ job, axis, now }: { job: Job } & TimedProps) {
  const [open, setOpen] = useState(job.status === "failure" || job.status === "in_progress");
  const tone: Tone = buildMark(job.status).tone;
  const waits = waitsFor(job);
  return (
    <>
      <li>
        <JobName job={job} open={open} onToggle={() => setOpen(!open)} />
        <span className="lane" title={job.queue_seconds !== null ? `queued ${duration(job.queue_seconds)}` : undefined}>
          {waits !== "" && <small>{waits}</small>}
          {axis && <Bar lane={queuedLane(job, axis)} kind="q" />}
          {axis && <Bar lane={ranLane(job, axis, now)} kind={`r ${tone}`} />}
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

export function Jobs({ build }: { build: BuildDetail }) {
  const clock = useNow(1);
  // A job whose end was never told ended with its build at the latest.
  const now = finished(build.status) && build.completed_at !== null ? instant(build.completed_at) : clock;
  const axis = axisOf(build, now);
  const legend = (
    <>
      <i className="hatch" /> queued <i className="solid" /> ran
    </>
  );
  return (
    <Panel title="Jobs and steps" aside={build.jobs.length > 0 && legend}>
      {build.jobs.length === 0 && <NoJobs build={build} />}
      <ol className="fall">
        {build.jobs.map((job, index) => (
          <JobRow key={`${build.id} ${index}`} job={job} axis={axis} now={now} />
        ))}
      </ol>
    </Panel>
  );
}
