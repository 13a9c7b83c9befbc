"""The kinds of text that collectors.yaml holds: each says what would be right when it is not.

``${NAME}`` is put in here for ordinary text, from the environment that ``config.load`` passes as validation
context; secrets keep theirs (``config.secrets``). Built without a context (in code), text is taken as it is.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, StringConstraints, ValidationInfo

from config.secrets import Secret, SecretError, expand

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_REPO = re.compile(r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}")
_ORG = re.compile(r"[A-Za-z0-9._-]{1,100}")
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


@dataclass
class Context:
    """What validation knows beside the file: the environment, the file's folder; it gathers the names it put in."""

    environ: Mapping[str, str]
    folder: Path
    names: set[str] = field(default_factory=set)


def _expanded(value: object, info: ValidationInfo) -> object:
    context = info.context
    if not isinstance(value, str) or not isinstance(context, Context) or "${" not in value:
        return value
    try:
        context.names |= Secret(value).names()
        return expand(value, context.environ)
    except SecretError as exc:
        raise ValueError(str(exc)) from exc


def _one_line(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; give it a value, or leave the line out")
    if _CONTROL.search(text):
        raise ValueError("holds a control character or line break; write it on one line")
    return text


Text = Annotated[str, BeforeValidator(_expanded), AfterValidator(_one_line), StringConstraints(max_length=1024)]
"""One line, not empty."""


def http_url(text: str) -> str:
    """The address without a slash at its end. Raises ValueError: not http(s), no host, credentials, query, bad port."""
    try:
        parts = urlsplit(text)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError as exc:
        raise ValueError(f"is no address ({exc}); write https://host[:port][/path]") from exc
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_right or re.search(r"[\s\\]", text):
        raise ValueError("is no address; write http:// or https:// and a host: https://host[:port][/path]")
    if "@" in parts.netloc:
        raise ValueError("holds a user or password; leave them out of the address, they have keys of their own")
    if parts.query or parts.fragment:
        raise ValueError("holds a ? or #; write https://host[:port][/path] only")
    return text.rstrip("/")


def _repo(text: str) -> str:
    if not _REPO.fullmatch(text):
        raise ValueError(f'"{text[:80]}" is no repo; write org/name, as in acme/web{_glob_advice(text)}')
    return text


def _org(text: str) -> str:
    if not _ORG.fullmatch(text):
        raise ValueError(f'"{text[:80]}" is no organisation or user; write its login, as in acme')
    return text


def _glob_advice(text: str) -> str:
    return "; for patterns use orgs: with include:" if re.search(r"[*?\[]", text) else ""


def _job_path(text: str) -> str:
    if text.startswith("/") or text.endswith("/") or "//" in text or "://" in text:
        raise ValueError(f'"{text[:80]}" is no Jenkins name; write the full name, as in platform/web, not an address')
    return text


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text) or not text.isascii():
        raise ValueError(f'"{text[:80]}" is no mail address; write name@host')
    return text


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as exc:
        raise ValueError(f'"{text[:80]}" is no address or network; write 10.0.0.5 or 10.0.0.0/8') from exc


def _from_folder(text: str, info: ValidationInfo) -> str:
    return str(info.context.folder / text) if isinstance(info.context, Context) else text


def _kind(check: Callable[[str], str]) -> AfterValidator:
    return AfterValidator(check)


HttpUrl = Annotated[Text, _kind(http_url)]
RepoName = Annotated[Text, _kind(_repo)]
OrgName = Annotated[Text, _kind(_org)]
JobPath = Annotated[Text, _kind(_job_path)]
NetworkText = Annotated[Text, _kind(_network)]
"""An IP address or a network of them, always written as a network."""
MailAddress = Annotated[Text, _kind(_address)]
FilePath = Annotated[Text, AfterValidator(_from_folder)]
"""A path; a relative one starts at the folder that collectors.yaml is in."""
Name = Annotated[Text, StringConstraints(max_length=64)]
"""The unique name of an entry."""
