"""Jenkins' webhooks as words: the Notification plugin's. Pure.

Its ``timestamp`` means something else in each phase (the plugin's JobListener): entry into the queue in QUEUED,
start in STARTED, end in COMPLETED, time of sending in FINALIZED. COMPLETED and FINALIZED both come for one build:
they are words about the same key. The job is told by ``build.url``; ``name`` is only the last part of it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from collector.domain.errors import MappingError
from collector.domain.model import LogSnippet, RunWord, Status
from collector.domain.names import clean_branch
from collector.providers.base import Batch, NotForUs
from collector.providers.jenkins.console import excerpt
from collector.providers.jenkins.controllers import Controller, controller_for
from collector.providers.jenkins.fields import Fields, instant, number, seconds
from collector.providers.jenkins.jobs import Address, Job, KnowsMultibranch, job_of, looks_like_branch, read_address
from collector.providers.jenkins.mapping import status_of
from collector.providers.jenkins.selection import takes
from config.model import JenkinsSource

MAX_HEADER = 8192
_PHASES = ("QUEUED", "STARTED", "COMPLETED", "FINALIZED")


def _nobody_knows(_: str) -> bool | None:
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """What the receiver knows beside the body."""

    sources: Sequence[JenkinsSource] = ()
    """All sources of this provider."""
    signed: JenkinsSource | None = None
    """The source whose token came with it (see ``verify``); None: an ingest token, or none."""
    roots: Mapping[str, str] = field(default_factory=dict)
    """Source name to the reader's mark ``root``."""
    is_multibranch: KnowsMultibranch = _nobody_knows
    """Of a full name: whether a pipeline of that name with branches is known."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a webhook told, and the source that it is of (None: no source names its controller)."""

    batch: Batch
    source: JenkinsSource | None


@dataclass(frozen=True, slots=True)
class _Times:
    created_at: datetime | None = None
    started_at: datetime | None = None
    duration_seconds: float | None = None


def verify(tokens: Sequence[str], authorization_header: str | None) -> int | None:
    """The place of the token that the header carries (``Bearer``, or the password of ``Basic``); None: none of them.

    ``authorization_header`` is as WSGI gives it (bytes as Latin-1). Takes the same time whichever token is right.
    """
    told = _credential(authorization_header)
    found = None
    for place, token in enumerate(tokens):
        if hmac.compare_digest(token.encode("utf-8", "surrogatepass"), told or b"") and token and found is None:
            found = place
    return found


def is_native(body: object) -> bool:
    """Whether a body has the shape of a Jenkins plugin's webhook, and is not a plain body."""
    if not isinstance(body, dict):
        return False
    build = body.get("build")
    if isinstance(build, dict) and ("phase" in build or "full_url" in build):
        return True
    return _other_plugin(body) is not None


def parse(body: object, *, context: Context) -> Pushed | NotForUs:
    """The words that a native webhook tells. Raises MappingError naming the field of a malformed one."""
    envelope = Fields.of(body, "body")
    other = _other_plugin(envelope.values)
    if other is not None:
        return NotForUs(f"this is a message of {other}; use Jenkins' Notification plugin with the format JSON")
    build = envelope.child("build")
    if build is None:
        raise MappingError("body.build", "is missing; a Notification plugin's message has it")
    phase = build.need_text("phase")
    if phase == "NONE":
        return NotForUs("a message without a phase says nothing about a build")
    if phase not in _PHASES:
        raise MappingError(build.at("phase"), f"must be one of {', '.join(_PHASES)}")
    return _push(build, phase, context)


def _push(build: Fields, phase: str, context: Context) -> Pushed | NotForUs:
    address = _address(build)
    if address.cell is not None:
        return NotForUs("a cell of a matrix build is told by the build it belongs to")
    full_url = build.text("full_url", limit=2048)
    controller = controller_for(full_url, context.sources, context.signed, context.roots)
    if isinstance(controller, NotForUs):
        return controller
    scm = build.child("scm")
    branch = clean_branch(scm.text("branch")) if scm else None
    job = _job(address, controller, context.is_multibranch, branch)
    reason = takes(controller.source, job, branch) if controller.source else None
    if reason is not None:
        return NotForUs(reason)
    run = _run(build, phase, job, scm.text("commit") if scm else None, branch)
    return Pushed(Batch(words=(run,), logs=_logs(build, run)), controller.source)


