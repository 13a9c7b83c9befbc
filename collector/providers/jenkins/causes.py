"""Why a build ran and who asked for it, from its causes. Why it was stopped is no cause of its start."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from collector.providers.jenkins.fields import Fields, objects

_EVENTS_BY_CLASS = (
    ("RebuildCause", "rebuild"),
    ("ReplayCause", "replay"),
    ("RestartDeclarativePipelineCause", "restart"),
    ("UserIdCause", "manual"),
    ("UserCause", "manual"),
    ("TimerTriggerCause", "schedule"),
    ("SCMTriggerCause", "push"),
    ("GitHubPushCause", "push"),
    ("GitLabWebHookCause", "push"),
    ("BranchIndexingCause", "indexing"),
    ("UpstreamCause", "upstream"),
    ("BuildUpstreamCause", "upstream"),
    ("RemoteCause", "remote"),
)
_EVENTS_BY_TEXT = (
    (re.compile(r"Rebuilds? build|Rebuilt from", re.I), "rebuild"),
    (re.compile(r"Replayed #", re.I), "replay"),
    (re.compile(r"Restarted from build", re.I), "restart"),
    (re.compile(r"Pull request|Merge request", re.I), "pull_request"),
    (re.compile(r"Push event|Started by (?:an SCM change|(?:GitHub|GitLab) push)", re.I), "push"),
    (re.compile(r"Branch indexing", re.I), "indexing"),
    (re.compile(r"Started by timer", re.I), "schedule"),
    (re.compile(r"Started by upstream project", re.I), "upstream"),
    (re.compile(r"Started by (?:remote host|command line)", re.I), "remote"),
    (re.compile(r"Started by user", re.I), "manual"),
)
_INTERRUPTIONS = ("ExceededTimeout", "CauseOfInterruption", "UserInterruption", "CanceledCause", "DoNotWaitCause")
_AGAIN = ("rebuild", "replay", "restart")


@dataclass(frozen=True, slots=True)
class Cause:
    """``event``: manual, schedule, push, pull_request, indexing, upstream, remote, rebuild, replay, restart."""

    event: str | None
    actor: str | None


def cause_of(actions: Iterable[Fields]) -> Cause:
    """A build's cause. Several: a repetition (rebuild, replay) names the event, the first user told is the actor."""
    found = list(_causes(actions))
    events = [cause.event for cause in found if cause.event]
    again = next((event for event in events if event in _AGAIN), None)
    actor = next((cause.actor for cause in found if cause.actor), None)
    return Cause(again or next(iter(events), None), actor)


def _causes(actions: Iterable[Fields]) -> Iterator[Cause]:
    for action in actions:
        for cause in objects(action, "causes"):
            if not _is_interruption(cause, action):
                yield Cause(_event(cause), cause.shown_text("userId") or cause.shown_text("userName"))


def _is_interruption(cause: Fields, action: Fields) -> bool:
    """Jenkins adds why a build was stopped to its causes: an ``ExceededTimeout``, or the user who stopped it."""
    classes = f"{cause.values.get('_class')} {action.values.get('_class')}"
    text = str(cause.values.get("shortDescription") or "")
    return any(one in classes for one in (*_INTERRUPTIONS, "InterruptedBuildAction")) or text.startswith(
        ("Timeout has been exceeded", "Aborted by", "Superseded by")
    )


def _event(cause: Fields) -> str | None:
    text = str(cause.values.get("shortDescription") or "")
    by_text = next((event for pattern, event in _EVENTS_BY_TEXT if pattern.search(text)), None)
    name = str(cause.values.get("_class") or "").rpartition(".")[2].rpartition("$")[2]
    by_class = next((event for known, event in _EVENTS_BY_CLASS if name == known), None)
    if by_class or by_text:
        return by_class or by_text
    if "upstreamProject" in cause.values:
        return "upstream"
    return "manual" if "userId" in cause.values or "userName" in cause.values else None
