"""What a token may still ask of the demo's GitHub: so many requests an hour, counted as GitHub counts."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Quota:
    """A token's state: ``used`` of ``limit`` since the window began; it ends at ``reset_at``."""

    limit: int
    used: int
    reset_at: datetime

    @property
    def remaining(self) -> int:
        return max(self.limit - self.used, 0)

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(int(self.reset_at.timestamp())),
            "X-RateLimit-Used": str(min(self.used, self.limit)),
            "X-RateLimit-Resource": "core",
        }

    def as_json(self) -> dict[str, int]:
        reset = int(self.reset_at.timestamp())
        return {"limit": self.limit, "used": self.used, "remaining": self.remaining, "reset": reset}


class RateLimits:
    """Quotas by token (None: anonymous). A window of an hour opens with a token's first charged request."""

    def __init__(self, limit: int, anonymous_limit: int) -> None:
        self._lock = threading.Lock()
        self._limits = (limit, anonymous_limit)
        self._quotas: dict[str | None, Quota] = {}

    def _current(self, token: str | None, now: datetime) -> Quota:
        quota = self._quotas.get(token)
        if quota is None or quota.reset_at <= now:
            limit = self._limits[1] if token is None else self._limits[0]
            quota = Quota(limit, 0, now.replace(microsecond=0) + timedelta(hours=1))
        return quota

    def look(self, token: str | None, now: datetime) -> Quota:
        with self._lock:
            return self._current(token, now)

    def charge(self, token: str | None, now: datetime) -> Quota:
        with self._lock:
            quota = self._current(token, now)
            self._quotas[token] = Quota(quota.limit, quota.used + 1, quota.reset_at)
            return self._quotas[token]

    def set_remaining(self, token: str | None, remaining: int, now: datetime) -> None:
        """As if the rest had been used by somebody else with this token."""
        with self._lock:
            quota = self._current(token, now)
            self._quotas[token] = Quota(quota.limit, quota.limit - remaining, quota.reset_at)
