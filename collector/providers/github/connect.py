"""Tries a GitHub source as the collector would: who we are, what we may see, what is missing, what polling costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from collector.domain.errors import BadAnswer, NotAllowed, NotFound
from collector.providers.base import Budget
from collector.providers.finding import Finding
from collector.providers.github.api import HEADERS, Credentials
from collector.providers.github.credentials import Anonymous, credentials_of
from collector.providers.github.limits import budget_of, error_of
from collector.providers.github.plan import Standing, hourly, hourly_most
from collector.providers.github.selection import takes_repo
from collector.providers.http import Http, Reply
from config.model import Config, GithubSource

MOST_TRIED = 50
"""Repos that are tried one by one; the rest is counted."""
REDIRECTS = 3
WANTED_EVENTS = ("workflow_run", "workflow_job")


def connect(
    source: GithubSource,
    config: Config,
    environ: Mapping[str, str],
    *,
    transport: httpx.BaseTransport | None = None,
    clock: Callable[[], datetime],
    shared: Path | None = None,
) -> Iterator[Finding]:
    """What is found, as it is found. Raises SourceError when GitHub cannot be read, and SecretError.

    ``shared`` is not needed, as in ``client.make_reader``.
    """
    http = Http(source.url, transport=transport, clock=clock)
    try:
        trial = _Trial(source, http, credentials_of(source, environ, clock), clock)
        yield from trial.findings(config.interval_of(source), config.public_url)
    finally:
        http.close()


class _Trial:
    def __init__(
        self, source: GithubSource, http: Http, credentials: Credentials, clock: Callable[[], datetime]
    ) -> None:
        self._source, self._http, self._credentials, self._clock = source, http, credentials, clock
        self._anonymous = isinstance(credentials, Anonymous)

    def findings(self, interval: timedelta, public_url: str | None) -> Iterator[Finding]:
        budget, who = self._who()
        yield who
        repos = self._repos()
        if not repos:
            yield Finding("note", "no repo is polled; every repo that its webhook secrets sign is taken")
            return
        readable = 0
        for name in repos[:MOST_TRIED]:
            found = self._missing_of(name)
            readable += found is None
            yield from [found] if found else []
        yield Finding("sees", _counted(readable, len(repos)))
        yield self._webhook(repos[0], public_url)
        yield _cost(len(repos), interval, budget, self._clock(), anonymous=self._anonymous)

    def _get(self, path: str) -> Reply:
        headers = {**HEADERS, **self._credentials.headers()}
        return self._http.get(path, headers=headers, redirects=REDIRECTS)

    def _who(self) -> tuple[Budget | None, Finding]:
        """By the free question for the limits; an Enterprise server without limits answers 404."""
        reply = self._get("rate_limit")
        error = error_of(reply, self._clock())
        if error is not None and not isinstance(error, NotFound):
            raise error
        budget = budget_of(reply.headers, self._clock())
        who = "anonymous" if self._anonymous else "an App's installation" if self._source.app else "a token"
        scopes = reply.headers.get("X-OAuth-Scopes")
        told = f" with the scopes {scopes[:200]}" if scopes else ""
        until = reply.headers.get("GitHub-Authentication-Token-Expiration")
        expires = f", good until {until[:40]}" if until else ""
        left = f"{budget.remaining} of {budget.limit} requests are left this hour" if budget else "no limit is told"
        return budget, Finding("sees", f"{self._source.instance} as {who}{told}{expires}; {left}")

    def _repos(self) -> list[str]:
        named = [name for name in self._source.repos if takes_repo(self._source, name)]
        if not self._source.orgs:
            return named
        # PyGithub is loaded only where it is used: most sources name their repos.
        from collector.providers.github.pygithub import repos_of

        authorization = self._credentials.headers().get("Authorization", "")
        token = authorization.removeprefix("Bearer ") or None
        is_app = self._source.app is not None
        listed, _ = repos_of(self._source.orgs, self._source.url, token, is_app=is_app, clock=self._clock)
        both = {name.lower(): name for name in (*listed, *named) if takes_repo(self._source, name)}
        return list(both.values())

    def _missing_of(self, name: str) -> Finding | None:
        """What keeps the repo's Actions from being read, the permission by its name; None when nothing does."""
        for path, permission in ((f"repos/{name}", "Metadata: read"), (f"repos/{name}/actions/runs?per_page=1", "")):
            reply = self._get(path)
            error = error_of(reply, self._clock())
            if isinstance(error, NotAllowed | NotFound):
                wanted = reply.headers.get("X-Accepted-GitHub-Permissions") or permission or "Actions: read"
                return Finding("missing", f"{name}: {error} (permission {wanted[:100]})", error.advice)
            if error is not None:
                raise error
            if not isinstance(reply.json(), dict):
                raise BadAnswer(f"{name}: GitHub's answer is no object", advice="check that url is the API's address")
        return None

    def _webhook(self, name: str, public_url: str | None) -> Finding:
        """Of one repo, where the token may read webhooks; an organisation's own cannot be seen from a repo."""
        reply = self._get(f"repos/{name}/hooks?per_page=100")
        if error_of(reply, self._clock()) is not None:
            return Finding("webhook", f"of {name} cannot be read (permission Webhooks: read); polling does without")
        return _hook_of(name, reply.json(), public_url)


