"""The filters that builds, figures, series and sockets share; the words are those of the query string."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

DEFAULT_BRANCH = "@default"


@dataclass(frozen=True, slots=True)
class GroupPatterns:
    """A build is in it when a glob of ``repos`` takes its repo and one of ``pipelines`` its pipeline."""

    name: str
    repos: tuple[str, ...] = ("*",)
    pipelines: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True)
class Filters:
    """Values of one word are alternatives; different words must all hold. Empty: no restriction.

    ``repo``, ``pipeline``, ``branch``, ``provider``, ``source`` match whole values (repo without regard to case);
    ``pipeline_id`` tells namesakes apart; ``branch`` may hold ``@default``. ``q`` are case-blind parts of pipeline,
    repo, branch, commit or actor.
    ``since`` and ``until`` bound [start, end) over started_at, else created_at.
    """

    repo: tuple[str, ...] = ()
    pipeline: tuple[str, ...] = ()
    pipeline_id: tuple[int, ...] = ()
    branch: tuple[str, ...] = ()
    provider: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    group: tuple[GroupPatterns, ...] = ()
    status: tuple[str, ...] = ()
    q: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
