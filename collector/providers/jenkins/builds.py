"""A job's builds, page by page: ``builds[…]{0,50}`` first, ``allBuilds[…]{a,b}`` for what lies further back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

import structlog

from collector.domain.errors import BadAnswer, MappingError
from collector.domain.times import parse_instant, to_api
from collector.providers.jenkins.fields import Fields, mapped
from collector.providers.jenkins.jobs import Job
from collector.providers.jenkins.listing import AskTree, Listed
from collector.providers.jenkins.mapping import MappedBuild, Waits, map_build

log = structlog.get_logger(__name__)

FIRST_PAGE = 50
PAGE = 100
MOST_PAGES = 500

BUILD_TREE = (
    "_class,number,url,result,building,timestamp,duration,queueId,builtOn,"
    "actions[_class,causes[_class,shortDescription,userId,userName,upstreamProject]{0,20},"
    "lastBuiltRevision[SHA1,branch[name]{0,10}],remoteUrls,mercurialRevisionNumber,queuingDurationMillis]{0,100},"
    "changeSet[items[commitId,msg]{0,20}],changeSets[items[commitId,msg]{0,20}]{0,10},"
    "runs[number,url,result,building,timestamp,duration,builtOn]{0,1000}"
)


@dataclass(frozen=True, slots=True)
class Read:
    """How far a job's builds were read: the newest build's number and start."""

    number: int
    at: datetime | None

    def text(self) -> str:
        """As a mark keeps it: ``107@2026-01-31T08:30:00Z``."""
        return f"{self.number}@{to_api(self.at) if self.at else ''}"

    @classmethod
    def of(cls, text: str | None) -> Read | None:
        """None for nothing, or what is no such mark: then all is read again."""
        number, _, at = (text or "").partition("@")
        try:
            return cls(int(number), parse_instant(at) if at else None)
        except ValueError:
            return None

    def covers(self, build: MappedBuild) -> bool:
        """Whether ``build`` was read then. One of a lower number that started later is of a job made anew."""
        if build.number > self.number:
            return False
        return self.at is None or build.run.started_at is None or build.run.started_at <= self.at


def is_unmoved(listed: Listed, read: Read | None) -> bool:
    """Whether the job's last build is the one that was read last."""
    if read is None or listed.last_number != read.number:
        return False
    return read.at is None or listed.last_at is None or listed.last_at == read.at


def read_builds(
    ask: AskTree, listed: Listed, waits: Waits, *, since: Read | None, limit_at: datetime
) -> list[MappedBuild]:
    """The job's builds that are newer than ``since``, or without it those that started at ``limit_at`` or later.

    Newest first, each once. Builds that still run count however old they are. Raises SourceError.
    """
    return list(chain.from_iterable(build_pages(ask, listed, waits, since=since, limit_at=limit_at)))


def build_pages(
    ask: AskTree, listed: Listed, waits: Waits, *, since: Read | None, limit_at: datetime
) -> Iterator[list[MappedBuild]]:
    """``read_builds`` page by page: each is asked for when it is wanted."""
    found: set[int] = set()
    for page in _pages(ask, listed, since):
        news = {build.number: build for build in _mapped(page, listed.job, waits) if build.number not in found}
        wanted = [build for build in news.values() if _is_wanted(build, since, limit_at)]
        found.update(news)
        yield wanted
        if not news or len(wanted) < len(news):
            return


def read_build(ask: AskTree, job: Job, number: int, waits: Waits) -> MappedBuild:
    """One build by its number. Raises SourceError (NotFound: it was discarded) and MappingError."""
    return map_build(ask(f"{job.path}/{number}", BUILD_TREE), job, waits)


def read_up_to(one: Listed, found: Sequence[MappedBuild]) -> Read:
    """The newest build read, or the last that the list told, where that one was left out."""
    newest = max(found, key=lambda build: build.number, default=None)
    if newest is None or newest.number < (one.last_number or 0):
        return Read(one.last_number or 0, one.last_at)
    return Read(newest.number, newest.run.started_at)


def say_left_out(job: Job, error: MappingError) -> None:
    """A malformed build costs itself only."""
    log.warning(
        "a build is malformed and is left out; the others of its job are read",
        controller=job.rules.instance,
        job=job.full_name,
        error=str(error),
        advice="open the build in Jenkins: a plugin may have damaged it",
    )


def _pages(ask: AskTree, listed: Listed, since: Read | None) -> Iterator[list[object]]:
    first = _first_page(listed, since)
    page = _items(ask(listed.job.path, f"builds[{BUILD_TREE}]{{0,{first}}}"), "builds")
    yield page
    start = len(page)
    for _ in range(MOST_PAGES):
        if len(page) < (first if start <= first else PAGE):
            return
        page = _items(ask(listed.job.path, f"allBuilds[{BUILD_TREE}]{{{start},{start + PAGE}}}"), "allBuilds")
        yield page
        start += len(page)
    log.warning(
        "a job has more builds than are read at once; the oldest are left out",
        controller=listed.job.rules.instance,
        job=listed.job.full_name,
        builds=start,
        advice="write a shorter backfill, or let Jenkins discard old builds of the job",
    )


def _first_page(listed: Listed, since: Read | None) -> int:
    """As many as are new and the one before: it says that none is missing in between."""
    if since is None or listed.last_number is None or listed.last_number <= since.number:
        return FIRST_PAGE
    return min(listed.last_number - since.number + 1, FIRST_PAGE)


def _items(answer: Mapping[str, Any], name: str) -> list[object]:
    """The list; Jenkins leaves it out where a job has no builds."""
    try:
        return Fields.of(answer, "job").items(name)
    except MappingError as exc:
        raise BadAnswer(f"a list of builds is malformed: {exc}") from exc


def _mapped(page: Iterable[object], job: Job, waits: Waits) -> Iterator[MappedBuild]:
    for one in mapped(list(page), lambda raw: map_build(raw, job, waits)):
        if isinstance(one, MappingError):
            say_left_out(job, one)
        else:
            yield one


def _is_wanted(build: MappedBuild, since: Read | None, limit_at: datetime) -> bool:
    started_at = build.run.started_at
    if since is not None and since.covers(build):
        return False
    return started_at is None or started_at >= limit_at or not build.run.status.finished
