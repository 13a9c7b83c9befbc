"""Unfinished builds that the controller has no more: discarded, or their job, branch or folder was deleted.

Nobody will tell how they ended. They are given up, but only once they have been missing for a while: a webhook may
know of a build that has not begun, and a job that was made a moment ago is not on the list yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog

from collector.domain.model import BuildKey
from collector.providers.base import GONE, GONE_AFTER, GivenUp, KnownBuild
from collector.providers.jenkins.jobs import Job
from collector.providers.jenkins.listing import Listing
from collector.providers.jenkins.selection import takes_job
from config.model import JenkinsSource

log = structlog.get_logger(__name__)

_Place = tuple[BuildKey, datetime | None]


class Lost:
    """Since when builds of one source are missing."""

    def __init__(self, source: JenkinsSource) -> None:
        self._source = source
        self._since: dict[_Place, datetime] = {}

    def keep(self, unfinished: Iterable[KnownBuild]) -> None:
        """Forgets all but these: they have ended meanwhile."""
        places = {_place(known) for known in unfinished}
        self._since = {place: at for place, at in self._since.items() if place in places}

    def is_waited_for(self, known: KnownBuild, now: datetime) -> bool:
        """Whether it was missing a while ago and need not be asked for yet."""
        since = self._since.get(_place(known))
        return since is not None and now - since < GONE_AFTER

    def may_come(self, known: KnownBuild, now: datetime) -> None:
        """It is missing because it has not begun: the while begins anew."""
        self._since[_place(known)] = now

    def is_there(self, known: KnownBuild) -> None:
        self._since.pop(_place(known), None)

    def missing(self, known: KnownBuild, now: datetime) -> tuple[GivenUp, ...]:
        """The build to give up, once it has been missing for long enough."""
        since = self._since.setdefault(_place(known), now)
        if now - since < GONE_AFTER:
            return ()
        log.warning(
            "an unfinished build is gone from Jenkins; it ends as skipped (gone) and is not asked for again",
            source=self._source.name,
            build=known.key.external_id,
            advice="nothing to do: it was discarded, or its job was deleted",
        )
        return (GivenUp(known.key, GONE, known.started_at),)

    def unlisted(self, unfinished: Sequence[KnownBuild], listing: Listing, now: datetime) -> tuple[GivenUp, ...]:
        """Those whose job was on no list for long enough, and those that are kept under another repo by now."""
        listed = {one.job.full_name: one.job for one in listing.jobs}
        lost = [known for known in unfinished if self._has_no_job(known, listed, listing)]
        return tuple(one for known in lost for one in self.missing(known, now))

    def _has_no_job(self, known: KnownBuild, listed: dict[str, Job], listing: Listing) -> bool:
        name, _, number = known.key.external_id.rpartition("#")
        if not number.isdecimal() or not takes_job(self._source, name, name.rpartition("/")[0]):
            return False
        job = listed.get(name)
        if job is not None:
            return job.key(int(number)).folded != known.key.folded
        return listing.would_show(name)


def _place(known: KnownBuild) -> _Place:
    return known.key.folded, known.started_at
