"""Who may do what: every route names its policy, and a route without one is open to nobody.

- ``public``: probes and what the log-in page needs.
- ``ingest``: decides for itself (webapp.webhooks): signatures and tokens instead of the password.
- ``reader``: everything else: the shared password, as a session cookie or as Basic, where one is set.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import time
from collections.abc import Callable
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import structlog
from flask import Flask, Response, current_app, redirect, request, session

from webapp.clients import client_address
from webapp.errors import Refused, error_response
from webapp.hosts import is_address
from webapp.services import root_path, services
from webapp.throttle import Gate

log = structlog.get_logger(__name__)

Policy = Literal["public", "ingest", "reader"]
F = TypeVar("F", bound=Callable[..., Any])

SESSION_DAYS = 30
GATE = "cihealth-gate"
_ATTRIBUTE = "_cihealth_policy"


def policy(name: Policy) -> Callable[[F], F]:
    """Declare a view's policy; goes right above the function, below the route."""

    def mark(view: F) -> F:
        setattr(view, _ATTRIBUTE, name)
        return view

    return mark


def policy_of(app: Flask, endpoint: str) -> Policy | None:
    """The declared policy of an endpoint; None: nobody declared one, so it is refused."""
    return getattr(app.view_functions.get(endpoint), _ATTRIBUTE, None)


def secret_key(password: str | None) -> bytes:
    """The key that signs session cookies: bound to the password, so that a new password ends every session.

    scrypt makes guessing the password from a stolen cookie as slow as it gets.
    """
    if password is None:
        return hashlib.sha256(b"ci-health: nobody logs in").digest()
    return hashlib.scrypt(password.encode(), salt=b"ci-health session v1", n=2**14, r=8, p=1, dklen=32)


def install(app: Flask) -> None:
    app.before_request(_check)
    app.extensions[GATE] = Gate()


def gate() -> Gate:
    found = current_app.extensions[GATE]
    assert isinstance(found, Gate)
    return found


def _check() -> Response | None:
    """Before every request: is the Host ours, is the page that sends this ours, is the reader known?"""
    declared = policy_of(current_app, request.endpoint) if request.endpoint else "public"
    if declared is None:
        raise Refused(403, "this address is open to nobody")
    _check_origin()
    if declared == "reader":
        return _check_reader()
    if declared == "public" and not request.path.startswith(("/healthz", "/readyz")):
        check_host()
    return None


def check_host() -> None:
    """Raises Refused(403) for a name that is not ours: a foreign name may point here (DNS rebinding)."""
    if "HTTP_HOST" not in request.environ:
        raise Refused(400, "Host: is missing", field="Host")
    if not services().options.hosts.knows(request.host):
        raise Refused(403, "Host: this server does not go by that name (see public_url)", field="Host")


def _check_origin() -> None:
    """A browser's page of another site may neither change anything nor open a socket."""
    origin = request.headers.get("Origin")
    changes = request.method not in ("GET", "HEAD", "OPTIONS")
    if origin is None or not (changes or request.path == "/ws"):
        return
    if not services().options.hosts.same_origin(origin, request.host):
        raise Refused(403, "Origin: a page of another site may not do this", field="Origin")


def _check_reader() -> Response | None:
    password = services().options.password
    if password is None:
        check_host()
        return None
    basic = basic_password()
    if basic is None or not is_address(request.host):  # what scrapes by address has no name that could be rebound
        check_host()
    if basic is not None:
        return None if check_password(basic) else _unauthorized()
    return None if session_is_valid() else _unauthorized()


def session_is_valid() -> bool:
    issued = session.get("issued_at")
    return isinstance(issued, (int, float)) and 0 <= time.time() - issued <= SESSION_DAYS * 86400


def start_session() -> None:
    session.clear()
    session.permanent = True
    session["issued_at"] = int(time.time())


def check_password(given: bytes) -> bool:
    """Compare in constant time. Raises Refused(429) while the address has to wait for having failed too often."""
    address = _client()
    seconds = math.ceil(gate().wait_seconds(address))
    if seconds > 0:
        message = f"too many wrong passwords; try again in {seconds} s"
        raise Refused(429, message, headers={"Retry-After": str(seconds)})
    wanted = (services().options.password or "").encode()
    if wanted and hmac.compare_digest(given, wanted):
        gate().passed(address)
        return True
    gate().failed(address)
    log.warning("a wrong password was given", address=address, done="refused", advice=_advice(address))
    return False


def _client() -> str:
    told = request.headers.get("X-Forwarded-For", "")
    return client_address(request.remote_addr or "", told, services().options.proxies)


def _advice(address: str) -> str:
    if "X-Forwarded-For" in request.headers and address == request.remote_addr:
        return (
            "if that address is your proxy's, name it in trusted_proxies: until then all who come through it count as "
            "one and wait for each other's mistakes"
        )
    return "nothing if it was a typo; otherwise see who that address is"


def credential(scheme: str) -> bytes | None:
    """What ``Authorization: <scheme>`` carries, in the bytes that came (WSGI gives them as Latin-1)."""
    told, _, value = request.headers.get("Authorization", "").strip().partition(" ")
    return value.strip().encode("latin-1", "replace") if told.lower() == scheme else None


def basic_password() -> bytes | None:
    """The password of ``Authorization: Basic``; None without one, empty (never right) when it is malformed."""
    value = credential("basic")
    if value is None:
        return None
    try:
        return base64.b64decode(value, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""


def bearer_token() -> bytes | None:
    return credential("bearer")


def _unauthorized() -> Response:
    """People are led to the log-in form; programs are told; a page's own calls get no browser dialog."""
    if request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", ""):
        target = request.full_path.rstrip("?")
        response = redirect(f"{root_path()}/login?next={quote(target, safe='')}", 303)
        assert isinstance(response, Response)
        response.headers["Cache-Control"] = "no-store"
        return response
    response = error_response(401, "log in first, or send the password as Basic")
    by_page = request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
    response.headers["WWW-Authenticate"] = 'Session realm="CI Health"' if by_page else 'Basic realm="CI Health"'
    return response
