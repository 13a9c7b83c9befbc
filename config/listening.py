"""Listening on a host and port, or why that cannot be, in words."""

from __future__ import annotations

import errno
import socket

from collector.domain.errors import CIHealthError


class CannotListen(CIHealthError):
    """The web app could not listen where it was told to. ``in_use``: because another program does."""

    def __init__(self, message: str, *, in_use: bool) -> None:
        super().__init__(message)
        self.in_use = in_use


def listen_on(host: str, port: int, backlog: int = 1) -> socket.socket:
    """A socket that listens there (port 0: at any free one); of a name's addresses IPv4 first.

    Raises CannotListen naming the host and port, and what can be done.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
        made = socket.socket(family, kind, protocol)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            made.listen(backlog)
        except BaseException:
            made.close()
            raise
    except (OSError, UnicodeError) as exc:
        raise CannotListen(_why_not(host, port, exc), in_use=getattr(exc, "errno", 0) == errno.EADDRINUSE) from exc
    return made


def free_port(host: str, port: int) -> int:
    """``port``, or some free one for 0, once it is certain that it can be listened on. Raises CannotListen."""
    with listen_on(host, port) as probe:
        return int(probe.getsockname()[1])


def _why_not(host: str, port: int, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use by another program (CI Health, perhaps, that runs already); "
            "stop that one, or choose another port with --port"
        )
    if number == errno.EACCES:
        return f"port {port} on {host} is not for ordinary users; choose one from 1024 on with --port"
    reason = getattr(error, "strerror", None) or error
    return f"cannot listen on {host} port {port} ({reason}); name an address of this machine with --host, as 127.0.0.1"
