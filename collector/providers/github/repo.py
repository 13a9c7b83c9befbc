"""What the readers of one repo share: its names, its addresses, and runs answered as words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

import structlog

from collector.domain.errors import BadAnswer, MappingError
from collector.domain.model import BuildKey, PipelineRef, RepoWord, RunWord
from collector.domain.names import watch_key, workflow_key
from collector.domain.times import parse_instant
from collector.providers.base import Batch, KnownBuild, Memory, Trouble
from collector.providers.github.api import Fetched
from collector.providers.github.mapping import PROVIDER, Mapped, Place, map_list, run_word
from collector.providers.github.selection import build_refusal, pushed_mark, takes_pipeline
from config.model import GithubSource

PAGE = 100
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """A workflow as it was last told."""

    name: str
    path: str | None
    state: str | None


@dataclass(slots=True)
class Repo:
    """One watched repo: as configured, and what GitHub has told about it since."""

    source: GithubSource
    configured: str
    """The name in the config, or as the organisation's list told it: what is asked for."""
    instance: str
    name: str = ""
    """The repo's present name; GitHub redirects the configured one after a rename."""
    repo_id: str | None = None
    default_branch: str | None = None
    shown: dict[str, frozenset[str]] = field(default_factory=dict)
    """Run ids that each list showed when it last changed: a 304 says that it still shows them."""
    workflows: Mapping[str, Known] = field(default_factory=dict)
    """By id, also those that the source does not take."""
    whole: bool = False
    """Whether the newest page shows all runs there are, so that no other list can show more."""

    def __post_init__(self) -> None:
        self.name = self.name or self.configured

    @property
    def base(self) -> str:
        return f"repos/{quote(self.configured, safe='/')}"

    @property
    def place(self) -> Place:
        return Place(self.name, self.instance, self.repo_id)

    def mark(self, name: str) -> str:
        """The name of one of this repo's durable notes."""
        return f"{name}:{self.configured.lower()}"

    @property
    def pushed_mark(self) -> str:
        """The note that the web process makes when a webhook of this repo arrives."""
        return pushed_mark(self.name)

    @property
    def turn(self) -> float:
        """From 0 to 1, by name: what all repos do at times they do one after the other, not all at once."""
        return int.from_bytes(hashlib.sha256(self.configured.lower().encode()).digest()[:4], "big") / 2**32

    def recall(self, memory: Memory) -> None:
        """What an earlier process learned and a 304 does not tell again."""
        self.name = memory.mark(self.mark("name")) or self.name
        self.instance = memory.mark(self.mark("instance")) or self.instance
        self.default_branch = memory.mark(self.mark("default_branch")) or self.default_branch
        self.whole = bool(memory.mark(self.mark("whole")))

    def learn(self, word: RepoWord | RunWord) -> Mapping[str, str]:
        """Takes over what a word says about the repo; the notes to keep of it."""
        if isinstance(word, RepoWord):
            told = {"name": word.name, "instance": word.instance, "default_branch": word.default_branch}
            self.repo_id = word.external_id or self.repo_id
        else:
            told = {"name": word.key.repo, "instance": word.key.instance}
        news = {name: value for name, value in told.items() if value and value != getattr(self, name)}
        for name, value in news.items():
            setattr(self, name, value)
        return {self.mark(name): value for name, value in news.items()}

    def learn_whole(self, whole: bool) -> Mapping[str, str]:
        """The note to keep of whether the newest page shows all runs; nothing where it was so before."""
        if whole == self.whole:
            return {}
        self.whole = whole
        return {self.mark("whole"): "yes" if whole else ""}

    @property
    def watch_keys(self) -> set[str]:
        """That of the repo itself and those of the workflows that the source takes, as far as they are known."""
        key = watch_key(PROVIDER, self.instance, self.name, None)
        return {key, *(workflow_key(key, one) for one in self.workflows if not self.leaves_out(one))}

    def leaves_out(self, workflow: str) -> bool:
        """Whether the source does not take the workflow of this id. One that is not known may be any."""
        known = self.workflows.get(workflow)
        return known is not None and not takes_pipeline(self.source, PipelineRef(workflow, known.name, known.path))

    def takes(self, word: RunWord) -> bool:
        return build_refusal(self.source, word, self.default_branch, self._workflow_of(word)) is None

    def _workflow_of(self, word: RunWord) -> PipelineRef:
        """A run is called what its ``run-name:`` says; the source's ``workflows`` mean the workflow's own name."""
        told = word.pipeline
        known = self.workflows.get(told.external_id or "")
        if known is None:
            return told
        name = None if known.name == known.path else known.name
        return PipelineRef(told.external_id, name or told.name, known.path or told.path)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of runs as words, with what storage knew of each before it was told."""

    words: tuple[RunWord, ...]
    """Those the source selects."""
    shown: frozenset[str]
    """Ids of all runs on it."""
    known: Mapping[BuildKey, KnownBuild]
    oldest_at: datetime | None
    """The earliest created_at on it, as the list tells it."""
    newest_at: datetime | None
    total: int
    """How many runs the whole list has, as the answer says."""
    fetched: Fetched
    problems: tuple[MappingError, ...]

    @property
    def entirely_known(self) -> bool:
        return all(word.key.folded in self.known for word in self.words)


def read_page(repo: Repo, fetched: Fetched, memory: Memory) -> Page:
    """A list of runs as a page. One bad run does not lose the others. Raises BadAnswer when it is no such list."""
    mapped = mapped_list(fetched.body, "workflow_runs", repo)
    words = tuple({word.key: word for word in mapped.words}.values())
    taken = tuple(word for word in words if repo.takes(word))
    created = created_ats(fetched.body)
    return Page(
        words=taken,
        shown=frozenset(word.key.external_id for word in words),
        known=known_of(memory, taken),
        oldest_at=min(created, default=None),
        newest_at=max(created, default=None),
        total=total_of(fetched.body),
        fetched=fetched,
        problems=mapped.problems,
    )


def mapped_list(body: object, name: str, repo: Repo) -> Mapped[RunWord]:
    try:
        return map_list(body, name, lambda raw: run_word(raw, repo.place))
    except MappingError as exc:
        raise BadAnswer(f"GitHub's list of runs of {repo.configured} is not what its API promises: {exc}") from exc


def created_ats(body: object) -> list[datetime]:
    """The list's own order. A later attempt's word has the attempt's clock, so the runs themselves are asked."""
    runs = body.get("workflow_runs") if isinstance(body, dict) else None
    found: list[datetime] = []
    for run in runs if isinstance(runs, list) else ():
        with suppress(ValueError):
            found.append(parse_instant(run.get("created_at") if isinstance(run, dict) else None))
    return found


