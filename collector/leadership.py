"""One collector acts on a database: the one that holds the lease. Its renewals are the heartbeat that /readyz reads."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from collector.stopping import Stop
from collector.storage import leases
from collector.storage.database import Database

log = structlog.get_logger(__name__)

TTL = timedelta(seconds=15)
RENEW_SECONDS = 3.0
TRY_SECONDS = 0.5


def lease_owner(command: str) -> str:
    """What another collector says about who is at work."""
    return f"cihealth {command} on {socket.gethostname()}, process {os.getpid()}"


class Leadership:
    """The collector's lease for one owner."""

    def __init__(self, database: Database, owner: str, clock: Callable[[], datetime]) -> None:
        self._database, self.owner, self._clock = database, owner, clock

    def acquire(self, stop: Stop, *, wait: bool) -> bool:
        """Takes the lease, as soon as a dead owner's has run out. An owner that renews it lives: then it waits for
        that one's end, or (not ``wait``) says who it is. False: an owner lives, or told to stop.
        """
        first: leases.Lease | None = None
        told = False
        while not self._take():
            holder = self._holder()
            first = first or holder
            if holder and first and holder.beat_at != first.beat_at and not told:
                told = True
                self._tell_owner(holder, wait)
                if not wait:
                    return False
            if stop.wait(TRY_SECONDS):
                return False
        return True

    @staticmethod
    def _tell_owner(holder: leases.Lease, wait: bool) -> None:
        if wait:
            log.info("another collector is at work on this database", owner=holder.owner, done="this one waits")
        else:
            log.error(
                "another collector is at work on this database",
                owner=holder.owner,
                done="this one leaves",
                advice="stop that one first, or start this one with --wait",
            )

    def keep(self, stop: Stop) -> None:
        """Renews the lease; a lost one (this process stood still for longer than the lease) ends the collector."""
        with self._database.writing():
            kept = leases.renew(leases.COLLECTOR, self.owner, self._clock(), TTL)
        if not kept and not stop.told:
            holder = self._holder()
            log.error(
                "the collector's lease was lost",
                owner=holder.owner if holder else None,
                done="this collector stops",
                advice="look for what held this process up for so long: a paused machine, a full disk",
            )
            stop.tell(1)

    def release(self) -> None:
        with self._database.writing():
            leases.release(leases.COLLECTOR, self.owner, self._clock())

    def _take(self) -> bool:
        with self._database.writing():
            return leases.take(leases.COLLECTOR, self.owner, self._clock(), TTL)

    def _holder(self) -> leases.Lease | None:
        with self._database.reading():
            return leases.holder(leases.COLLECTOR)
