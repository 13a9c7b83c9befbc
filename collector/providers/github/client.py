"""Reads one GitHub source: its repos one after the other, then as much of their history as there is time for."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from collector.domain.errors import SourceError, Unreachable, Waiting
from collector.providers.base import PLAN_MARK, BackfillCounts, Batch, Budget, KnownBuild, Memory, SourceReader, Trouble
from collector.providers.github.api import Credentials, GithubApi
from collector.providers.github.backfill import PER_MINUTE, Backfill
from collector.providers.github.credentials import Anonymous, credentials_of
from collector.providers.github.details import Details
from collector.providers.github.discovery import Discovery
from collector.providers.github.history import SPARED, History
from collector.providers.github.limits import BadCredentials
from collector.providers.github.mapping import PROVIDER
from collector.providers.github.ordinary import Ordinary
from collector.providers.github.plan import (
    EASY,
    MOST_COST,
    TYPICAL_COST,
    Allowance,
    Ease,
    Hourly,
    Standing,
    due,
    hourly,
    hourly_most,
)
from collector.providers.github.repo import Repo
from collector.providers.github.selection import PUSHED
from collector.providers.github.sweep import EVERY, Sweep, latest_turn
from collector.providers.http import Http
from config.model import Config, GithubSource

HISTORY_FOR = timedelta(seconds=20)
"""How long a poll goes on with details of history, unless the interval is longer: then news are due again."""
SETTLED_FOR = timedelta(hours=1)
UNREACHABLE_IN_A_ROW = 2
MOST_UNFINISHED = 1_000
"""So many ``Memory.unfinished`` tells at most."""


def make_reader(
    source: GithubSource,
    config: Config,
    environ: Mapping[str, str],
    *,
    transport: httpx.BaseTransport | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    shared: Path | None = None,
) -> SourceReader:
    """The reader of a GitHub source. ``transport`` replaces the network of all but PyGithub.

    ``shared`` is not needed: each answer tells what all processes together have left of the budget. Raises SecretError
    when the source's credentials cannot be had. Makes no request.
    """
    credentials = credentials_of(source, environ, clock)
    http = Http(source.url, transport=transport, clock=clock)
    api = GithubApi(
        http,
        credentials,
        selection=selection_text(source),
        clock=clock,
        source=source.name,
        paced=has_secondary_limit(source.instance),
        network=f"{id(transport)}" if transport is not None else "",
    )
    interval, backfill = config.interval_of(source), config.backfill_of(source)
    return GithubReader(
        source, api, http, credentials, interval=interval, backfill=backfill, transport=transport, clock=clock
    )


def has_secondary_limit(instance: str) -> bool:
    """GitHub's own service counts requests a minute; Enterprise Server does so only if its operator wishes (429)."""
    return instance == "github.com" or instance.endswith(".ghe.com")


def selection_text(source: GithubSource) -> str:
    """What the source selects within a repo, as part of ETag keys: a wider selection must read unchanged lists anew."""
    parts = ("\0".join(source.workflows), "\0".join(source.branches), source.default_branch or "")
    return hashlib.sha256("\1".join(parts).encode()).hexdigest()


