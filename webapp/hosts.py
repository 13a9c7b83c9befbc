"""Which Host and Origin a request may carry: the defence against DNS rebinding and foreign pages."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from collector.domain.names import host_of
from config.settings import is_loopback


def host_name(host: str) -> str | None:
    """The name of a Host header without its port, in lower case; None when it is not one."""
    if not host or any(c in host for c in "/\\@?#, \t"):
        return None
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018  raises on a port that is none
        return parts.hostname
    except ValueError:
        return None


def is_address(host: str) -> bool:
    """Whether a Host header is an IP address, with or without a port."""
    try:
        return ip_address(host_name(host) or "") is not None
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names this server goes by. ``any_host``: bound beyond loopback without a public_url (--insecure)."""

    public_url: str | None
    any_host: bool = False

    @property
    def public_origin(self) -> str | None:
        if self.public_url is None:
            return None
        return f"{urlsplit(self.public_url).scheme}://{host_of(self.public_url)}"

    @property
    def public_path(self) -> str:
        """The path that the public URL adds in front of ours: ``/ci`` or nothing."""
        return urlsplit(self.public_url).path.rstrip("/") if self.public_url else ""

    @property
    def https(self) -> bool:
        return bool(self.public_url) and urlsplit(self.public_url or "").scheme == "https"

    def knows(self, host: str) -> bool:
        """Whether a Host header names us."""
        name = host_name(host)
        if name is None:
            return False
        return self.any_host or is_loopback(name) or self.is_public(host)

    def is_public(self, host: str) -> bool:
        """Whether a Host header is the public URL's; proxies may leave its port out."""
        return self.public_url is not None and host_name(host) == urlsplit(self.public_url).hostname

    def same_origin(self, origin: str, host: str) -> bool:
        """Whether a page of ``origin`` is ours. Under the public name the scheme and port must be right, too."""
        if self.public_origin is not None and origin.lower() == self.public_origin:
            return True
        if self.is_public(host):
            return False
        return origin.lower() in (f"http://{host}".lower(), f"https://{host}".lower())
