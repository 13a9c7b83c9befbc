"""What PyGithub does for us: App tokens and their permissions, and the repos of organisations.

It is built with the same address and time-outs as our own client, without retries of its own and without sleeping:
its default waits until the limit's reset inside a call. Its errors are mapped to ours here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import requests
from github import Auth, Github, GithubException, GithubIntegration
from github.PaginatedList import PaginatedList
from github.Repository import Repository

from collector.domain.errors import BadAnswer, NotAllowed, NotFound, SourceError, Unreachable
from collector.providers.base import Budget
from collector.providers.github.limits import budget_of, error_of
from collector.providers.http import Reply
from collector.providers.reply import http_date

TIMEOUT_SECONDS = 15
RENEW_BEFORE = timedelta(minutes=5)
CLOCK_NOISE = timedelta(seconds=10)
MAX_REPOS = 10_000
MAX_REPEATED = 200
"""A list that shifts while it is paged repeats a few names; one that goes round in circles repeats all."""


class AppCredentials:
    """A GitHub App's installation: a token of an hour, made anew in time. ``identity`` outlives the tokens."""

    def __init__(
        self, base_url: str, app_id: int, installation_id: int, private_key: str, clock: Callable[[], datetime]
    ) -> None:
        self._base_url, self._app_id, self._installation_id = base_url, app_id, installation_id
        self._private_key, self._clock = private_key, clock
        self._token, self._expires_at = "", datetime.min.replace(tzinfo=UTC)
        self._ahead = timedelta(0)
        """How far GitHub's clock is ahead of this machine's: it takes no JWT from its future or past."""

    @property
    def identity(self) -> str:
        return f"app:{self._app_id}:{self._installation_id}"

    @property
    def token(self) -> str:
        """A token that is good for some minutes more. Raises SourceError."""
        if self._clock() + RENEW_BEFORE >= self._expires_at:
            self._token, self._expires_at = self._made()
        return self._token

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self) -> bool:
        """An installation's token may be revoked before its hour is over: the next one is made anew."""
        had_one = bool(self._token)
        self._token, self._expires_at = "", datetime.min.replace(tzinfo=UTC)
        return had_one

    def _made(self) -> tuple[str, datetime]:
        """A token, and until when it is good on our clock; asked for once more when GitHub's clock differs."""
        with mapped(f"the App {self._app_id}'s installation {self._installation_id}", self._clock):
            try:
                return self._asked_for()
            except GithubException as exc:
                if exc.status != 401 or not self._learn_clock(exc.headers):
                    raise
            return self._asked_for()

    def _learn_clock(self, headers: Mapping[str, object] | None) -> bool:
        """Whether the answer's ``Date`` says that the clocks differ by more than was known."""
        told = http_date(str({name.lower(): value for name, value in (headers or {}).items()}.get("date", "")))
        if told is None:
            return False
        before, self._ahead = self._ahead, told - datetime.now(UTC)
        return abs(self._ahead - before) > CLOCK_NOISE

    def _asked_for(self) -> tuple[str, datetime]:
        auth = Auth.AppAuth(self._app_id, sign_func=self._sign)
        integration = GithubIntegration(
            base_url=self._base_url, auth=auth, timeout=TIMEOUT_SECONDS, retry=None, seconds_between_requests=None
        )
        try:
            made = integration.get_access_token(self._installation_id)
        finally:
            integration.close()
        _require_actions(made.permissions, self._installation_id)
        self._learn_clock(made.raw_headers)
        good_for = made.expires_at.astimezone(UTC) - (datetime.now(UTC) + self._ahead)
        return made.token, self._clock() + good_for

    def _sign(self, payload: dict[str, Any]) -> str:
        """RS256, with its times on GitHub's clock."""
        seconds = round(self._ahead.total_seconds())
        shifted = {**payload, "iat": payload["iat"] + seconds, "exp": payload["exp"] + seconds}
        return jwt.encode(shifted, self._private_key, algorithm="RS256")


