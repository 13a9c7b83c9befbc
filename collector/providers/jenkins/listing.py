"""Which jobs there are: folders, multibranch projects and organisation folders, to any depth, in few requests.

Each request tells six levels at once, or fewer once an answer was too large; what lies deeper, and lists longer
than a page, are asked for by themselves. Paths are made of the names on the way, never of an address in an answer,
so they only grow and end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from collector.domain.errors import BadAnswer, MappingError, SourceError
from collector.providers.base import Trouble
from collector.providers.http import TooLarge
from collector.providers.jenkins.ahead import ahead
from collector.providers.jenkins.fields import Fields, instant
from collector.providers.jenkins.jobs import Job, Rules, decoded, encoded, job_of, path_of, read_address
from collector.providers.jenkins.revisions import remotes_of
from collector.providers.jenkins.selection import within

log = structlog.get_logger(__name__)

PAGE = 1000
LEVELS = 6
DEEPEST = 20
MOST_REQUESTS = 5000
_OWN = "_class,name,displayName,url,color"
_JOB = f"{_OWN},inQueue,scm[userRemoteConfigs[url]{{0,10}}],lastBuild[number,timestamp]"
_CONTAINERS = ("MultiBranchProject", "OrganizationFolder", ".Folder", "BranchProject", "ComputedFolder")

AskTree = Callable[[str, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Listed:
    """A job that builds, as the list shows it. ``last_number`` is None while it has no build."""

    job: Job
    last_number: int | None
    last_at: datetime | None
    in_queue: bool
    may_wait_inside: bool
    """It runs and is of a kind whose parts (stages, cells) may wait in the queue."""
    disabled: bool
    url: str | None
    """The page of its pipeline."""


@dataclass(slots=True)
class Listing:
    """What a walk found."""

    jobs: list[Listed] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    root: str | None = None
    """The address that the controller calls itself, as the jobs' urls start."""
    levels: int = LEVELS
    """How many levels an answer could hold: what the next walk may ask for at once."""
    containers: set[str] = field(default_factory=set)
    """Full names of the folders and projects met, also of those without jobs."""
    whole: bool = True
    """Whether nothing was left out for its number or depth."""

    def would_show(self, full_name: str) -> bool:
        """Whether the walk would have met a job of this name, so that there is none if it did not."""
        return self.whole and not any(within(full_name, trouble.target) for trouble in self.troubles)


@dataclass(frozen=True, slots=True)
class _Place:
    """A list to ask for: the jobs in ``segments``, from the ``start``th on. ``top``: nothing above it was asked."""

    segments: tuple[str, ...]
    multibranch: bool = False
    name: str | None = None
    disabled: bool = False
    url: str | None = None
    start: int = 0
    top: bool = False


def list_jobs(ask: AskTree, rules: Rules, folders: tuple[str, ...], levels: int = LEVELS) -> Listing:
    """Every job below the root, or in ``folders`` (each may also be a job itself), ``levels`` of them at once.

    Raises SourceError when no place can be read, or nothing answers; a folder that cannot is a trouble.
    """
    walk = _Walk(ask, rules, levels)
    places = [_Place(tuple(encoded(name) for name in folder.split("/")), top=True) for folder in folders]
    walk.read(places or [_Place((), top=True)])
    if not walk.found.jobs and len(walk.found.troubles) >= max(len(places), 1):
        raise walk.found.troubles[0].error
    return walk.found


def tree_of(place: _Place, levels: int = LEVELS) -> str:
    """The ``tree=`` of a place: its jobs and the levels below them; of a top also itself."""
    below = ""
    for _ in range(levels - 1):
        below = f",jobs[{_JOB}{below}]{{0,{PAGE}}}"
    own = f"{_JOB}," if place.top and place.segments else "url," if place.top else ""
    return f"{own}jobs[{_JOB}{below}]{{{place.start},{place.start + PAGE}}}"


