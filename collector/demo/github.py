"""A GitHub on loopback: the REST answers of Actions over a world, with ETags, quotas, pages and signed log addresses.

It behaves as recorded from GitHub: weak ETags whose 304 costs nothing (and is told in the strong form), Link headers
that point to ``/repositories/{id}/…``, a 301 for a repo's old name, 302 to another host for logs.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import replace
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import Self
from urllib.parse import unquote

from collector.demo.blobs import BlobServer, PageServer, run_page
from collector.demo.faults import Answer, Request
from collector.demo.github_call import Call, Refused, json_answer, token_of
from collector.demo.github_routes import route
from collector.demo.homes import Addresses
from collector.demo.limits import Quota, RateLimits
from collector.demo.plans import Person
from collector.demo.server import LoopbackServer
from collector.demo.view import World

_DOCS = "https://docs.github.com/rest"
_FREE = ("/rate_limit",)


class GithubServer(LoopbackServer):
    """GitHub over ``world``. ``api_url`` is what a source's ``url:`` names.

    ``tokens``: those that are right, a wrong one is 401 (anonymous is allowed, as on github.com); None: any is right.
    ``enterprise``: pages live on the API's host and the API below ``/api/v3``, as on GitHub Enterprise; else pages
    (html_url) have a host of their own, as github.com and api.github.com. ``limit``: requests an hour and token.
    """

    def __init__(
        self,
        world: World,
        *,
        tokens: Collection[str] | None = None,
        enterprise: bool = False,
        limit: int = 5000,
        anonymous_limit: int = 60,
        port: int = 0,
    ) -> None:
        super().__init__(world.clock, port)
        self.world = world
        self.limits = RateLimits(limit, anonymous_limit)
        self.blobs = BlobServer(world)
        self.pages = None if enterprise else PageServer(world)
        self.person = Person("ci-health-demo", "CI Health")
        self._tokens = None if tokens is None else set(tokens)
        self._prefix = "/api/v3" if enterprise else ""
        self.addresses = Addresses(self.url + self._prefix, self.url if enterprise else self._pages_url())

    def _pages_url(self) -> str:
        return self.pages.url if self.pages is not None else self.url

    @property
    def api_url(self) -> str:
        return self.addresses.api

    @property
    def instance(self) -> str:
        """host[:port] of html_url: the instance of every build here."""
        return self.addresses.web.partition("://")[2]

    def issue_token(self) -> str:
        """A new token that this server takes for right."""
        token = f"ghs_{token_hex(18)}"
        if self._tokens is not None:
            self._tokens.add(token)
        return token

    def set_remaining(self, token: str | None, remaining: int) -> None:
        """As if the token's other users had left only so many requests of this hour."""
        self.limits.set_remaining(token, remaining, self.clock())

    def start(self) -> Self:
        self.blobs.start()
        if self.pages is not None:
            self.pages.start()
        return super().start()

    def stop(self) -> None:
        super().stop()
        self.blobs.stop()
        if self.pages is not None:
            self.pages.stop()

    def answer(self, request: Request) -> Answer:
        path = unquote(request.path)
        view = self.world.at(self.clock())
        if self._prefix and not path.startswith(self._prefix + "/"):
            return run_page(view, path)
        call = Call(self, request, path.removeprefix(self._prefix), view)
        try:
            return self._counted(call)
        except Refused as no:
            return self._refusal(no)

    def _counted(self, call: Call) -> Answer:
        """Who asks, whether the quota still allows it, the answer, and what it cost."""
        token = token_of(call.request)
        app = call.path.startswith("/app/")
        if self._tokens is not None and token is not None and token not in self._tokens and not app:
            raise Refused(401, "Bad credentials")
        free = call.path in _FREE
        quota = self.limits.look(token, call.now)
        if not free and quota.remaining == 0:
            who = "127.0.0.1" if token is None else "user ID 1"
            raise Refused(403, f"API rate limit exceeded for {who}.", quota.headers())
        try:
            answer = self._conditional(call, route(call), token)
        except Refused as no:
            no.headers = {**self._charge(token, call, free).headers(), **no.headers}
            no.charged = not free
            raise
        charged = not free and answer.status != 304
        quota = self._charge(token, call, not charged)
        return replace(answer, headers={**answer.headers, **quota.headers()}, charged=charged)

    def _charge(self, token: str | None, call: Call, free: bool) -> Quota:
        return self.limits.look(token, call.now) if free else self.limits.charge(token, call.now)

    def _conditional(self, call: Call, answer: Answer, token: str | None) -> Answer:
        """Adds the weak ETag (another one for each token); 304 with the strong form when the client has it."""
        if answer.status != 200 or call.path in _FREE:
            return answer
        digest = sha256((token or "").encode() + b"\0" + answer.body).hexdigest()
        strong = f'"{digest}"'
        known = call.request.headers.get("if-none-match", "")
        if strong in [each.strip().removeprefix("W/") for each in known.split(",")]:
            return Answer(304, {"ETag": strong, "Cache-Control": "private, max-age=60, s-maxage=60"}, charged=False)
        headers = {
            **answer.headers,
            "ETag": f"W/{strong}",
            "Cache-Control": "private, max-age=60, s-maxage=60",
            "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With",
            "X-GitHub-Media-Type": "github.v3; format=json",
            "x-github-api-version-selected": "2022-11-28",
            "X-GitHub-Request-Id": token_urlsafe(12),
        }
        return replace(answer, headers=headers)

    def _refusal(self, no: Refused) -> Answer:
        body: dict[str, str] = {"message": no.message, "documentation_url": _DOCS, "status": str(no.status)}
        if "Location" in no.headers:
            body["url"] = no.headers["Location"]
        return replace(json_answer(body, no.headers, no.status), charged=no.charged)


def sign(secret: str, body: bytes) -> str:
    """GitHub's ``X-Hub-Signature-256`` over the raw body."""
    return "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()
