"""The plain body: what any CI system may push without having a provider here. Pure.

``{pipeline, repo, branch, status, started_at, completed_at?, duration_seconds?, url?, logs?, external_id?, attempt?,
commit?, message?, actor?, event?, jobs?: [{name, status, started_at?, completed_at?}]}``
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import cast
from urllib.parse import urlsplit

from collector.domain.logs import clean_block, clean_text
from collector.domain.model import BuildKey, PipelineRef, PlainJob, PlainWord, Status
from collector.domain.names import clean_branch, controller_of, host_of
from collector.domain.times import parse_instant, to_text
from collector.providers.jenkins.jobs import decoded, read_address

WAITING = frozenset({"waiting", "requested", "pending"})
"""Other words for queued, as GitHub has them."""
NAME_CHARS = 512
MESSAGE_CHARS = 4096
URL_CHARS = 2048
MOST_JOBS = 1000
LOG_BYTES = 16384
KEYS = frozenset({
    "pipeline", "repo", "branch", "status", "started_at", "completed_at", "duration_seconds", "url", "logs",
    "external_id", "attempt", "commit", "message", "actor", "event", "jobs",
})  # fmt: skip
JOB_KEYS = frozenset({"name", "status", "started_at", "completed_at"})
MOST_IGNORED = 20
IGNORED_CHARS = 100
_LONGEST_SECONDS = 10 * 365 * 86400.0
_SKEW = timedelta(minutes=1)
"""An end may lie this much before its start: clocks differ. Earlier than that somebody mixed up the two."""
_GITHUB_RUN = re.compile(r"/([^/]+/[^/]+)/actions/runs/([0-9]{1,19})(?:/attempts/([0-9]{1,9}))?(?:/.*)?")
_TEXT_BREAKERS = re.compile(r"[\x00\ud800-\udfff]")


class PlainError(Exception):
    """A plain body is refused: ``field`` is where (``jobs[2].status``; ``body`` for the whole), ``message`` why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}")
        self.field, self.message = field, message


def parse(provider: str, body: object, *, default_instance: str | None, known: Iterable[str] = ()) -> PlainWord:
    """The word of one plain body of ``provider``; keys it does not know are left alone (see ``ignored_keys``).

    ``default_instance`` is that of a body without a url. ``known`` are secrets to mask in the log.
    Raises PlainError. Nothing is guessed: without external_id and url the key is a digest of what was said.
    """
    if not isinstance(body, Mapping):
        raise PlainError("body", "must be a JSON object")
    reader = _Reader(cast("Mapping[str, object]", body))
    pipeline, repo = reader.name("pipeline"), reader.name("repo")
    branch = clean_branch(reader.optional_name("branch"))
    started_at, completed_at = _times(reader, required=True)
    url = _url(reader)
    return PlainWord(
        key=_key(reader, provider, default_instance, url, (pipeline, repo, branch or "", to_text(_told(started_at)))),
        pipeline=PipelineRef(name=pipeline),
        status=reader.status(),
        started_at=started_at,
        completed_at=completed_at,
        duration_seconds=_duration(reader),
        branch=branch,
        commit=reader.optional_name("commit"),
        message=reader.text("message", MESSAGE_CHARS),
        actor=reader.optional_name("actor"),
        event=reader.optional_name("event"),
        url=url,
        logs=_logs(reader, known),
        jobs=_jobs(reader),
    )


def ignored_keys(body: object) -> tuple[str, ...]:
    """The keys of a plain body that nothing reads, as ``foo`` or ``jobs[].foo``: the first 20, each fit to be shown."""
    if not isinstance(body, Mapping):
        return ()
    jobs = body.get("jobs")
    of_jobs = (job for job in (jobs if isinstance(jobs, list) else ()) if isinstance(job, Mapping))
    found = chain(
        (key for key in body if key not in KEYS),
        (f"jobs[].{key}" for job in of_jobs for key in job if key not in JOB_KEYS),
    )
    shown = (clean_text(str(key), IGNORED_CHARS) for key in islice(dict.fromkeys(found), MOST_IGNORED))
    return tuple(key for key in shown if key)


class _Reader:
    """Reads one JSON object's fields; ``prefix`` is put before their names in refusals."""

    def __init__(self, body: Mapping[str, object], prefix: str = "") -> None:
        self.body, self.prefix = body, prefix

    def refuse(self, field: str, message: str) -> PlainError:
        return PlainError(self.prefix + field, message)

    def raw_text(self, field: str) -> str | None:
        """Text as it came; None for null and for nothing."""
        value = self.body.get(field)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self.refuse(field, "must be text")
        return value

    def text(self, field: str, limit: int) -> str | None:
        """Free text on one line, cut at ``limit``."""
        value = self.raw_text(field)
        return None if value is None else clean_text(value, limit) or None

    def optional_name(self, field: str) -> str | None:
        """A name: never cut, as a cut name is another one. Characters that nobody can see are left out."""
        value = self.raw_text(field)
        if value is None:
            return None
        if len(value) > NAME_CHARS:
            raise self.refuse(field, f"is longer than {NAME_CHARS} characters")
        if _TEXT_BREAKERS.search(value):
            raise self.refuse(field, "holds a NUL or half a surrogate pair, which is no text")
        return clean_text(value, NAME_CHARS) or None

    def name(self, field: str) -> str:
        value = self.optional_name(field)
        if value is None:
            raise self.refuse(field, "is missing or empty")
        return value

    def instant(self, field: str, *, required: bool) -> datetime | None:
        value = self.body.get(field)
        if value is None and not required:
            return None
        try:
            return parse_instant(value)
        except ValueError as exc:
            raise self.refuse(field, f"is refused: {exc}" if value is not None else "is missing") from exc

    def status(self) -> Status:
        value = self.body.get("status")
        if isinstance(value, str) and value in WAITING:
            return Status.QUEUED
        if not isinstance(value, str) or value not in set(Status):
            raise self.refuse("status", f"must be one of {', '.join(Status)}")
        return Status(value)

    def whole_number(self, field: str, least: int, most: int) -> int | None:
        value = self.body.get(field)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.refuse(field, f"must be a whole number from {least} to {most}")
        return value


