"""What the web process holds while it runs, handed to views through the app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from flask import Response, current_app, request
from pydantic import BaseModel

from webapp.answers import answer_text, dumps
from webapp.clients import Network
from webapp.db import Lanes
from webapp.hosts import Hosts
from webapp.measures import Measures
from webapp.reuse import Reuse

if TYPE_CHECKING:
    from collector.storage.database import Database
    from config.model import Config
    from webapp.live import Hub
    from webapp.writer import Recorder

EXTENSION = "cihealth"


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Options:
    """How this web process was told to behave.

    ``posting_open``: builds may be posted without a credential where none is configured (loopback, or --insecure).
    ``password``: the shared password, None when nothing asks for one. ``proxies``: whose X-Forwarded-For is believed.
    """

    hosts: Hosts
    posting_open: bool
    password: str | None = None
    proxies: tuple[Network, ...] = ()
    demo: bool = False
    version: str = "0"
    clock: Callable[[], datetime] = field(default=utc_now)


@dataclass(frozen=True)
class Services:
    options: Options
    config: Config
    database: Database
    lanes: Lanes
    recorder: Recorder
    hub: Hub
    measures: Measures
    reuse: Reuse


def services() -> Services:
    return cast(Services, current_app.extensions[EXTENSION])


def figures(name: str, query: BaseModel, work: Callable[[], object]) -> Response:
    """The answer of a figure: worked out by ``work``, or reused where that is dear."""
    return answer_text(services().reuse.answer(name + query.model_dump_json(), lambda: dumps(work())))


def root_path() -> str:
    """The path in front of ours as the client sees it: public_url's, when asked by that name or below that path."""
    hosts = services().options.hosts
    return request.script_root or (hosts.public_path if hosts.is_public(request.host) else "")
