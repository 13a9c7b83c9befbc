"""Which builds a Jenkins source takes: its folders, jobs, include, exclude and branches. Pure; for polls and pushes."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from collector.domain.filters import DEFAULT_BRANCH
from collector.providers.jenkins.jobs import Job
from config.model import JenkinsSource


def selects(source: JenkinsSource, full_name: str, branch: str | None, pipeline: str | None = None) -> bool:
    """Whether the source takes builds of the job ``full_name`` (decoded) on ``branch``: ``refusal`` gives no reason.

    ``pipeline``: the full name of the job's pipeline where it is another (a multibranch project).
    """
    return refusal(source, full_name, branch, pipeline) is None


def refusal(source: JenkinsSource, full_name: str, branch: str | None, pipeline: str | None = None) -> str | None:
    """Why the source does not take the job's builds, in words for a sender; None when it takes them."""
    if not takes_job(source, full_name, pipeline):
        return f"source {source.name} does not watch the job {full_name}"
    if not takes_branch(source, branch):
        return f"source {source.name} does not watch the branch {branch}"
    return None


def takes_job(source: JenkinsSource, full_name: str, pipeline: str | None = None) -> bool:
    """In one of ``folders``, matched by ``jobs`` and ``include``, not by ``exclude``. Globs match the whole name."""
    names = {full_name, pipeline or full_name}
    if source.folders and not any(within(full_name, folder) for folder in source.folders):
        return False
    if not _matches(source.jobs, names) or (source.include and not _matches(source.include, names)):
        return False
    return not _matches(source.exclude, names)


def takes_branch(source: JenkinsSource, branch: str | None) -> bool:
    """Matched by ``branches``. A build without a branch is taken: there is nothing to tell it by."""
    if branch is None:
        return True
    defaults = {source.default_branch} if source.default_branch else {"main", "master"}
    return any(branch in defaults if glob == DEFAULT_BRANCH else fnmatchcase(branch, glob) for glob in source.branches)


def takes_everything(source: JenkinsSource) -> bool:
    """Whether the source watches every job of its controller."""
    return not source.folders and "*" in source.jobs and not source.include and not source.exclude


def takes(source: JenkinsSource, job: Job, branch: str | None) -> str | None:
    """``refusal`` for a job and the branch its build told."""
    return refusal(source, job.full_name, job.branch or branch, job.pipeline.external_id)


def within(full_name: str, folder: str) -> bool:
    """Whether the name is the folder's own or of something in it.

    >>> within("platform/web", "platform"), within("platform2/web", "platform")
    (True, False)
    """
    return full_name == folder or full_name.startswith(folder + "/")


def _matches(globs: Sequence[str], names: set[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs for name in names)