class GithubReader:
    """One GitHub source; see ``providers.base.SourceReader``."""

    def __init__(
        self,
        source: GithubSource,
        api: GithubApi,
        http: Http,
        credentials: Credentials,
        *,
        interval: timedelta,
        backfill: timedelta,
        transport: httpx.BaseTransport | None,
        clock: Callable[[], datetime],
    ) -> None:
        self.instance = source.instance
        self._api, self._http, self._credentials = api, http, credentials
        self._interval, self._backfill = interval, backfill
        self._transport = transport
        self._repos: dict[str, Ordinary] = {}
        self._read_at: dict[str, datetime] = {}
        self._cost: dict[str, int] = {}
        self._failing: set[str] = set()
        self._discovery = Discovery(source, api, credentials, clock)
        self._allowance = Allowance()
        self.counts = BackfillCounts()
        self._settled: dict[str, tuple[datetime, History]] = {}
        self._unfinished: Mapping[str, Sequence[KnownBuild]] | None = None
        self._swept: dict[str, datetime] = {}
        self._told_plan: Hourly | None = None
        self._ease = EASY
        """How the hour's budget stood for polls when this one began."""

    def poll(self, memory: Memory, now: datetime) -> Iterator[Batch]:
        """See ``SourceReader.poll``. A repo's failure is trouble; limits, and credentials refused, end the poll."""
        yield from self._discover(memory, now)
        standings = self._standings(memory, now)
        self._api.grant.owes(self, sum(one.owed for one in self._repos.values()))
        self._ease = Ease(self._api.ease, self._api.grant.ease(now, owed=True))
        yield from self._plan(standings, now)
        errors: list[SourceError] = []
        unreachable = 0
        self._unfinished = self._stored_unfinished(memory)
        for name in self._due(standings, now):
            error = None
            for batch in self._one(name, memory, now):
                error = batch.trouble.error if batch.trouble and batch.trouble.target == name else error
                yield batch
            if name in self._failing and error is not None:
                errors.append(error)
            unreachable = unreachable + 1 if name in self._failing and isinstance(error, Unreachable) else 0
            if unreachable >= UNREACHABLE_IN_A_ROW:
                break
        if errors and (len(self._failing) == len(self._repos) or unreachable >= UNREACHABLE_IN_A_ROW):
            raise errors[-1]
        yield from self._discovery.changes(memory)  # workflows that this poll was told of
        yield from self._history(memory, now)

    def backfill(self, memory: Memory, since: datetime, now: datetime) -> Iterator[Batch]:
        """See ``providers.base.Backfills``. At a pace of its own: a collector may be polling with the same token."""
        yield from self._discover(memory, now)
        self._api.grant.slow_down(PER_MINUTE)
        repos = [ordinary.repo for ordinary in self._repos.values()]
        with self._api.beside():
            yield from Backfill(self._api, repos, memory, self._transport, self.counts).batches(since, now)

    def budget(self) -> Budget | None:
        return self._api.budget

    def clock_offset_seconds(self) -> float | None:
        """See ``SourceReader.clock_offset_seconds``."""
        return self._http.clock_offset_seconds

    def close(self) -> None:
        self._http.close()

    def _one(self, name: str, memory: Memory, now: datetime) -> Iterator[Batch]:
        """One repo: the ordinary poll and the list of its history. Its failure is told and remembered."""
        ordinary, before = self._repos[name], self._api.requests
        history = self._history_of(ordinary, memory, now)
        try:
            for batch in self._ordinary(ordinary, history, memory, now):
                if ordinary.repo.mark("reading") in batch.marks:  # a gap of ours was found
                    self._settled.pop(name, None)
                yield batch
            yield from self._history_of(ordinary, memory, now).read_list(now)
            self._failing.discard(name)
        except (Waiting, BadCredentials):
            raise
        except SourceError as exc:
            self._failing.add(name)
            yield Batch(trouble=Trouble(name, exc))
        self._read_at[name] = now
        quiet = ordinary.changed_at != now and not history.pending
        self._cost[name] = TYPICAL_COST if quiet else max(TYPICAL_COST, self._api.requests - before)

    def _ordinary(self, ordinary: Ordinary, history: History, memory: Memory, now: datetime) -> Iterator[Batch]:
        """A repo's first poll reads all anew: what it costs is not what it needs an hour."""
        with self._api.beside() if history.untouched else nullcontext():
            yield from ordinary.poll(memory, history, now, self._unfinished_of(ordinary.repo))

    def _stored_unfinished(self, memory: Memory) -> Mapping[str, Sequence[KnownBuild]] | None:
        """Stored unfinished builds by repo, asked for once a poll; None when there are more than storage tells."""
        found = memory.unfinished(PROVIDER, self.instance)
        if len(found) >= MOST_UNFINISHED:
            return None
        by_repo: dict[str, list[KnownBuild]] = {}
        for one in found:
            by_repo.setdefault(one.key.repo.lower(), []).append(one)
        return by_repo

    def _unfinished_of(self, repo: Repo) -> Sequence[KnownBuild] | None:
        """None: storage has to be asked for this repo, which may have told another instance than the source's."""
        if self._unfinished is None or repo.instance != self.instance:
            return None
        return self._unfinished.get(repo.name.lower(), ())

    def _history(self, memory: Memory, now: datetime) -> Iterator[Batch]:
        """Details of history, then the day's sweep, repo by repo, for about as long as a poll may take."""
        give_up_at = time.monotonic() + max(HISTORY_FOR, self._interval).total_seconds()
        for name, ordinary in self._repos.items():
            if name in self._failing or name not in self._read_at:
                continue
            try:
                with self._api.beside():
                    yield from self._past_of(ordinary, memory, now, lambda: time.monotonic() < give_up_at)
            except (Waiting, BadCredentials):
                raise
            except SourceError as exc:
                yield Batch(trouble=Trouble(name, exc))

    def _past_of(
        self, ordinary: Ordinary, memory: Memory, now: datetime, in_time: Callable[[], bool]
    ) -> Iterator[Batch]:
        history = self._history_of(ordinary, memory, now)
        details = Details(self._api, ordinary.repo, memory, self._transport)
        if history.pending:
            yield from history.read_details(details, in_time, now)
        elif self._swept.get(ordinary.repo.configured, now - EVERY) < latest_turn(ordinary.repo, now):
            sweep = Sweep(self._api, ordinary.repo, memory, now)
            yield from sweep.batches(details, history.covers, lambda: in_time() and self._api.spendable(SPARED))
            if not sweep.pending:
                self._swept[ordinary.repo.configured] = now

    def _history_of(self, ordinary: Ordinary, memory: Memory, now: datetime) -> History:
        """Its history anew while there is some to read; once there is none, the same one for an hour."""
        name = ordinary.repo.configured
        settled = self._settled.get(name)
        if settled is not None and now - settled[0] < SETTLED_FOR:
            return settled[1]
        history = History(self._api, ordinary.repo, memory, (now - self._backfill).replace(microsecond=0))
        if not history.pending:
            self._settled[name] = now, history
        return history

    def _standings(self, memory: Memory, now: datetime) -> list[Standing]:
        pushed = memory.marks_starting(PUSHED)
        return [
            Standing(
                name,
                self._read_at.get(name),
                one.changed_at,
                min(self._cost.get(name, TYPICAL_COST), MOST_COST),
                one.pushed(pushed, now),
            )
            for name, one in self._repos.items()
        ]

    def _due(self, standings: Sequence[Standing], now: datetime) -> Sequence[str]:
        """Which repos this poll reads; what is not used of the allowance is kept for later, up to a minute's."""
        budget, share = self._api.budget, self._api.grant.share
        allowance = self._allowance.at(now, budget, len(standings), anonymous=self._anonymous, share=share)
        names = due(standings, now, allowance, self._ease)
        taken = set(names)
        self._allowance.spend(sum(one.cost for one in standings if one.name in taken))
        return names

    def _plan(self, standings: Sequence[Standing], now: datetime) -> Iterator[Batch]:
        """What polling costs an hour, noted when it changes: GET /sources shows it."""
        most = hourly_most(self._api.budget, anonymous=self._anonymous, share=self._api.grant.share)
        plan = hourly(standings, self._interval, most, now, self._ease)
        if plan != self._told_plan:
            self._told_plan = plan
            yield Batch(marks={PLAN_MARK: json.dumps({"now": plan.now, "worst": plan.worst})})

    @property
    def _anonymous(self) -> bool:
        return isinstance(self._credentials, Anonymous)

    def _discover(self, memory: Memory, now: datetime) -> Iterator[Batch]:
        yield from self._discovery.find(memory, now)
        repos = self._discovery.repos
        self._repos = {
            name: self._repos.get(name) or Ordinary(self._api, repo, self._transport) for name, repo in repos.items()
        }
        self._failing &= set(self._repos)
