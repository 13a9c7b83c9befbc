"""GitHub's objects (REST and webhooks alike) to words. Pure.

Facts about the objects are from recorded answers; where a field may be absent, or a clock means something else
than its name says, it is told beside the code that minds it. Anything malformed raises MappingError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from collector.domain.errors import MappingError
from collector.domain.model import (
    BuildKey,
    JobWord,
    Origin,
    PipelineRef,
    RepoWord,
    RunWord,
    Status,
    Step,
    WorkflowWord,
)
from collector.domain.names import clean_branch, fork_branch, host_of
from collector.providers.github.fields import Fields
from collector.providers.github.statuses import conclusion_of, status_of

PROVIDER = "github"
MESSAGE_LIMIT = 1000
ATTEMPT_LIMIT = 2**31

_REPO_NAME = re.compile(r"[^/\s]{1,255}/[^/\s]{1,255}")
_REPO_OF_API_URL = re.compile(r"/repos/([^/]+/[^/]+)(?:/|$)")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mapped(Generic[T]):
    """What a list of objects gave: the words of the good ones, and what was wrong with the others."""

    words: tuple[T, ...]
    problems: tuple[MappingError, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """What the reader of an answer knows where the object itself does not say: its repo, and on which host."""

    repo: str | None = None
    instance: str | None = None
    repo_id: str | None = None


def map_list(raw: object, name: str, mapper: Callable[[object], T]) -> Mapped[T]:
    """The list ``name`` of an answer, element by element: one bad element does not lose the others.

    Raises MappingError when the answer as a whole is no object with that list.
    """
    answer = Fields.of(raw, "answer")
    if name not in answer.values:
        raise MappingError(answer.at(name), "is missing; it must be a list")
    words, problems = [], []
    for element in answer.items(name):
        try:
            words.append(mapper(element))
        except MappingError as exc:
            problems.append(exc)
    return Mapped(tuple(words), tuple(problems))


def run_word(raw: object, place: Place = Place(), *, told_by: Origin = "poll", path: str = "workflow_run") -> RunWord:
    """A workflow_run object (REST or webhook) as the word about one attempt. Raises MappingError."""
    run = Fields.of(raw, path)
    repo = _repo(run, place)
    repository, attempt = run.child("repository"), _attempt(run)
    status, conclusion = run.need_text("status"), run.text("conclusion")
    word_status = status_of(status, conclusion)
    created_at, started_at = _clocks(run, attempt)
    return RunWord(
        key=BuildKey(PROVIDER, _instance(run, place), repo, run.need_id("id"), attempt),
        pipeline=_pipeline(run),
        status=word_status,
        conclusion=conclusion_of(word_status, status, conclusion),
        created_at=created_at,
        started_at=started_at,
        updated_at=run.need_instant("updated_at"),
        branch=_branch(run, repo),
        commit=run.text("head_sha"),
        message=_message(run),
        actor=_login(run, "triggering_actor") or _login(run, "actor"),
        event=run.text("event"),
        url=run.web_url("html_url"),
        told_by=told_by,
        repo_external_id=_id_text(repository) or place.repo_id,
        default_branch=clean_branch(repository.text("default_branch")) if repository else None,
    )


def job_word(raw: object, place: Place = Place(), *, attempt: int | None = None, path: str = "workflow_job") -> JobWord:
    """A job object as a word. ``attempt``: that of the run it was asked for; the job's own word wins.

    A queued or waiting job's started_at is its creation, so it is no start and is left out.
    """
    job = Fields.of(raw, path)
    status, conclusion = job.need_text("status"), job.text("conclusion")
    word_status = status_of(status, conclusion)
    number = job.integer("run_attempt", least=1, below=ATTEMPT_LIMIT) or attempt or 1
    key = BuildKey(PROVIDER, _instance(job, place), _repo(job, place), job.need_id("run_id"), number)
    page = _repo_page(job)
    return JobWord(
        key=key,
        job_id=job.need_id("id"),
        name=job.shown_text("name") or f"job {job.need_id('id')}",
        status=word_status,
        conclusion=conclusion_of(word_status, status, conclusion),
        created_at=job.instant("created_at"),
        started_at=None if word_status is Status.QUEUED else job.instant("started_at"),
        completed_at=job.instant("completed_at") if word_status.finished else None,
        labels=tuple(_labels(job)),
        runner=None if word_status is Status.QUEUED else job.text("runner_name"),
        url=job.web_url("html_url"),
        steps=tuple(sorted(_steps(job), key=lambda step: step.number)),
        pipeline=PipelineRef(name=_workflow_name(job.text("workflow_name"), None)),
        branch=clean_branch(job.text("head_branch")),
        commit=job.text("head_sha"),
        run_url=f"{page}/actions/runs/{key.external_id}" if page else None,
        repo_external_id=place.repo_id,
    )


def workflow_word(raw: object, place: Place, *, path: str = "workflow") -> WorkflowWord:
    """A workflow object as a word; its name may be its path (a file without ``name:``, or with broken YAML)."""
    workflow = Fields.of(raw, path)
    file = _file(workflow.text("path"))
    if place.repo is None:
        raise MappingError(workflow.at("url"), "does not say its repo")
    return WorkflowWord(
        provider=PROVIDER,
        instance=_instance(workflow, place),
        repo=place.repo,
        external_id=workflow.need_id("id"),
        name=workflow.text("name") or file or workflow.need_text("name"),
        path=file,
        state=workflow.text("state"),
        url=workflow.web_url("html_url"),
        updated_at=workflow.instant("updated_at"),
        repo_external_id=place.repo_id,
    )


def repo_word(
    raw: object, place: Place = Place(), *, seen_at: datetime | None = None, path: str = "repository"
) -> RepoWord:
    """A repository object as a word. ``seen_at``: an instant at which the name was surely right, when one is known.

    A rename moves the repository's updated_at; the later of both orders the names of one id.
    """
    repo = Fields.of(raw, path)
    known = [at for at in (seen_at, _instant_or_epoch(repo, "updated_at"), _instant_or_epoch(repo, "pushed_at")) if at]
    return RepoWord(
        provider=PROVIDER,
        instance=_instance(repo, place),
        name=repo_name(repo.need_text("full_name"), repo.at("full_name")),
        external_id=repo.need_id("id"),
        default_branch=clean_branch(repo.text("default_branch")),
        seen_at=max(known, default=None),
    )


def repo_name(text: str, path: str) -> str:
    """``org/name`` as it came. Raises MappingError for another shape."""
    if not _REPO_NAME.fullmatch(text):
        raise MappingError(path, "must be written org/name")
    return text


def _instant_or_epoch(repo: Fields, name: str) -> datetime | None:
    """push webhooks carry unix integers where every other answer has text; they order nothing here."""
    return None if isinstance(repo.values.get(name), int) else repo.instant(name)


def _repo(found: Fields, place: Place) -> str:
    repository = found.child("repository")
    if repository and (name := repository.text("full_name")):
        return repo_name(name, repository.at("full_name"))
    if place.repo is not None:
        return place.repo
    match = _REPO_OF_API_URL.search(found.text("run_url", limit=2048) or found.text("url", limit=2048) or "")
    if match is None:
        raise MappingError(found.at("repository.full_name"), "is missing; it must be text like org/name")
    return repo_name(match[1], found.at("url"))


def _instance(found: Fields, place: Place) -> str:
    """The host of html_url; else that of its repository, else what the reader knows."""
    repository = found.child("repository")
    url = found.web_url("html_url") or (repository.web_url("html_url") if repository else None)
    if url:
        return host_of(url)
    if place.instance:
        return place.instance
    raise MappingError(found.at("html_url"), "must be an http or https address: it says on which host the build ran")


def _attempt(run: Fields) -> int:
    """run_attempt is absent in answers of servers from before 2021."""
    return run.integer("run_attempt", least=1, below=ATTEMPT_LIMIT) or 1


def _clocks(run: Fields, attempt: int) -> tuple[datetime, datetime | None]:
    """(created_at, started_at).

    created_at is the first attempt's in lists, but the attempt's own in ``attempts/{n}``: a later attempt takes
    run_started_at (within 2 s of its creation) for both, so that the same attempt is told alike from everywhere.
    """
    created_at, started_at = run.need_instant("created_at"), run.instant("run_started_at")
    if attempt > 1:
        return started_at or created_at, started_at
    return created_at, started_at or created_at


def _pipeline(run: Fields) -> PipelineRef:
    file = _file(run.text("path"))
    name = run.text("name")
    if file is None and name and _looks_like_file(name):
        file = name
    workflow_id = run.integer("workflow_id", least=1)
    return PipelineRef(str(workflow_id) if workflow_id else None, _workflow_name(name, file), file)


def _workflow_name(name: str | None, file: str | None) -> str | None:
    """A workflow whose YAML is broken carries its path as the run's name: that is no name."""
    return None if name is None or name == file or _looks_like_file(name) else name


