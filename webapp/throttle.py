"""Counts failures by key, bounded in memory however many keys try; says who may try a password, and when."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

_MAX_KEYS = 10_000
FORGET_SECONDS = 600.0
OWN_FREE, OWN_LONGEST_SECONDS = 10, 60.0
ALL_FREE, ALL_LONGEST_SECONDS = 100, 5.0
_FIRST_SECONDS = 4.0
_EVERYBODY = ""
_NETWORK_BITS = 64
"""A client of IPv6 has this many leading bits for itself, and any address below them."""


class Throttle:
    """At most ``limit`` counted failures a key within ``period_seconds``."""

    def __init__(
        self, limit: int, period_seconds: float, monotonic_seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._period_seconds, self._now_seconds = limit, period_seconds, monotonic_seconds
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_seconds(self, key: str) -> float:
        """How long ``key`` has to wait; 0 when it may try."""
        failures = self._failures.get(key)
        if failures is None or len(failures) < self._limit:
            return 0.0
        return max(0.0, failures[0] + self._period_seconds - self._now_seconds())

    def count(self, key: str) -> None:
        """Remember one failure. The oldest keys are forgotten beyond ten thousand."""
        failures = self._failures.setdefault(key, deque(maxlen=self._limit))
        failures.append(self._now_seconds())
        self._failures.move_to_end(key)
        while len(self._failures) > _MAX_KEYS:
            self._failures.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last_seconds: float


class Backoff:
    """``free`` failures a key cost nothing; after each further one it waits 4, 8, 16 … ``longest_seconds``.

    A key's failures are forgotten ten minutes after its last one.
    """

    def __init__(self, free: int, longest_seconds: float, monotonic_seconds: Callable[[], float]) -> None:
        self._free, self._longest_seconds, self._now_seconds = free, longest_seconds, monotonic_seconds
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def wait_seconds(self, key: str) -> float:
        """How long ``key`` has to wait; 0 when it may try."""
        told = self._failures.get(key)
        if told is None or told.count < self._free:
            return 0.0
        doublings = min(told.count - self._free, 30)
        length = min(self._longest_seconds, _FIRST_SECONDS * 2.0**doublings)
        return max(0.0, told.last_seconds + length - self._now_seconds())

    def count(self, key: str) -> None:
        """Remember one failure. The oldest keys are forgotten beyond ten thousand."""
        now, told = self._now_seconds(), self._failures.get(key)
        before = told.count if told is not None and now - told.last_seconds < FORGET_SECONDS else 0
        self._failures[key] = _Failures(before + 1, now)
        self._failures.move_to_end(key)
        while len(self._failures) > _MAX_KEYS:
            self._failures.popitem(last=False)


class Gate:
    """Who may try a password now: each address by its own failures, and all together by everybody's.

    Everybody's failures hold back only addresses from which the right password never came, so that guessing from many
    addresses is slow and keeps nobody out who was in before. A right password takes no failure back: behind a
    proxy that is not named it may be another one's.
    """

    def __init__(self, monotonic_seconds: Callable[[], float] = time.monotonic) -> None:
        self._own = Backoff(OWN_FREE, OWN_LONGEST_SECONDS, monotonic_seconds)
        self._all = Backoff(ALL_FREE, ALL_LONGEST_SECONDS, monotonic_seconds)
        self._known: OrderedDict[str, None] = OrderedDict()

    def wait_seconds(self, address: str) -> float:
        """How long ``address`` has to wait; 0 when it may try. A try that has to wait is not looked at."""
        key = _network(address)
        everybody = 0.0 if key in self._known else self._all.wait_seconds(_EVERYBODY)
        return max(self._own.wait_seconds(key), everybody)

    def failed(self, address: str) -> None:
        self._own.count(_network(address))
        self._all.count(_EVERYBODY)

    def passed(self, address: str) -> None:
        self._known[_network(address)] = None
        self._known.move_to_end(_network(address))
        while len(self._known) > _MAX_KEYS:
            self._known.popitem(last=False)


def _network(address: str) -> str:
    """What one client has for itself: an IPv4 address, or the network of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.ip_network((int(parsed), _NETWORK_BITS), strict=False))
