"""How a job's steps lie in its time, where its plan names them only. A pure function of the plan."""

from __future__ import annotations

from datetime import datetime, timedelta
from zlib import crc32

from collector.demo.plans import Job, Step


def _shares(job: Job) -> list[float]:
    """Each step's share of the job, first step small as "Set up job" is; the same at every look."""
    weights = [1 + crc32(f"{job.id}/{name}".encode()) % 900 / 100 for name in job.step_names]
    weights[0] = min(weights[0], 1.0)
    total = sum(weights)
    return [weight / total for weight in weights]


def _conclusions(job: Job) -> list[str]:
    """success up to the failing (or cancelled) step, skipped after it; the closing step runs always."""
    if job.conclusion in ("success", "neutral"):
        return ["success"] * len(job.step_names)
    broken = job.failing_step if job.failing_step in job.step_names else job.step_names[-2:][0]
    place = job.step_names.index(broken) if broken is not None else 0
    own = "cancelled" if job.conclusion in ("cancelled", "timed_out") else "failure"
    words = ["success"] * place + [own] + ["skipped"] * (len(job.step_names) - place - 1)
    if len(words) > place + 1:
        words[-1] = "success"
    return words


def steps_of(job: Job, now: datetime) -> list[Step]:
    """The job's steps that are known at ``now``: none before a runner took it, none of a skipped job."""
    if job.steps is not None:
        return list(job.steps)
    started = job.carried_over or (job.starts_at is not None and job.starts_at <= now)
    if not started or job.starts_at is None or not job.step_names or job.conclusion == "skipped":
        return []
    length = (job.ends_at or job.starts_at + timedelta(minutes=30)) - job.starts_at
    conclusions = _conclusions(job)
    running = [share for share, word in zip(_shares(job), conclusions, strict=True) if word != "skipped"]
    scale, at, rows = 1 / sum(running), job.starts_at, []
    for place, (name, share, word) in enumerate(zip(job.step_names, _shares(job), conclusions, strict=True)):
        end = at if word == "skipped" else _whole(at + length * share * scale)
        rows.append(Step(name, place + 1, at, None if job.ends_at is None and end > now else end, word))
        at = end
    return rows


def _whole(value: datetime) -> datetime:
    return value.replace(microsecond=0)