def _looks_like_file(name: str) -> bool:
    return name.startswith(".github/workflows/") and name.endswith((".yml", ".yaml"))


def _file(path: str | None) -> str | None:
    """The workflow's file; a run's path may carry ``@ref``."""
    return path.split("@", 1)[0] if path else None


def _branch(run: Fields, repo: str) -> str | None:
    """A fork's head_branch is the fork's own name for it, often ``main``: it gets its owner."""
    branch, repository = run.text("head_branch"), run.child("repository")
    head = run.child("head_repository")
    if head is not None:
        same = repository is not None and head.values.get("id") == repository.values.get("id") is not None
        return clean_branch(branch) if same else fork_branch(branch, head.text("full_name"), repo)
    deleted_fork = "head_repository" in run.values and (run.text("event") or "").startswith("pull_request")
    if deleted_fork and not run.items("pull_requests"):
        return fork_branch(branch, f"{_login(run, 'actor') or 'unknown'}/", repo)
    return clean_branch(branch)


def _message(run: Fields) -> str | None:
    commit = run.child("head_commit")
    told = commit.shown_text("message", limit=MESSAGE_LIMIT) if commit else None
    return told or run.shown_text("display_title", limit=MESSAGE_LIMIT)


def _login(run: Fields, name: str) -> str | None:
    user = run.child(name)
    return user.text("login") if user else None


