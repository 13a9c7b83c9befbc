"""Which source takes what a post told: a source's selection holds for pushes as for polls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collector.domain.model import JobWord, PlainWord, RepoWord, RunWord, Word
from collector.providers.base import NotForUs
from collector.providers.github import selection as github
from collector.providers.jenkins import selection as jenkins
from collector.providers.jenkins.controllers import instances_of
from config.model import GithubSource, JenkinsSource
from webapp.posting import Sender, Source

GITHUB_COM = "github.com"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The words to store, and the source that takes them; None: nobody watches this, and nobody leaves it out."""

    words: tuple[Word, ...]
    source: Source | None


def choose_github(words: Sequence[Word], sender: Sender, former: Sequence[str] = ()) -> Chosen | NotForUs:
    """The words of a native delivery that a source of the sender takes; the build's word decides, else the repo's.

    ``former``: what the repo was called before it was renamed or transferred.
    """
    told = next((word for word in reversed(words) if isinstance(word, RunWord | JobWord)), words[0])
    default = next((word.default_branch for word in words if isinstance(word, RepoWord)), None)
    sources = [source for source in sender.sources if isinstance(source, GithubSource)]
    reasons: list[str] = []
    for source in sources:
        reason = github.refusal(source, told, default=default, former=former)
        if reason is None:
            taken = [word for word in words if word is told or github.selects(source, word, former=former)]
            return Chosen(tuple(taken), source)
        if sender.bound or _concerns(source, *github.place_of(told)):
            reasons.append(reason)
    return NotForUs(reasons[0]) if reasons else Chosen(tuple(words), None)


def _concerns(source: GithubSource, instance: str, repo: str) -> bool:
    """Whether a source has a say about a repo: it watches it, or it leaves it out by name."""
    if instance not in source.instances:
        return False
    return github.takes_repo(source, repo) or not github.takes_repo(_of_all_repos(source), repo)


def _of_all_repos(source: GithubSource) -> GithubSource:
    return source.model_copy(update={"repos": (), "orgs": ()})


def github_instance(repo: str, sender: Sender, known: Sequence[str]) -> str:
    """Where a plain body without a url is of: where its repo is known, else where a source looks for it.

    ``known``: the instances on which a repo of that name is stored. A source that watches the repo goes before the
    others, and github.com before the host of an address that may be a proxy's. A source that names no repos watches
    what its secret signs only.
    """
    githubs = [source for source in sender.sources if isinstance(source, GithubSource)]
    naming = [source for source in githubs if sender.bound or source.repos or source.orgs]
    watching = [source for source in naming if github.takes_repo(source, repo)] or githubs
    possible = [instance for source in watching for instance in source.instances] or [*known, GITHUB_COM]
    told = [instance for instance in possible if instance in known]
    return told[0] if told else GITHUB_COM if GITHUB_COM in possible else possible[0]


def choose_plain(
    word: PlainWord, sender: Sender, roots: dict[str, str], former: Sequence[str] = ()
) -> Chosen | NotForUs:
    """Whether a plain body is for us: the sender's sources speak for their own instance and selection only.

    ``former``: as in ``choose_github``.
    """
    reasons: list[str] = []
    for source, reason, concerned in _verdicts(word, sender, roots, former):
        if reason is None:
            return Chosen((word,), source)
        if sender.bound or concerned:
            reasons.append(reason)
    return NotForUs(reasons[0]) if reasons else Chosen((word,), None)


def _verdicts(
    word: PlainWord, sender: Sender, roots: dict[str, str], former: Sequence[str]
) -> Iterator[tuple[Source, str | None, bool]]:
    """(source, why it does not take the word, whether it has a say about it)."""
    for source in sender.sources:
        if isinstance(source, GithubSource):
            concerned = _concerns(source, word.key.instance, word.key.repo)
            yield source, github.refusal(source, word, former=former), concerned
        else:
            own = word.key.instance in instances_of(source, roots.get(source.name))
            yield source, _jenkins_refusal(source, word, own), own


def _jenkins_refusal(source: JenkinsSource, word: PlainWord, own: bool) -> str | None:
    if not own:
        told = word.key.instance or "an unnamed controller"
        return f"source {source.name} speaks for {source.instance}, not for {told}"
    return jenkins.refusal(source, _full_name(word), word.branch)


def _full_name(word: PlainWord) -> str:
    """The job's full name: told by its build's address (``full/name#12``), else the name that the body has."""
    full_name, separator, number = word.key.external_id.rpartition("#")
    if word.url is not None and separator and number.isdigit():
        return full_name
    return word.pipeline.name or ""