def known_of(memory: Memory, words: Iterable[RunWord]) -> Mapping[BuildKey, KnownBuild]:
    keys = [word.key for word in words]
    return memory.known(keys) if keys else {}


def total_of(body: object) -> int:
    total = body.get("total_count") if isinstance(body, dict) else None
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else 0


def moved(word: RunWord, known: KnownBuild | None) -> bool:
    """Whether the word says more than storage knows."""
    return (
        known is None or not known.run_known or known.updated_at != word.updated_at or known.status is not word.status
    )


def needs_details(word: RunWord, known: KnownBuild | None) -> bool:
    """Whether a finished run's jobs (and a failed one's log) have to be read: they belong to another updated_at or
    status. Of one that goes on only earlier attempts are read with it; its jobs have a time of their own."""
    if not word.status.finished:
        return word.key.attempt > 1 and moved(word, known)
    return moved(word, known) or known is None or known.detail_at != word.updated_at


def trouble(repo: Repo, problems: Sequence[MappingError], what: str) -> tuple[Batch, ...]:
    """What was wrong with single elements of an answer, as a batch of its own; nothing when all were right."""
    if not problems:
        return ()
    message = f"{len(problems)} {what} of {repo.configured} are not as GitHub's API promises: {problems[0]}"
    _log.warning(
        "elements of a GitHub answer were left out; the others are stored, nothing can be done here",
        source=repo.source.name,
        repo=repo.configured,
        problem=str(problems[0]),
        count=len(problems),
    )
    return (Batch(trouble=Trouble(repo.configured, BadAnswer(message))),)
