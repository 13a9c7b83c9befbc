"""The environment as Settings: what a process needs before it reads collectors.yaml.

| variable | default |
|---|---|
| CIHEALTH_CONFIG | collectors.yaml, if there |
| CIHEALTH_DATABASE | sqlite:///cihealth.db |
| CIHEALTH_HOST, CIHEALTH_PORT | 127.0.0.1, 8000 |
| CIHEALTH_PASSWORD or CIHEALTH_PASSWORD_FILE | none |
| CIHEALTH_INSECURE | 0 |
| CIHEALTH_LOG, CIHEALTH_LOG_FORMAT | info, auto (or text, json) |
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar, cast, get_args
from urllib.parse import urlsplit

from config.problems import ConfigErrors, Problem
from config.secrets import SecretError, read_variable

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "text", "json"]
DEFAULT_DATABASE = "sqlite:///cihealth.db"
_DATABASE_ADVICE = "write sqlite:///relative/file or sqlite:////absolute/file"
_PREFIX = "CIHEALTH_"
_BETWEEN_PROGRAMS = frozenset({"CIHEALTH_PARENT_FD", "CIHEALTH_LEASE_OWNER", "CIHEALTH_DEMO"})
"""What our own programs tell each other."""
_HOST = re.compile(r"[A-Za-z0-9._:%-]{1,255}|\[[0-9A-Fa-f:.%]{2,60}\]")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Settings:
    """``config`` None: collectors.yaml in the working folder, if there. ``password`` None: nobody is asked for one."""

    config: Path | None = None
    database: str = DEFAULT_DATABASE
    host: str = "127.0.0.1"
    port: int = 8000
    password: str | None = field(default=None, repr=False)
    insecure: bool = False
    log_level: LogLevel = "info"
    log_format: LogFormat = "auto"


def from_environ(environ: Mapping[str, str]) -> Settings:
    """Raises ConfigErrors with every variable that is wrong; its ``file`` is ``environment``."""
    reader = _Reader(environ)
    settings = Settings(
        config=reader.read("CIHEALTH_CONFIG", Path, None),
        database=reader.read("CIHEALTH_DATABASE", database_url, DEFAULT_DATABASE),
        host=reader.read("CIHEALTH_HOST", host_name, "127.0.0.1"),
        port=reader.read("CIHEALTH_PORT", port_number, 8000),
        password=reader.password(),
        insecure=reader.read("CIHEALTH_INSECURE", _switch, False),
        log_level=cast("LogLevel", reader.read("CIHEALTH_LOG", _one_of(get_args(LogLevel)), "info")),
        log_format=cast("LogFormat", reader.read("CIHEALTH_LOG_FORMAT", _one_of(get_args(LogFormat)), "auto")),
    )
    if reader.problems:
        raise ConfigErrors(reader.problems)
    return settings


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[Problem] = []

    def read(self, name: str, parse: Callable[[str], _T], default: _T | None) -> _T:
        """An unset variable, or one set to nothing, is the default."""
        text = self._environ.get(name, "").strip()
        try:
            return parse(text) if text else cast("_T", default)
        except ValueError as exc:
            self.problems.append(Problem("environment", None, name, str(exc)))
            return cast("_T", default)

    def password(self) -> str | None:
        name = "CIHEALTH_PASSWORD"
        if name not in self._environ and not self._environ.get(f"{name}_FILE"):
            return None
        try:
            return read_variable(name, self._environ)
        except SecretError as exc:
            self.problems.append(Problem("environment", None, name, str(exc)))
            return None


def database_url(text: str) -> str:
    """Raises ValueError for what can never be a database of ours; never repeats a foreign address with its password."""
    scheme, _, rest = text.partition("://")
    if scheme in ("postgresql", "postgres"):
        raise ValueError(f"PostgreSQL cannot be used yet; {_DATABASE_ADVICE}")
    if scheme != "sqlite" or not rest.startswith("/") or rest in ("/", "/:memory:"):
        raise ValueError(f"is no database; {_DATABASE_ADVICE}")
    path = Path(rest.removeprefix("/"))
    if os.path.isdir(path):  # unlike Path's own, False where one may not look
        raise ValueError(f"{path} is a folder; name a file in it")
    if not os.path.isdir(path.parent):
        raise ValueError(
            f"the folder {path.parent} of the database does not exist, or may not be read; create it, or name another"
        )
    return text


def unknown_variables(environ: Mapping[str, str], used: Set[str]) -> Iterator[Problem]:
    """What begins as our variables do and is none: most likely a slip of the pen. ``used``: what the config names."""
    own = {f"CIHEALTH_{name}" for name in ("CONFIG", "DATABASE", "HOST", "PORT", "INSECURE", "LOG", "LOG_FORMAT")}
    own |= {"CIHEALTH_PASSWORD", "CIHEALTH_PASSWORD_FILE"}
    known = own | _BETWEEN_PROGRAMS | used | {f"{name}_FILE" for name in used}
    endings = sorted(name.removeprefix(_PREFIX) for name in own | used if name.startswith(_PREFIX))
    for name in sorted(name for name in environ if name.startswith(_PREFIX) and name not in known):
        close = difflib.get_close_matches(name.removeprefix(_PREFIX), endings, n=1)
        right = f"did you mean {_PREFIX}{close[0]}?" if close else f"there are: {', '.join(sorted(own))}"
        yield Problem("environment", None, name, f"is read by nothing, neither here nor in the config; {right}")


def host_name(text: str) -> str:
    """A name or address to listen on; an IPv6 address with or without brackets, returned without."""
    if not _HOST.fullmatch(text):
        raise ValueError("is no host; write a name or address to listen on, as 127.0.0.1 or 0.0.0.0")
    return text.strip("[]")


def port_number(text: str) -> int:
    """0 (any free one) to 65535."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise ValueError("is no port; write a whole number from 0 to 65535")
    return int(text)


def _switch(text: str) -> bool:
    if text.lower() not in ("0", "1", "true", "false"):
        raise ValueError("must be 0 or 1")
    return text.lower() in ("1", "true")


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text.lower()

    return parse


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``: localhost and its subdomains, 127.0.0.0/8, ::1. Looks nothing up."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def exposure_refusal(*, host: str, public_url: str | None, password: str | None, insecure: bool) -> str | None:
    """Why the web app must not start: reachable from beyond this machine and without a password. None: it may."""
    if password is not None or insecure:
        return None
    reasons = "; ".join(_exposures(host, public_url))
    if not reasons:
        return None
    return (
        f"{reasons}, and no password is set: anyone who reaches it could read everything. Set CIHEALTH_PASSWORD "
        "(or CIHEALTH_PASSWORD_FILE), stay on 127.0.0.1, or say --insecure if that is what you want"
    )


def _exposures(host: str, public_url: str | None) -> Iterator[str]:
    if not is_loopback(host):
        yield f"listening on {host} is open beyond this machine"
    if public_url is not None and not is_loopback(urlsplit(public_url).hostname or ""):
        yield f"public_url {public_url} is beyond this machine"
