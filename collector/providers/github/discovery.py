"""Which repos a source reads: those named, and hourly those of its organisations; new ones join, archived ones rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from datetime import datetime, timedelta

from collector.domain.errors import SourceError, Waiting
from collector.domain.names import watch_key
from collector.providers.base import UNWATCHED, Batch, Memory, Trouble, Watching, watching_batches
from collector.providers.github import workflows
from collector.providers.github.api import Credentials, GithubApi
from collector.providers.github.limits import BadCredentials
from collector.providers.github.mapping import PROVIDER
from collector.providers.github.repo import Repo
from collector.providers.github.selection import takes_repo
from config.model import GithubSource

EVERY = timedelta(hours=1)
AGAIN_AFTER = timedelta(minutes=5)
"""A list that failed is asked for again sooner: repos that nobody has seen yet wait for it."""


class Discovery:
    """Of one source, kept as long as it is read."""

    def __init__(
        self, source: GithubSource, api: GithubApi, credentials: Credentials, clock: Callable[[], datetime]
    ) -> None:
        self._source, self._api, self._credentials, self._clock = source, api, credentials, clock
        self._due_at: datetime | None = None
        self._listed: list[str] = []
        self._told: Set[str] | None = None
        self.repos: dict[str, Repo] = {}
        """By the name that is asked for."""
        self.whole = False
        """Whether all lists could be read: what is on none of them is watched no more."""

    def find(self, memory: Memory, now: datetime) -> Iterator[Batch]:
        """Looks for repos when it is time. A failing list keeps the last one.

        Raises SourceError when there is nothing to read without the list.
        """
        if self._due_at is None or now >= self._due_at:
            yield from self._look(now)
            self._take(memory)
        yield from self.changes(memory, leaving=True)

    def _look(self, now: datetime) -> Iterator[Batch]:
        try:
            self._listed = self._asked() if self._source.orgs else []
            self.whole, self._due_at = True, now + EVERY
        except (Waiting, BadCredentials):
            raise
        except SourceError as exc:
            if not self.repos and not self._source.repos:
                raise
            self.whole, self._due_at = False, now + AGAIN_AFTER
            yield Batch(trouble=Trouble(", ".join(self._source.orgs), exc))

    def _take(self, memory: Memory) -> None:
        """A repo that is named as it was called before, and listed as it is called now, is one."""
        taken = [name for name in (*self._listed, *self._source.repos) if takes_repo(self._source, name)]
        by_name = {name.lower(): self.repos.get(name) or self._made(name, memory) for name in taken}
        present = {repo.name.lower(): repo for repo in by_name.values()}
        self.repos = {repo.configured: repo for repo in present.values()}

    def _made(self, name: str, memory: Memory) -> Repo:
        repo = Repo(self._source, name, self._source.instance)
        repo.recall(memory)
        workflows.recall(repo, memory)
        return repo

    def changes(self, memory: Memory, *, leaving: bool = False) -> Iterator[Batch]:
        """What is watched, where it is not what was told last. ``leaving``: also what is watched no more; a source that
        takes what is pushed leaves nothing."""
        before = memory.watching() if self._told is None else self._told
        shown = self._shown(before)
        leaves = leaving and self.whole and bool(self._source.repos or self._source.orgs)
        now = shown if leaves else shown | before
        yield from watching_batches(before, now, lambda key: UNWATCHED)
        if self._told is None:
            yield Batch(watching=Watching())
        self._told = now

    def _shown(self, before: Set[str]) -> Set[str]:
        """Repos and their workflows; also workflows that were taken and that nobody tells of any more."""
        found: set[str] = set()
        repos = {watch_key(PROVIDER, repo.instance, repo.name, None): repo for repo in self.repos.values()}
        for repo in repos.values():
            found |= repo.watch_keys
        for key in before - found:
            repo_key, _, workflow = key.rpartition("|")
            if repo_key in repos and not repos[repo_key].leaves_out(workflow):
                found.add(key)
        return found

    def _asked(self) -> list[str]:
        # PyGithub is loaded only where it is used: most sources name their repos.
        from collector.providers.github.pygithub import repos_of

        authorization = self._credentials.headers().get("Authorization", "")
        names, budget = repos_of(
            self._source.orgs,
            self._source.url,
            authorization.removeprefix("Bearer ") or None,
            is_app=self._source.app is not None,
            clock=self._clock,
        )
        self._api.grant.told(budget)
        return names
