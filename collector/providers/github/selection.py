"""Which words a GitHub source takes: its repos, orgs, include, exclude, workflows and branches. Pure.

Polls and pushes ask the same questions; only a poll already knows that the repo is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from collector.domain.filters import DEFAULT_BRANCH
from collector.domain.model import JobWord, PipelineRef, PlainWord, RepoWord, RunWord, Word, WorkflowWord
from config.model import GithubSource

PUSHED = "pushed:"
"""Begins the names of the notes of ``pushed_mark``."""


def selects(source: GithubSource, word: Word, *, instance: str | None = None, former: Sequence[str] = ()) -> bool:
    """Whether the source takes ``word``: ``refusal`` gives no reason against it."""
    return refusal(source, word, instance=instance, former=former) is None


def refusal(
    source: GithubSource,
    word: Word,
    *,
    instance: str | None = None,
    default: str | None = None,
    former: Sequence[str] = (),
) -> str | None:
    """Why the source does not take ``word``, in words for its sender; None when it takes it.

    ``instance``: where the source's builds are; without it the hosts that may belong to the source's url.
    ``default``: the repo's default branch, where something told it. ``former``: what the repo was called before: a
    source that names it so is still meant.
    """
    own = (instance,) if instance else source.instances
    told_instance, repo = place_of(word)
    if told_instance not in own:
        return f"source {source.name} speaks for {' and '.join(own)}, not for {told_instance}"
    if not takes_repo(source, repo) and not any(_is_named(source, one) for one in former):
        return f"source {source.name} does not watch the repo {repo}"
    if isinstance(word, WorkflowWord):
        pipeline = PipelineRef(word.external_id, word.name, word.path)
        return None if takes_pipeline(source, pipeline) else _not_watched(source, word.name)
    if isinstance(word, RepoWord):
        return None
    return build_refusal(source, word, default)


def build_refusal(
    source: GithubSource,
    word: RunWord | JobWord | PlainWord,
    default: str | None = None,
    pipeline: PipelineRef | None = None,
) -> str | None:
    """Why the source does not take a build of a repo that it watches; None when it takes it.

    ``pipeline``: what is known of the build's pipeline beside what it says itself.
    """
    of = pipeline or word.pipeline
    if not takes_pipeline(source, of):
        return _not_watched(source, of.name or of.path or "without a name")
    told_default = word.default_branch if isinstance(word, RunWord) else None
    if not takes_branch(source, word.branch, told_default or default):
        return f"source {source.name} does not watch the branch {word.branch}"
    return None


def takes_repo(source: GithubSource, repo: str) -> bool:
    """Named in ``repos``, or of one of ``orgs`` and let in by ``include``; never what ``exclude`` names.

    A source that names neither repos nor orgs takes every repo that ``include`` lets in.
    """
    name = repo.lower()
    if _any_glob(source.exclude, name):
        return False
    if name in {one.lower() for one in source.repos}:
        return True
    if (source.repos or source.orgs) and name.split("/", 1)[0] not in {org.lower() for org in source.orgs}:
        return False
    return not source.include or _any_glob(source.include, name)


def _is_named(source: GithubSource, repo: str) -> bool:
    """By its own name: a repo that left an organisation is the organisation's no more."""
    return repo.lower() in {one.lower() for one in source.repos} and takes_repo(source, repo)


def takes_pipeline(source: GithubSource, pipeline: PipelineRef) -> bool:
    """``workflows`` are globs on the workflow's name, its file, or the file's last part (``ci.yml``)."""
    if "*" in source.workflows:
        return True
    path = pipeline.path or ""
    names = {name for name in (pipeline.name, path, path.rsplit("/", 1)[-1]) if name}
    return any(fnmatchcase(name, pattern) for name in names for pattern in source.workflows)


def takes_branch(source: GithubSource, branch: str | None, default: str | None = None) -> bool:
    """``branches`` are globs; ``@default`` is the repo's default branch. A build without a branch is taken."""
    if branch is None or "*" in source.branches:
        return True
    known = default or source.default_branch
    defaults = (known,) if known else ("main", "master")
    wanted = [one for glob in source.branches for one in (defaults if glob == DEFAULT_BRANCH else (glob,))]
    return any(fnmatchcase(branch, pattern) for pattern in wanted)


def pushed_mark(repo: str) -> str:
    """The name of the source's durable note of when a webhook of ``repo`` last arrived: polls then get rarer."""
    return f"{PUSHED}{repo.lower()}"


def place_of(word: Word) -> tuple[str, str]:
    """The instance and the repo that a word is about."""
    if isinstance(word, RepoWord):
        return word.instance, word.name
    return (word.instance, word.repo) if isinstance(word, WorkflowWord) else (word.key.instance, word.key.repo)


def _any_glob(patterns: Sequence[str], name: str) -> bool:
    return any(fnmatchcase(name, pattern.lower()) for pattern in patterns)


def _not_watched(source: GithubSource, pipeline: str) -> str:
    return f"source {source.name} does not watch the workflow {pipeline}"
