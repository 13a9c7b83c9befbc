"""GitHub's native webhooks: is the signature one of ours, and what does the body tell. Pure.

The signature covers the body alone, so the X-GitHub-Event header is not believed: the body must have the shape
that the header says. Deliveries come in any order, twice, or never; merging takes care of that.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qs

from collector.domain.errors import MappingError
from collector.domain.model import PipelineRef, RepoWord, Word, WorkflowWord
from collector.providers.base import NotForUs
from collector.providers.github.fields import Fields
from collector.providers.github.mapping import Place, job_word, repo_word, run_word, workflow_word

_HEADER_LENGTH = len("sha256=") + 64
_STORED = ("workflow_run", "workflow_job")
# deployment_status and deployment_review carry a run too; workflow_job may carry the deployment that it waits for.
_OF_OTHERS = {
    "workflow_run": (
        "workflow_job", "deployment", "deployment_status", "workflow_job_run", "workflow_job_runs", "check_run",
        "check_suite",
    ),
    "workflow_job": ("workflow_run", "deployment_status", "check_run", "check_suite"),
    "repository": ("workflow_run", "workflow_job", "deployment", "check_run", "check_suite", "issue", "pull_request"),
}  # fmt: skip
_OF_REPO = ("renamed", "transferred", "edited")
"""Actions of a repository that change its name or its default branch."""
EVENT_LIMIT = 64


def verify(secrets: Sequence[bytes], raw_body: bytes, header: str | None) -> int | None:
    """The index of the secret that signed ``raw_body``, or None: no header, a malformed one, or none of ours.

    ``header`` is X-Hub-Signature-256 as it came (``sha256=`` and lower case hex). Every secret is tried in constant
    time. Empty secrets sign nothing.
    """
    if header is None or len(header) != _HEADER_LENGTH:
        return None
    sent = header.encode("utf-8", "surrogateescape")
    found = None
    for index, secret in enumerate(secrets):
        right = b"sha256=" + hmac.new(secret, raw_body, hashlib.sha256).hexdigest().encode("ascii")
        if hmac.compare_digest(right, sent) and secret and found is None:
            found = index
    return found


def form_payload(raw_body: bytes) -> bytes:
    """The JSON text of a form-encoded delivery (``payload=…``). The signature is over ``raw_body``, not over this.

    Raises MappingError: no form, no payload field, or more than one.
    """
    try:
        form = parse_qs(raw_body.decode("ascii"), strict_parsing=True, max_num_fields=8, errors="strict")
    except ValueError as exc:  # also UnicodeDecodeError
        raise MappingError("payload", "the body must be form-encoded with one field, payload, that holds JSON") from exc
    values = form.get("payload", [])
    if len(values) != 1:
        raise MappingError("payload", f"must be in the form exactly once, it is there {len(values)} times")
    return values[0].encode()


def parse(event: str, body: object) -> tuple[Word, ...] | NotForUs:
    """What a delivery tells. ``event``: the X-GitHub-Event header; ``body``: the decoded JSON.

    workflow_run and workflow_job give words (with the repository's, and the workflow's where it is told), repository
    gives its own when it got another name or default branch; every other event is NotForUs. Raises MappingError naming
    the field: a malformed body, or one of another event.
    """
    envelope = Fields.of(body, "body")
    if event == "workflow_run":
        return _run(_matching(envelope, event))
    if event == "workflow_job":
        return _job(_matching(envelope, event))
    if event == "repository":
        return _repository(_matching(envelope, event))
    if event == "ping":
        return _ping(envelope)
    shown = event[:EVENT_LIMIT] if event.isprintable() else "unknown"
    return NotForUs(f"event {shown!r} tells of no build; send workflow_run and workflow_job")


def _matching(envelope: Fields, event: str) -> Fields:
    """The header is not signed: it must not turn one event's body into another event."""
    others = [name for name in _OF_OTHERS[event] if envelope.values.get(name) is not None]
    if envelope.values.get(event) is None or others:
        raise MappingError(event, f"X-GitHub-Event says {event}, so the body must have that object and no other")
    if envelope.text("action") is None:
        raise MappingError("action", f"is missing; a {event} delivery says what happened")
    return envelope


def _ping(envelope: Fields) -> NotForUs:
    carried = [name for name in _STORED if envelope.values.get(name) is not None]
    if carried:
        raise MappingError(carried[0], "X-GitHub-Event says ping, but the body tells of a build")
    return NotForUs("ping")


def _run(envelope: Fields) -> tuple[Word, ...]:
    place = _place(envelope)
    word = run_word(envelope.values["workflow_run"], place, told_by="push")
    words: list[Word] = []
    if envelope.values.get("repository") is not None:
        repo = repo_word(envelope.values["repository"], place, seen_at=word.updated_at)
        _same_repo(repo, word.key.repo)
        words.append(replace(repo, seen_in=word.key.external_id))
    if envelope.values.get("workflow") is not None:
        workflow = workflow_word(envelope.values["workflow"], Place(word.key.repo, word.key.instance, place.repo_id))
        words.append(workflow)
        word = replace(word, pipeline=_named(word.pipeline, workflow))
    return (*words, word)


def _repository(envelope: Fields) -> tuple[Word, ...] | NotForUs:
    action = envelope.need_text("action")
    if action not in _OF_REPO:
        return NotForUs("of a repository, only another name or default branch tells something to store")
    return (repo_word(envelope.values["repository"], _place(envelope)),)


def _named(told: PipelineRef, workflow: WorkflowWord) -> PipelineRef:
    """A run's name may be empty or its title, its path absent: a source's ``workflows`` mean the workflow's own."""
    if told.external_id != workflow.external_id:
        return told
    name = None if workflow.name == workflow.path else workflow.name
    return PipelineRef(told.external_id, name or told.name, told.path or workflow.path)


def _job(envelope: Fields) -> tuple[Word, ...]:
    place = _place(envelope)
    word = job_word(envelope.values["workflow_job"], place)
    if envelope.values.get("repository") is None:
        return (word,)
    seen_at = word.completed_at or word.started_at or word.created_at
    repo = repo_word(envelope.values["repository"], place, seen_at=seen_at)
    return replace(repo, seen_in=word.key.external_id), word


def _place(envelope: Fields) -> Place:
    """What the envelope's repository says for the objects in it."""
    repository = envelope.child("repository")
    if repository is None:
        return Place()
    repo = repo_word(repository.values, Place(instance="unknown"))
    return Place(repo.name, None if repo.instance == "unknown" else repo.instance, repo.external_id)


def _same_repo(repo: RepoWord, told: str) -> None:
    """A body whose run is of another repository than its envelope would get past the selection by envelope."""
    if repo.name.lower() != told.lower():
        raise MappingError("repository.full_name", f"says {repo.name}, but the run is of {told}")