def _address(build: Fields) -> Address:
    """The job's address, from ``url`` (relative) or ``full_url``; an address elsewhere is no address of a build."""
    for name in ("full_url", "url"):
        text = build.text(name, limit=2048)
        address = read_address(text) if text else None
        if text and address is None:
            raise MappingError(
                build.at(name), "must be a build's address, as in https://host/job/web/18/ or job/web/18/"
            )
        if address is not None:
            return address
    raise MappingError(build.at("url"), "is missing; it tells the job, as in job/web/18/")


def _job(address: Address, controller: Controller, knows: KnowsMultibranch, branch: str | None) -> Job:
    parent = "/".join(job_of(controller.rules, address.segments, multibranch=False).full_name.split("/")[:-1])
    known = knows(parent) if parent else False
    multibranch = looks_like_branch(address.segments, branch) if known is None else known
    return job_of(controller.rules, address.segments, multibranch=multibranch)


def _run(build: Fields, phase: str, job: Job, commit: str | None, branch: str | None) -> RunWord:
    found = number(build)
    status, conclusion = _status(build, phase, job)
    times = _times(build, phase)
    return RunWord(
        key=job.key(found),
        pipeline=job.pipeline,
        status=status,
        conclusion=conclusion,
        created_at=times.created_at,
        started_at=times.started_at,
        duration_seconds=times.duration_seconds,
        branch=job.branch or branch,
        commit=commit,
        url=build.web_url("full_url") or job.build_url(found),
        told_by="push",
    )


def _status(build: Fields, phase: str, job: Job) -> tuple[Status, str | None]:
    """On STARTED a status, if there, may be of the previous build: only the end tells one."""
    if phase == "QUEUED":
        return Status.QUEUED, None
    if phase == "STARTED":
        return Status.IN_PROGRESS, None
    return status_of(build.need_text("status"), job.rules)


def _times(build: Fields, phase: str) -> _Times:
    """Old versions of the plugin tell neither timestamp nor duration: then the collector's poll tells them."""
    told_at = instant(build, "timestamp")
    length = seconds(build, "duration")
    if phase == "QUEUED":
        return _Times(created_at=told_at)
    if phase == "STARTED":
        return _Times(started_at=told_at)
    if phase == "FINALIZED" or told_at is None or length is None:
        return _Times(duration_seconds=length)
    return _Times(started_at=_before(build, told_at, length), duration_seconds=length)


def _before(build: Fields, ended_at: datetime, length: float) -> datetime:
    started_at = ended_at - timedelta(seconds=length)
    if started_at.year < 1973:
        raise MappingError(build.at("duration"), "is longer than the time before the build's end")
    return started_at


def _logs(build: Fields, run: RunWord) -> tuple[LogSnippet, ...]:
    """What the plugin sends of a failed build's console (its setting ``loglines``)."""
    raw = build.values.get("log")
    if run.status is not Status.FAILURE or not isinstance(raw, str) or not raw.strip():
        return ()
    text, error_line = excerpt(raw)
    return (LogSnippet(run.key, text, error_line, build_started_at=run.started_at),)


def _credential(header: str | None) -> bytes | None:
    """What the sender shows as its token, in bytes; None for no header, another scheme, or one of over 8 KiB."""
    if header is None or len(header) > MAX_HEADER:
        return None
    scheme, _, value = header.strip().partition(" ")
    raw = _as_sent(value.strip())
    if scheme.lower() == "bearer":
        return raw
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(raw, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return None


def _as_sent(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _other_plugin(body: Mapping[str, object]) -> str | None:
    """Plugins that speak of builds in shapes that do not tell a start, an address or a scale of time surely."""
    if "build" in body:
        return None
    if "ciUrl" in body or ("buildUrl" in body and "startTime" in body):
        return "the statistics-gatherer plugin"
    if {"jobName", "result", "eventId"} <= body.keys():
        return "a global build notification plugin"
    return None
