"""What a controller is, by python-jenkins: who we are to it, and whether it can tell stages.

python-jenkins brings no time-out, calls 401, 403 and 500 alike "possibly authentication failed", and follows where
it is sent. So its requests go through ``Api`` here: same gate, bounds and errors as all others.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import jenkins
import structlog

from collector.domain.errors import NotAllowed, NotFound, SourceError
from collector.providers.jenkins.api import Api
from collector.providers.jenkins.waiting import QUEUE_TREE

log = structlog.get_logger(__name__)

T = TypeVar("T")
_STAGE_PLUGIN = "pipeline-rest-api"


@dataclass(frozen=True, slots=True)
class Facts:
    """``user`` is None for anonymous; ``plugins`` (the active ones) None when the user may not see them."""

    version: str | None
    user: str | None
    plugins: frozenset[str] | None

    @property
    def has_stages(self) -> bool | None:
        """Whether stages can be asked for; None when the plugins may not be seen."""
        return None if self.plugins is None else _STAGE_PLUGIN in self.plugins


class Server(jenkins.Jenkins):  # type: ignore[misc]
    """python-jenkins over our own client: its requests are GETs below the controller's root, without crumbs."""

    def __init__(self, api: Api) -> None:
        super().__init__(api.url)
        self._api = api

    def jenkins_request(
        self, req: Any, add_crumb: bool = True, resolve_auth: bool = True, stream: bool | None = None
    ) -> SimpleNamespace:
        """Raises SourceError where python-jenkins would raise JenkinsException."""
        parts = urlsplit(req.url)
        path = parts.path.removeprefix(urlsplit(self.server).path)
        told = self._api.object(path, dict(parse_qsl(parts.query)))
        return SimpleNamespace(text=json.dumps(told))


def read_facts(api: Api) -> Facts:
    """Two requests. Raises SourceError when nothing answers; what the user may not see is None."""
    server = Server(api)
    me = _unless_hidden(lambda: server.get_info("me", "?tree=id,fullName"))
    plugins = _unless_hidden(lambda: server.get_info("pluginManager", "?tree=plugins[shortName,active]{0,3000}"))
    user = me.get("id") if me else None
    return Facts(api.version, user if isinstance(user, str) else None, _active(plugins))


def read_queue(api: Api) -> dict[str, Any]:
    """The items that wait, at most 1,000. Raises SourceError."""
    told: dict[str, Any] = Server(api).get_info("queue", f"?tree={QUEUE_TREE}")
    return told


def _unless_hidden(ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return ask()
    except (NotAllowed, NotFound):
        return None


def _active(plugins: dict[str, Any] | None) -> frozenset[str] | None:
    listed = plugins.get("plugins") if plugins else None
    if not isinstance(listed, list):
        return None
    active = (one for one in listed if isinstance(one, dict) and one.get("active") is not False)
    return frozenset(name for one in active if isinstance(name := one.get("shortName"), str))


def say(facts: Facts, source: str, user: str | None) -> None:
    """Tells the operator once what was found, and what of it is probably not meant."""
    log.info(
        "the Jenkins controller answers", source=source, version=facts.version, user=facts.user, stages=facts.has_stages
    )
    if user is not None and facts.user is None:
        log.warning(
            "the controller does not know the source's user; what anonymous may see is read",
            source=source,
            user=user,
            advice="check the source's user and token",
        )


def say_unknown(source: str, error: SourceError) -> None:
    log.warning(
        "who we are to the controller could not be read; its builds are, and it is asked again in an hour",
        source=source,
        error=str(error),
        advice=error.advice,
    )