class _Walk:
    def __init__(self, ask: AskTree, rules: Rules, levels: int) -> None:
        self._ask, self._rules = ask, rules
        self._seen: set[tuple[str, ...]] = set()
        self._next: list[_Place] = []
        self._requests = 0
        self.found = Listing(levels=levels)

    def read(self, places: list[_Place]) -> None:
        """Level by level; the places of one level two at a time."""
        self._next = places
        while self._next:
            level, self._next = self._next, []
            levels = self.found.levels
            for place, answer in ahead(
                lambda one: self._ask(path_of(one.segments), tree_of(one, self.found.levels)), self._bounded(level)
            ):
                if isinstance(answer, TooLarge) and levels > 1:
                    self._next.append(place)
                    self.found.levels = max(1, levels // 2)
                elif isinstance(answer, SourceError):
                    self._failed(place, answer)
                else:
                    self._take_safely(place, answer)

    def _bounded(self, level: list[_Place]) -> Iterator[_Place]:
        for place in level:
            self._requests += 1
            if self._requests > MOST_REQUESTS:
                log.warning(
                    "the controller has more folders than one poll reads; the rest is left out",
                    controller=self._rules.instance,
                    requests=MOST_REQUESTS,
                    advice="make several sources of it with folders:",
                )
                self.found.whole = False
                return
            yield place

    def _failed(self, place: _Place, error: SourceError) -> None:
        if not place.segments and place.start == 0:
            raise error
        self.found.troubles.append(Trouble("/".join(place.segments), error))

    def _take_safely(self, place: _Place, answer: Mapping[str, Any]) -> None:
        try:
            here = Fields.of(answer, "/".join(place.segments) or "jobs")
            if place.top:
                self._learn_root(here)
            if place.top and place.segments and not _is_container(here):
                self._once(here, _Place(place.segments[:-1]), place.segments[-1])
            elif place.top and place.segments:
                self.found.containers.add("/".join(decoded(one) for one in place.segments))
                self._children(here, _place_of(here, place.segments, top=True))
            else:
                self._children(here, place)
        except MappingError as exc:
            self._failed(place, BadAnswer(f"a list of jobs is malformed: {exc}"))

    def _children(self, here: Fields, place: _Place) -> None:
        entries = here.items("jobs")
        new = sum(self._child(raw, here, place) for raw in entries)
        if len(entries) >= PAGE and new:
            self._next.append(_page_after(place))

    def _child(self, raw: object, here: Fields, place: _Place) -> bool:
        """True when the entry was not met before (a server that ignores ranges repeats itself)."""
        try:
            entry = Fields.of(raw, here.at("jobs"))
            return self._once(entry, place, _segment(entry))
        except MappingError as exc:
            self.found.whole = False
            log.warning(
                "an entry among the jobs is malformed and is left out; the others are read",
                controller=self._rules.instance,
                folder="/".join(place.segments),
                error=str(exc),
                advice="open the folder in Jenkins: a plugin may have damaged it",
            )
        return True

    def _once(self, entry: Fields, place: _Place, segment: str) -> bool:
        if len(place.segments) >= DEEPEST:
            self.found.whole = False
            return False
        if (*place.segments, segment) in self._seen:
            return False
        self._seen.add((*place.segments, segment))
        self._entry(entry, place, segment)
        return True

    def _entry(self, entry: Fields, place: _Place, segment: str) -> None:
        segments = (*place.segments, segment)
        self._learn_root(entry)
        if not _is_container(entry):
            self._job(entry, place, segments)
            return
        inside = _place_of(entry, segments)
        self.found.containers.add("/".join(decoded(one) for one in segments))
        if "jobs" in entry.values and len(entry.items("jobs")) < PAGE:
            self._children(entry, inside)
        else:
            self._next.append(inside)

    def _job(self, entry: Fields, place: _Place, segments: tuple[str, ...]) -> None:
        if "lastBuild" not in entry.values and "color" not in entry.values:
            return  # something else that a plugin keeps among the jobs: an agent's template, say
        last = entry.child("lastBuild")
        multibranch = place.multibranch or "/" in decoded(segments[-1])
        name = place.name if multibranch else entry.shown_text("displayName")
        own = "disabled" in str(entry.values.get("color"))
        self.found.jobs.append(
            Listed(
                job=job_of(self._rules, segments, multibranch=multibranch, name=name, remotes=_remotes(entry)),
                last_number=last.integer("number", least=1) if last else None,
                last_at=instant(last, "timestamp") if last else None,
                in_queue=entry.values.get("inQueue") is True,
                may_wait_inside=_may_wait_inside(entry),
                disabled=place.disabled if multibranch else own,
                url=place.url if multibranch else entry.web_url("url"),
            )
        )

    def _learn_root(self, entry: Fields) -> None:
        """The root answer tells it as ``url``; else it is what stands before a job's own part of its address."""
        url = entry.web_url("url")
        if self.found.root is None and url:
            address = read_address(url)
            self.found.root = address.root if address else url.rstrip("/")


def _place_of(entry: Fields, segments: tuple[str, ...], *, top: bool = False) -> _Place:
    return _Place(
        segments,
        multibranch=_is_multibranch(entry),
        name=entry.shown_text("displayName"),
        disabled="disabled" in str(entry.values.get("color")),
        url=entry.web_url("url"),
        top=top,
    )


def _page_after(place: _Place) -> _Place:
    return _Place(place.segments, place.multibranch, place.name, place.disabled, place.url, start=place.start + PAGE)


def _segment(entry: Fields) -> str:
    """The last name in the entry's address, as Jenkins encodes it; without one, its name."""
    url = entry.web_url("url")
    address = read_address(url) if url else None
    return address.segments[-1] if address else encoded(entry.need_text("name"))


def _is_container(entry: Fields) -> bool:
    """By its class; where none is told (old cores), by the list in it."""
    told = str(entry.values.get("_class") or "")
    return "jobs" in entry.values or any(told.endswith(one) or one in told for one in _CONTAINERS)


def _is_multibranch(entry: Fields) -> bool:
    return "MultiBranchProject" in str(entry.values.get("_class"))


def _may_wait_inside(entry: Fields) -> bool:
    """A running build's colour blinks. A freestyle build is one piece; old cores tell no class."""
    return "anime" in str(entry.values.get("color")) and "FreeStyleProject" not in str(entry.values.get("_class"))


def _remotes(entry: Fields) -> frozenset[str]:
    scm = entry.child("scm")
    configs = scm.items("userRemoteConfigs") if scm else []
    return remotes_of([one.get("url") for one in configs if isinstance(one, dict)])