def _counted(readable: int, repos: int) -> str:
    rest = f"; {repos - MOST_TRIED} more were not tried" if repos > MOST_TRIED else ""
    return f"the runs of {readable} of {min(repos, MOST_TRIED)} repos{rest}"


def _hook_of(name: str, hooks: object, public_url: str | None) -> Finding:
    if not isinstance(hooks, list):
        raise BadAnswer(f"GitHub's list of {name}'s webhooks is no list")
    ours = [hook for hook in hooks if isinstance(hook, dict) and "/ingest/github" in _address(hook)]
    if not ours:
        wanted = f"{public_url or 'https://this-server'}/ingest/github"
        return Finding(
            "webhook", f"{name} has none that points here; builds are seen by polls alone", f"add one for {wanted}"
        )
    hook = ours[0]
    events, active = hook.get("events") or [], hook.get("active") is not False
    lacking = [event for event in WANTED_EVENTS if event not in events and "*" not in events]
    response = hook.get("last_response")
    last = response.get("code") if isinstance(response, dict) else None
    told = f"{name}'s points to {_address(hook)[:200]}, {'active' if active else 'switched off'}; last answer: {last}"
    advice = f"add the events {', '.join(lacking)}" if lacking else "" if active else "switch it on"
    return Finding("webhook", told + (f"; without the events {', '.join(lacking)}" if lacking else ""), advice)


def _address(hook: Mapping[str, object]) -> str:
    config = hook.get("config")
    return str(config.get("url") or "") if isinstance(config, dict) else ""


def _cost(repos: int, interval: timedelta, budget: Budget | None, at: datetime, *, anonymous: bool) -> Finding:
    """By the plan that polls go by. What did not change is 304: free with credentials, charged without."""
    most = hourly_most(budget, anonymous=anonymous)
    standings = [Standing(str(number), None, None) for number in range(repos)]
    plan, wished = hourly(standings, interval, most, at), hourly(standings, interval, math.inf, at).now
    if anonymous:
        every = round(interval.total_seconds() * max(1.0, wished / plan.now))
        return Finding("cost", f"{plan.now} requests an hour, all charged; each repo is read about every {every} s")
    needed = f"; {wished} would be needed for every repo each interval: quiet ones wait"
    return Finding(
        "cost",
        f"{plan.now} requests an hour, 0 of them charged while nothing changes; {plan.worst} if every poll of every"
        f" repo found news; about 2 charged for each run{'' if plan.now == wished else needed}",
    )