def _id_text(repository: Fields | None) -> str | None:
    found = repository.integer("id", least=1) if repository else None
    return str(found) if found else None


def _labels(job: Fields) -> Iterable[str]:
    for index, label in enumerate(job.items("labels")):
        if not isinstance(label, str):
            raise MappingError(f"{job.at('labels')}[{index}]", "must be text")
        if text := Fields({"label": label}, job.at("labels")).shown_text("label"):
            yield text


def _steps(job: Fields) -> Iterable[Step]:
    """Numbers have gaps. Times come in the zone of the token's owner; queued steps have none."""
    for index, raw in enumerate(job.items("steps")):
        step = Fields.of(raw, f"{job.at('steps')}[{index}]")
        status, conclusion = step.need_text("status"), step.text("conclusion")
        word_status = status_of(status, conclusion)
        yield Step(
            name=step.shown_text("name") or f"step {index + 1}",
            number=step.integer("number") or 0,
            status=word_status,
            conclusion=conclusion_of(word_status, status, conclusion),
            started_at=step.instant("started_at"),
            completed_at=step.instant("completed_at"),
        )


def _repo_page(job: Fields) -> str | None:
    """``https://host/org/name`` of a job's own page, which is below its run's or its repo's."""
    url = job.web_url("html_url")
    match = re.match(r"(https?://[^/]+/[^/?#]+/[^/?#]+)/(?:actions/)?runs/", url) if url else None
    return match[1] if match else None
