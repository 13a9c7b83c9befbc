"""What a build's own object does not tell: its stages, and the end of a failed build's console."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from collector.domain.errors import MappingError, NotFound
from collector.domain.model import JobWord, LogSnippet, RunWord, Status
from collector.providers.base import DetailRead, KnownBuild
from collector.providers.jenkins.api import Api
from collector.providers.jenkins.console import excerpt
from collector.providers.jenkins.jobs import Job
from collector.providers.jenkins.mapping import MappedBuild
from collector.providers.jenkins.stages import Stages, map_stages

log = structlog.get_logger(__name__)

CONSOLE_BYTES = 512 * 1024
TRIES = 3


@dataclass(frozen=True, slots=True)
class Want:
    """A build whose details are to be read."""

    job: Job
    build: MappedBuild
    stages: bool
    console: bool
    tries: int = 0

    def again(self) -> Want | None:
        """None once it was tried often enough."""
        return replace(self, tries=self.tries + 1) if self.tries + 1 < TRIES else None


@dataclass(frozen=True, slots=True)
class Detail:
    """What was read of a ``Want``. ``stages_missing``: the controller does not know stages."""

    words: tuple[RunWord | JobWord, ...] = ()
    logs: tuple[LogSnippet, ...] = ()
    read: DetailRead | None = None
    stages_missing: bool = False


def want_of(job: Job, build: MappedBuild, known: KnownBuild | None, *, stages: bool) -> Want | None:
    """What is still to be read of a build; None when nothing. The log of a build is read once."""
    run = build.run
    is_read = known is not None and known.detail_at is not None and known.detail_at == build.ended_at
    stages_wanted = stages and build.has_stages and not (run.status.finished and is_read)
    console_wanted = run.status is Status.FAILURE and not (known is not None and known.log_read)
    if not stages_wanted and not console_wanted:
        return None
    return Want(job, build, stages_wanted, console_wanted)


def read_detail(api: Api, want: Want) -> Detail:
    """At most three requests. Raises SourceError when one of them has no usable answer."""
    stages = _read_stages(api, want) if want.stages else None
    snippets = _read_console(api, want, stages.failing if stages else None) if want.console else ()
    return Detail(
        words=_words(want.build.run, stages),
        logs=snippets,
        read=_read(want, want.build.ended_at),
        stages_missing=want.stages and stages is None,
    )


def _words(run: RunWord, stages: Stages | None) -> tuple[RunWord | JobWord, ...]:
    if stages is None:
        return ()
    if run.queue_seconds is None and stages.queue_seconds is not None:
        return replace(run, queue_seconds=stages.queue_seconds), *stages.jobs
    return stages.jobs


def _read(want: Want, ended_at: datetime | None) -> DetailRead | None:
    """None while the build runs: its stages are read again."""
    run = want.build.run
    if not run.status.finished:
        return None
    return DetailRead(run.key, ended_at, log_read=run.status is Status.FAILURE, build_started_at=run.started_at)


def _read_stages(api: Api, want: Want) -> Stages | None:
    """None when there are no stages to ask for, or they make no sense."""
    try:
        raw = api.object(f"{want.job.path}/{want.build.number}/wfapi/describe")
        return map_stages(raw, want.build.run, want.job.rules)
    except NotFound:
        return None
    except MappingError as exc:
        log.warning(
            "the stages of a build are malformed and are left out; the build itself is kept",
            controller=want.job.rules.instance,
            build=want.build.run.key.external_id,
            error=str(exc),
            advice="update Jenkins' plugin pipeline-rest-api",
        )
        return Stages((), None)


def _read_console(api: Api, want: Want, stage: str | None) -> tuple[LogSnippet, ...]:
    run = want.build.run
    try:
        raw = console_end(api, f"{want.job.path}/{want.build.number}/logText/progressiveText", CONSOLE_BYTES)
    except NotFound:
        return ()
    text, error_line = excerpt(raw)
    if not text.strip():
        return ()
    return (LogSnippet(run.key, text, error_line, job_name=stage, build_started_at=run.started_at),)


def console_end(api: Api, path: str, keep_bytes: int) -> bytes:
    """The last ``keep_bytes`` of a console at most. ``X-Text-Size`` of the first answer says whether it goes on.

    Raises SourceError. A start beyond the end would bring all of it, so the size is asked for first.
    """
    first = api.beginning(path, {"start": 0}, keep_bytes)
    size = first.headers.get("X-Text-Size", "")
    if len(first.body) < keep_bytes or not (size.isascii() and size.isdigit()) or int(size) <= keep_bytes:
        return first.body
    end = api.beginning(path, {"start": int(size) - keep_bytes}, keep_bytes).body
    # The first line is cut somewhere, and what is left of it might be half of a secret that no mask knows.
    return end[end.find(b"\n") + 1 :]