def repos_of(
    orgs: Sequence[str], base_url: str, token: str | None, *, is_app: bool, clock: Callable[[], datetime]
) -> tuple[list[str], Budget | None]:
    """``org/name`` of every repo of ``orgs`` that is not archived or disabled, and the budget after asking.

    An org may also be a user. One request a hundred repos. Raises SourceError naming the org.
    """
    auth = Auth.Token(token) if token else None
    client = Github(
        base_url=base_url,
        auth=auth,
        timeout=TIMEOUT_SECONDS,
        retry=None,
        per_page=100,
        seconds_between_requests=None,
        lazy=True,
    )
    try:
        names = [name for org in orgs for name in _repos_of_one(client, org, is_app, clock)]
        return sorted(set(names), key=str.lower), _budget(client, clock())
    finally:
        client.close()


def _repos_of_one(client: Github, org: str, is_app: bool, clock: Callable[[], datetime]) -> list[str]:
    with mapped(f"the list of repos of {org}", clock):
        if is_app:
            found = _listed(client, "/installation/repositories", {}, "repositories")
            return [name for name in found if name.split("/", 1)[0].lower() == org.lower()]
        try:
            return _listed(client, f"/orgs/{org}/repos", {"type": "all"}, None)
        except GithubException as exc:
            if exc.status != 404:
                raise
        return _listed(client, f"/users/{org}/repos", {"type": "owner"}, None)


def _listed(client: Github, path: str, parameters: dict[str, str], item: str | None) -> list[str]:
    """Names out of a list. Only what the list itself tells is touched: a missing attribute would be a hidden GET."""
    names: dict[str, bool] = {}
    repeated = 0
    for repo in PaginatedList(Repository, client.requester, path, parameters, list_item=item or "items"):
        raw = repo._rawData
        name = raw.get("full_name")
        if isinstance(name, str):
            repeated += name in names
            names[name] = not raw.get("archived") and not raw.get("disabled")
        if len(names) > MAX_REPOS or repeated > MAX_REPEATED:
            raise BadAnswer(
                f"{path} has more than {MAX_REPOS} repos, or no end", advice="name fewer orgs in one source"
            )
    return [name for name, alive in names.items() if alive]


def _budget(client: Github, now: datetime) -> Budget | None:
    """From the headers of the last answer; no request is made for it."""
    remaining, limit = client.requester.rate_limiting
    reset = client.requester.rate_limiting_resettime
    headers = {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(reset),
    }
    return budget_of(httpx.Headers(headers), now)


def _require_actions(permissions: Mapping[str, str], installation_id: int) -> None:
    if permissions and permissions.get("actions") not in ("read", "write"):
        raise NotAllowed(
            f"the App's installation {installation_id} may not read Actions",
            advice="give the App the repository permission Actions: read, and let the organisation accept it",
        )


@contextmanager
def mapped(what: str, clock: Callable[[], datetime]) -> Iterator[None]:
    """PyGithub's errors, and those of the libraries below it, as ours; ``what`` was asked for."""
    try:
        yield
    except GithubException as exc:
        raise _error(exc, what, clock()) from exc
    except requests.exceptions.RequestException as exc:
        raise Unreachable(
            f"no answer for {what}: {type(exc).__name__}", advice="check the source's url and the way to it"
        ) from exc
    except (jwt.exceptions.PyJWTError, ValueError, TypeError) as exc:
        raise NotAllowed(
            f"{what}: the App's private key cannot be used ({type(exc).__name__})",
            advice="private_key_file must hold the App's PEM key as GitHub gave it",
        ) from exc
    except AssertionError as exc:
        raise BadAnswer(f"{what}: GitHub's answer points to another host; it is not followed") from exc


def _error(exc: GithubException, what: str, now: datetime) -> SourceError:
    headers = httpx.Headers({str(name): str(value) for name, value in (exc.headers or {}).items()})
    message = exc.data.get("message") if isinstance(exc.data, dict) else None
    body = json.dumps({"message": str(message or exc.status)}).encode()
    error = error_of(Reply(exc.status, headers, body, f"https://github.invalid/{what}"), now)
    if isinstance(error, NotFound):
        return NotFound(f"{what} is not there for these credentials", advice=error.advice)
    return error or BadAnswer(f"{what}: GitHub answered {exc.status}")
