"""GitHub's statuses and conclusions in our words (DESIGN, "Words"). Pure, but that an unknown one is logged once."""

from __future__ import annotations

import structlog

from collector.domain.model import Status

_CONCLUSIONS = {
    "success": Status.SUCCESS,
    "failure": Status.FAILURE,
    "timed_out": Status.FAILURE,
    "startup_failure": Status.FAILURE,
    "cancelled": Status.CANCELLED,
    "skipped": Status.SKIPPED,
    "action_required": Status.SKIPPED,
    "neutral": Status.SKIPPED,
    "stale": Status.SKIPPED,
}
_UNFINISHED = {
    "queued": Status.QUEUED,
    "waiting": Status.QUEUED,
    "requested": Status.QUEUED,
    "pending": Status.QUEUED,
    "in_progress": Status.IN_PROGRESS,
}
_log = structlog.get_logger(__name__)
_unknown_seen: set[str] = set()


def status_of(status: str, conclusion: str | None) -> Status:
    """GitHub's two words to ours. Unknown ones are ``skipped`` (said once in the log) and kept as conclusion."""
    if status in _UNFINISHED:
        return _UNFINISHED[status]
    if status == "completed" and conclusion in _CONCLUSIONS:
        return _CONCLUSIONS[conclusion]
    unknown = conclusion or status if status == "completed" else status
    if unknown not in _unknown_seen and len(_unknown_seen) < 1000:
        _unknown_seen.add(unknown)
        _log.warning(
            "unknown GitHub conclusion, kept as it came and counted as skipped; nothing to do unless it should count",
            status=status,
            conclusion=conclusion,
        )
    return Status.SKIPPED


def conclusion_of(word_status: Status, status: str, conclusion: str | None) -> str | None:
    """The provider's last word; an unknown status has none but itself."""
    if not word_status.finished:
        return None
    return conclusion or (status if status != "completed" else None)
