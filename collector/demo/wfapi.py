"""What the Pipeline Stage View plugin tells of a build: ``wfapi/describe`` and ``wfapi/runs``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from collector.demo.plans import Build, Item, Stage, build_status
from collector.demo.shown import Shown, millis

_WORDS = {"SUCCESS": "SUCCESS", "FAILURE": "FAILED", "ABORTED": "ABORTED", "UNSTABLE": "UNSTABLE"}


def _stage(shown: Shown, base: str, stage: Stage) -> dict[str, Any]:
    ended = stage.ends_at is not None and stage.ends_at <= shown.now
    end = stage.ends_at if ended and stage.ends_at is not None else shown.now
    running = stage.status if stage.status == "PAUSED_PENDING_INPUT" else "IN_PROGRESS"
    return {
        "_links": {"self": {"href": f"{base}/execution/node/{stage.id}/wfapi/describe"}},
        "id": stage.id,
        "name": stage.name,
        "execNode": stage.node,
        "status": stage.status if ended else running,
        "startTimeMillis": millis(stage.starts_at),
        "durationMillis": _length(end - stage.starts_at),
        "pauseDurationMillis": round(stage.pause_seconds * 1000),
    }


def _length(value: timedelta) -> int:
    return max(round(value.total_seconds() * 1000), 0)


def describe(shown: Shown, item: Item, build: Build) -> dict[str, Any]:
    """A build's stages so far. endTimeMillis is set even while it runs, as the plugin does."""
    base = urlsplit(f"{shown.url(item.full_name)}{build.number}").path
    stages = [_stage(shown, base, stage) for stage in build.stages if stage.starts_at <= shown.now]
    done = build_status(build, shown.now) == "done"
    start = build.starts_at or build.queued_at
    end = build.ends_at if done and build.ends_at is not None else shown.now
    paused = any(stage["status"] == "PAUSED_PENDING_INPUT" for stage in stages)
    running = "PAUSED_PENDING_INPUT" if paused else "IN_PROGRESS"
    return {
        "_links": {"self": {"href": f"{base}/wfapi/describe"}},
        "id": str(build.number),
        "name": f"#{build.number}",
        "status": _WORDS.get(build.result, "NOT_EXECUTED") if done else running,
        "startTimeMillis": millis(start),
        "endTimeMillis": millis(end),
        "durationMillis": _length(end - start),
        "queueDurationMillis": _length(start - build.queued_at),
        "pauseDurationMillis": sum(stage["pauseDurationMillis"] for stage in stages),
        "stages": stages,
    }
