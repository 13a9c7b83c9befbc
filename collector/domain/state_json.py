"""A build's state as JSON text, for storage. Jobs are rows of their own and a log's text is kept apart."""

from __future__ import annotations

import json
from dataclasses import astuple, replace
from datetime import datetime
from typing import Any

from collector.domain.folding import JobsFold
from collector.domain.merge import BuildState, Core, Fact, FactValue, LogText
from collector.domain.model import BuildKey, JobWord, PipelineRef, PlainJob, PlainWord, Status, Step

_INSTANT_FACTS = frozenset({"created_at", "started_at"})


def to_json(state: BuildState) -> str:
    """Compact and with sorted keys: equal states give equal texts. ``jobs`` and ``log.text`` are left out."""
    return json.dumps(_state(state), separators=(",", ":"), sort_keys=True)


def from_json(text: str, key: BuildKey) -> BuildState:
    """The inverse of ``to_json``; the caller adds the jobs."""
    return _parse_state(json.loads(text), key)


def job_to_json(job: JobWord) -> str:
    """A job's winning word; its steps and all."""
    return json.dumps(_job(job), separators=(",", ":"), sort_keys=True)


def job_from_json(text: str, key: BuildKey) -> JobWord:
    raw = json.loads(text)
    steps = tuple(_parse_step(step) for step in raw.pop("steps", ()))
    instants: dict[str, Any] = {name: _instant(raw.pop(name, None)) for name in _JOB_INSTANTS}
    pipeline = PipelineRef(*raw.pop("pipeline", ()))
    labels = tuple(raw.pop("labels", ()))
    status = Status(raw.pop("status"))
    return JobWord(key=key, status=status, labels=labels, steps=steps, pipeline=pipeline, **instants, **raw)


_JOB_INSTANTS = ("created_at", "started_at", "completed_at", "build_started_at")
_JOB_TEXTS = (
    "job_id", "name", "conclusion", "runner", "url", "branch", "commit", "actor", "run_url", "repo_external_id",
)  # fmt: skip


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """Without what nobody told: states are stored by the million."""
    return {name: value for name, value in values.items() if value not in (None, {}, [], ())}


def _state(state: BuildState) -> dict[str, Any]:
    core, log = state.core, state.log
    return _told(
        {
            "repo": state.key.repo,
            "core": core and [list(core.order), core.status, core.conclusion, _text(core.updated_at)],
            "facts": {name: [list(fact.order), _fact_value(fact.value)] for name, fact in state.facts.items()},
            "first_finished_at": _text(state.first_finished_at),
            "starts": state.starts and [_text(at) for at in state.starts],
            "folded": _fold(state.folded),
            "plain": state.plain and _plain(state.plain),
            "log": log and [list(log.order), log.digest],
            "startless": state.startless and _state(state.startless),
        }
    )


def _parse_state(raw: dict[str, Any], key: BuildKey) -> BuildState:
    key = replace(key, repo=raw.get("repo", key.repo))
    starts, startless, log = raw.get("starts"), raw.get("startless"), raw.get("log")
    return BuildState(
        key=key,
        core=_parse_core(raw.get("core")),
        facts={name: _parse_fact(name, fact) for name, fact in raw.get("facts", {}).items()},
        first_finished_at=_instant(raw.get("first_finished_at")),
        starts=(datetime.fromisoformat(starts[0]), datetime.fromisoformat(starts[1])) if starts else None,
        folded=_parse_fold(raw.get("folded", {})),
        plain=_parse_plain(raw["plain"], key) if "plain" in raw else None,
        log=LogText(tuple(log[0]), log[1], None) if log else None,
        startless=_parse_state(startless, key) if startless else None,
    )


def _parse_core(raw: list[Any] | None) -> Core | None:
    return Core(tuple(raw[0]), Status(raw[1]), raw[2], _instant(raw[3])) if raw else None


def _parse_fact(name: str, raw: list[Any]) -> Fact:
    return Fact(tuple(raw[0]), datetime.fromisoformat(raw[1]) if name in _INSTANT_FACTS else raw[1])


def _fold(fold: JobsFold) -> dict[str, Any]:
    first = fold.first_queued
    return _told(
        {
            "started_at": _text(fold.started_at),
            "completed_at": _text(fold.completed_at),
            "first_queued": first and [_text(first[0]), first[1]],
            "final": fold.final or None,
        }
    )


def _parse_fold(raw: dict[str, Any]) -> JobsFold:
    first = raw.get("first_queued")
    queued = (datetime.fromisoformat(first[0]), float(first[1])) if first else None
    return JobsFold(_instant(raw.get("started_at")), _instant(raw.get("completed_at")), queued, bool(raw))


_PLAIN_TEXTS = ("branch", "commit", "message", "actor", "event", "url")


def _plain(word: PlainWord) -> dict[str, Any]:
    jobs = [[job.name, job.status, _text(job.started_at), _text(job.completed_at)] for job in word.jobs]
    return _told(
        {
            "repo": word.key.repo,
            "pipeline": word.pipeline.name,
            "status": word.status,
            "started_at": _text(word.started_at),
            "completed_at": _text(word.completed_at),
            "duration_seconds": word.duration_seconds,
            "jobs": jobs,
            **{name: getattr(word, name) for name in _PLAIN_TEXTS},
        }
    )


def _parse_plain(raw: dict[str, Any], key: BuildKey) -> PlainWord:
    jobs = (PlainJob(name, Status(status), _instant(a), _instant(b)) for name, status, a, b in raw.get("jobs", ()))
    return PlainWord(
        key=replace(key, repo=raw["repo"]),
        pipeline=PipelineRef(name=raw.get("pipeline")),
        status=Status(raw["status"]),
        started_at=_instant(raw.get("started_at")),
        completed_at=_instant(raw.get("completed_at")),
        duration_seconds=raw.get("duration_seconds"),
        jobs=tuple(jobs),
        **{name: raw.get(name) for name in _PLAIN_TEXTS},
    )


def _job(job: JobWord) -> dict[str, Any]:
    return _told(
        {
            "status": job.status,
            "labels": job.labels,
            "pause_seconds": job.pause_seconds or None,
            "pipeline": [] if job.pipeline == PipelineRef() else list(astuple(job.pipeline)),
            "steps": [_step(step) for step in job.steps],
            **{name: _text(getattr(job, name)) for name in _JOB_INSTANTS},
            **{name: getattr(job, name) for name in _JOB_TEXTS},
        }
    )


def _step(step: Step) -> list[Any]:
    return [step.name, step.number, step.status, step.conclusion, _text(step.started_at), _text(step.completed_at)]


def _parse_step(raw: list[Any]) -> Step:
    return Step(raw[0], raw[1], Status(raw[2]), raw[3], _instant(raw[4]), _instant(raw[5]))


def _fact_value(value: FactValue) -> str | float:
    return value.isoformat() if isinstance(value, datetime) else value


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