def _told(instant: datetime | None) -> datetime:
    if instant is None:
        raise PlainError("started_at", "is missing")
    return instant


def _times(reader: _Reader, *, required: bool) -> tuple[datetime | None, datetime | None]:
    started_at = reader.instant("started_at", required=required)
    completed_at = reader.instant("completed_at", required=False)
    if started_at and completed_at and completed_at < started_at - _SKEW:
        raise reader.refuse("completed_at", "is well before started_at")
    return started_at, completed_at


def _duration(reader: _Reader) -> float | None:
    value = reader.body.get("duration_seconds")
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # Compared before it is converted: an integer of 400 digits is no float.
    if not is_number or not 0 <= cast("float", value) <= _LONGEST_SECONDS or math.isnan(cast("float", value)):
        raise reader.refuse("duration_seconds", "must be a number of seconds, not negative and at most ten years")
    return float(cast("float", value))


def _url(reader: _Reader) -> str | None:
    value = reader.raw_text("url")
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        right = False
    if not right or len(value) > URL_CHARS or re.search(r"[\s\x00-\x1f\x7f-\x9f\\<>\"\ud800-\udfff]", value):
        raise reader.refuse("url", f"must be an http:// or https:// address of at most {URL_CHARS} characters")
    if "@" in parts.netloc:
        raise reader.refuse("url", "must not hold a user or password")
    return value


def _logs(reader: _Reader, known: Iterable[str]) -> str | None:
    value = reader.raw_text("logs")
    return None if value is None else clean_block(value, LOG_BYTES, known) or None


def _jobs(reader: _Reader) -> tuple[PlainJob, ...]:
    value = reader.body.get("jobs")
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST_JOBS:
        raise reader.refuse("jobs", f"must be a list of at most {MOST_JOBS} objects")
    return tuple(_job(item, f"jobs[{index}]") for index, item in enumerate(value))


def _job(item: object, place: str) -> PlainJob:
    if not isinstance(item, Mapping):
        raise PlainError(place, "must be an object with name and status")
    reader = _Reader(cast("Mapping[str, object]", item), f"{place}.")
    started_at, completed_at = _times(reader, required=False)
    return PlainJob(reader.name("name"), reader.status(), started_at, completed_at)


@dataclass(frozen=True, slots=True)
class _Address:
    """What a build's url tells of its key."""

    instance: str
    external_id: str | None = None
    attempt: int = 1


def _key(
    reader: _Reader, provider: str, default_instance: str | None, url: str | None, said: tuple[str, str, str, str]
) -> BuildKey:
    address = _address(provider, url) if url else None
    attempt = reader.whole_number("attempt", 1, 2**31 - 1)
    given = _external_id(reader)
    external_id = given or (address.external_id if address else None)
    from_url = address.attempt if address and external_id == address.external_id else 1
    if external_id is None:
        digest = hashlib.sha256("\0".join((said[0], said[1].lower(), *said[2:])).encode()).hexdigest()
        external_id = f"plain:{digest[:32]}"
    without_url = default_instance if default_instance is not None else "github.com" if provider == "github" else ""
    instance = address.instance if address else without_url
    return BuildKey(provider, instance, said[1], external_id, attempt or from_url)


def _external_id(reader: _Reader) -> str | None:
    """Text, or a whole number as GitHub's run ids are."""
    value = reader.body.get("external_id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(reader.whole_number("external_id", 0, 2**63 - 1))
    return reader.optional_name("external_id")


def _address(provider: str, url: str) -> _Address:
    parts = urlsplit(url)
    if provider == "github":
        run = _GITHUB_RUN.fullmatch(parts.path)
        return _Address(host_of(url), run[2] if run else None, int(run[3] or 1) if run else 1)
    if provider == "jenkins":
        return _jenkins_address(url)
    return _Address(host_of(url))


def _jenkins_address(url: str) -> _Address:
    """Job names as a poll writes them, so that both speak of one build."""
    address = read_address(url)
    if address is None or address.root is None or address.number is None:
        return _Address(
            controller_of(
                address.root if address and address.root else f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
            )
        )
    full_name = "/".join(decoded(segment) for segment in address.segments)
    return _Address(controller_of(address.root), f"{full_name}#{address.number}")
