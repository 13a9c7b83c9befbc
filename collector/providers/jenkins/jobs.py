"""Which job a name or an address speaks of: full names, branches, pipelines and repos, written alike by poll and push.

A job's name is opaque to requests (``feat%2Fx`` stays so) and decoded for everything that is kept or shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

from collector.domain.errors import MappingError
from collector.domain.model import BuildKey, PipelineRef
from collector.domain.names import clean_branch, controller_of
from collector.providers.jenkins.fields import is_web_url, storable
from config.model import JenkinsSource

PROVIDER = "jenkins"
NAME_LIMIT = 512
_CHANGE_REQUEST = re.compile(r"(?:PR|MR)-[0-9]+(?:-(?:head|merge))?")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a source says about how its builds are kept. Without a source: as the controller says it."""

    instance: str
    root: str
    """The address that links to builds start with, without a slash at its end."""
    repo_map: Mapping[str, str] = field(default_factory=dict)
    unstable: Literal["failure", "success"] = "failure"

    @classmethod
    def of(cls, source: JenkinsSource) -> Rules:
        return cls(controller_of(source.url), source.url.rstrip("/"), source.repo_map, source.unstable)


@dataclass(frozen=True, slots=True)
class Job:
    """A job that builds: where to ask for it and what its builds are kept under."""

    rules: Rules
    segments: tuple[str, ...]
    """Its path as Jenkins writes it in URLs, a name each, still encoded."""
    full_name: str
    """Decoded, the folders' names before it: ``web/feat/x``."""
    repo: str
    pipeline: PipelineRef
    branch: str | None = None
    """Of a multibranch project's job: the branch (or ``PR-2``), decoded. None: the build tells it."""
    remotes: frozenset[str] = frozenset()
    """Where its own source code is, as far as the job tells."""

    def key(self, number: int) -> BuildKey:
        return BuildKey(PROVIDER, self.rules.instance, self.repo, f"{self.full_name}#{number}")

    @property
    def path(self) -> str:
        """Below the controller's root, without slashes at its ends."""
        return path_of(self.segments)

    def build_url(self, number: int) -> str:
        return f"{self.rules.root}/{self.path}/{number}/"


def job_of(
    rules: Rules,
    segments: tuple[str, ...],
    *,
    multibranch: bool,
    name: str | None = None,
    remotes: frozenset[str] = frozenset(),
) -> Job:
    """The job at ``segments``; ``name`` is its pipeline's display name. Raises MappingError for a bad name.

    A branch job belongs to the pipeline that its multibranch project is, and to the repo that is that project:
    so a push, which cannot tell a multibranch project from a folder, speaks of the same repo as a poll.
    """
    names = tuple(decoded(segment) for segment in segments)
    full_name, parent = "/".join(names), "/".join(names[:-1])
    if not names or not all(names) or len(full_name) > NAME_LIMIT or storable(full_name) != full_name:
        raise MappingError("job", f"a full name has 1 to {NAME_LIMIT} characters, no empty part, NUL or lone surrogate")
    branch = clean_branch(names[-1]) if multibranch else None
    pipeline = parent if multibranch else full_name
    shown = (name or "").strip()[:NAME_LIMIT] or pipeline.rsplit("/", 1)[-1]
    repo = repo_of(rules.repo_map, full_name, parent)
    return Job(rules, segments, full_name, repo, PipelineRef(pipeline, shown), branch, remotes)


def repo_of(repo_map: Mapping[str, str], full_name: str, parent: str) -> str:
    """What ``repo_map`` says for the job or the closest folder above it; else the folder path, else the job itself.

    >>> repo_of({"platform": "acme/all", "platform/web": "acme/web"}, "platform/web/main", "platform/web")
    'acme/web'
    """
    place = full_name
    while place:
        if place in repo_map:
            return repo_map[place]
        place = place.rpartition("/")[0]
    return parent or full_name


def decoded(segment: str) -> str:
    """A name out of a URL: once for the URL, once for the branch name that Jenkins encoded in it.

    >>> decoded("feat%252Fx"), decoded("feat%2Fx"), decoded("PR-2"), decoded("100%2525")
    ('feat/x', 'feat/x', 'PR-2', '100%')
    """
    return unquote(unquote(segment))


def path_of(segments: tuple[str, ...]) -> str:
    """The path of a job below its controller's root.

    >>> path_of(("platform", "feat%252Fx"))
    'job/platform/job/feat%252Fx'
    """
    return "/".join(f"job/{segment}" for segment in segments)


def encoded(name: str) -> str:
    """A job's name (as the API tells it, so with its own ``%2F``) as a part of a URL's path."""
    return quote(name, safe="")


@dataclass(frozen=True, slots=True)
class Address:
    """What the address of a job or build says. ``root`` is None for a relative one."""

    root: str | None
    segments: tuple[str, ...]
    number: int | None = None
    cell: str | None = None
    """The cell of a matrix build that it is of, decoded: ``nodes=debian9-64``."""


def read_address(url: str) -> Address | None:
    """An address of a job or build, absolute or relative (``job/web/18/``), taken apart; None when it is none.

    Views in it (``/view/all/``) say nothing about the job and are left out.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme and not is_web_url(url):
        return None
    segments, number, cell, before = _walk(parts.path.split("/"))
    if not segments or url.startswith("//") or any(decoded(one) in ("", ".", "..") for one in segments):
        return None
    root = f"{parts.scheme}://{parts.netloc}{before}".rstrip("/") if parts.scheme else None
    return Address(root, segments, number, cell)


def _walk(parts: list[str]) -> tuple[tuple[str, ...], int | None, str | None, str]:
    """The names after each ``job``, the number and the cell after the last of them, and the path before the first."""
    place = parts.index("job") if "job" in parts else len(parts)
    before = re.sub(r"/view(?:/[^/]+)+$", "", "/".join(parts[:place]))
    segments: list[str] = []
    number = cell = None
    while place + 1 < len(parts):
        if parts[place] == "job":
            segments.append(parts[place + 1])
            number, cell = _after(parts[place + 2 : place + 3])
            place += 2
        else:
            place += 1
    return tuple(segments), number, cell, before


def _after(parts: list[str]) -> tuple[int | None, str | None]:
    """What follows a job's name: ``18`` is a build's number, ``axis=value`` a cell, whose number is not the job's."""
    told = parts[0] if parts else ""
    if "=" in decoded(told):
        return None, decoded(told)
    return int(told) if re.fullmatch(r"[0-9]{1,18}", told) else None, None


def looks_like_branch(segments: tuple[str, ...], scm_branch: str | None) -> bool:
    """Whether a job's address alone tells that it is a multibranch project's: for pushes about unknown jobs."""
    if len(segments) < 2:
        return False
    name = decoded(segments[-1])
    return "/" in name or bool(_CHANGE_REQUEST.fullmatch(name)) or name == clean_branch(scm_branch)


KnowsMultibranch = Callable[[str], bool | None]
"""Of a full name: whether it is a multibranch project; None when nobody knows."""
