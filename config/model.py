"""collectors.yaml as types. The JSON Schema for editors is generated from these same types.

Secrets are kept as they are written (``${NAME}`` or a literal) and resolved only by the process that needs
them: ``Secret.resolve`` (see ``config.secrets``). ``repr`` and ``str`` never show them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Protocol, TypeVar

from pydantic import AfterValidator, Field, PrivateAttr, Strict

from collector.domain.filters import GroupPatterns
from collector.domain.names import controller_of, github_instance_of_api, github_instances_of_api
from collector.domain.routing import Subject, routed
from config.durations import Duration
from config.entry import Entry
from config.receivers import Receiver
from config.routes import Route
from config.rules import FailureRule, Rule
from config.secrets import Secret, read_secret_file
from config.texts import FilePath, HttpUrl, JobPath, Name, NetworkText, OrgName, RepoName, Text

LEAST_INTERVAL = timedelta(seconds=1)


def _at_least(length: timedelta) -> timedelta:
    if length < LEAST_INTERVAL:
        raise ValueError("interval is too short; the least is 1s")
    return length


def _of_the_api(url: str) -> str:
    if url in ("https://github.com", "http://github.com"):
        raise ValueError("url is the website's; the API's is https://api.github.com (the default)")
    return url


Interval = Annotated[Duration, AfterValidator(_at_least)]


class Defaults(Entry):
    """What holds for every source that does not say otherwise."""

    interval: Interval = Field(default=timedelta(seconds=60), description="how often a source is polled: 60s")
    backfill: Duration = Field(default=timedelta(days=14), description="how far back the first poll reads: 14d")


class GithubApp(Entry):
    """A GitHub App's installation, instead of a token."""

    id: Annotated[int, Strict()] = Field(description="the App's id, a number", gt=0)
    installation_id: Annotated[int, Strict()] = Field(description="the installation's id, a number", gt=0)
    private_key_file: FilePath = Field(description="the file that holds the App's private key (PEM)")


class SourceBase(Entry):
    """What every source has."""

    name: Name = Field(description="a unique name, shown on the dashboard")
    interval: Interval | None = Field(default=None, description="how often it is polled: 60s")
    """None: defaults.interval (see ``Config.interval_of``)."""
    backfill: Duration | None = Field(default=None, description="how far back its first poll reads: 14d")
    branches: tuple[Text, ...] = Field(default=("*",), min_length=1, description="globs on the branch")
    default_branch: Text | None = Field(default=None, description="used where the provider tells none")
    token: Secret | None = Field(default=None, description="the API token, as ${NAME}")
    token_file: FilePath | None = Field(default=None, description="a file that holds the API token")

    @classmethod
    def misfits(cls, given: Mapping[str, object]) -> Iterator[str]:
        if "token" in given and "token_file" in given:
            yield "has both token and token_file; keep one of them"

    def read_token(self, environ: Mapping[str, str]) -> str | None:
        """The API token from ``token`` or ``token_file``; None when there is neither. Raises SecretError."""
        if self.token_file is not None:
            return read_secret_file(Path(self.token_file))
        return self.token.resolve(environ) if self.token is not None else None


class GithubSource(SourceBase):
    """GitHub Actions of the named repos and organisations."""

    provider: Literal["github"]
    url: Annotated[HttpUrl, AfterValidator(_of_the_api)] = Field(
        default="https://api.github.com", description="the API's address; Enterprise: https://host/api/v3"
    )
    app: GithubApp | None = Field(default=None, description="a GitHub App, instead of a token")
    repos: tuple[RepoName, ...] = Field(default=(), description="repos as org/name")
    orgs: tuple[OrgName, ...] = Field(default=(), description="organisations or users, all of whose repos are watched")
    include: tuple[Text, ...] = Field(default=(), description="globs on org/name that orgs are narrowed to")
    exclude: tuple[Text, ...] = Field(default=(), description="globs on org/name that are left out")
    workflows: tuple[Text, ...] = Field(default=("*",), min_length=1, description="globs on name or file")
    webhook_secrets: tuple[Secret, ...] = Field(default=(), description="secrets of its webhooks; any of them is right")

    @classmethod
    def misfits(cls, given: Mapping[str, object]) -> Iterator[str]:
        yield from super().misfits(given)
        if "app" in given and ("token" in given or "token_file" in given):
            yield "has both a token and an app; keep one of them"

    @property
    def instance(self) -> str:
        """host[:port] of the runs' html_url."""
        return github_instance_of_api(self.url)

    @property
    def instances(self) -> tuple[str, ...]:
        """All that its runs may be of: behind a proxy, an API tells of github.com."""
        return github_instances_of_api(self.url)


class JenkinsSource(SourceBase):
    """One Jenkins controller."""

    provider: Literal["jenkins"]
    url: HttpUrl = Field(description="the controller's root address: https://jenkins.acme.com")
    aliases: tuple[HttpUrl, ...] = Field(default=(), description="other addresses that the controller calls itself")
    user: Text | None = Field(default=None, description="the user whose API token is used")
    folders: tuple[JobPath, ...] = Field(default=(), description="folders to watch; none: all that the user may see")
    jobs: tuple[Text, ...] = Field(default=("*",), min_length=1, description="globs on the job's full name")
    include: tuple[Text, ...] = Field(default=(), description="globs on the full name that are watched")
    exclude: tuple[Text, ...] = Field(default=(), description="globs on the full name that are left out")
    repo_map: dict[JobPath, Text] = Field(default_factory=dict, description="folder or job path: repo it belongs to")
    unstable: Literal["failure", "success"] = Field(default="failure", description="what UNSTABLE counts as")
    webhook_tokens: tuple[Secret, ...] = Field(default=(), description="tokens of its webhooks; any of them is right")

    @classmethod
    def misfits(cls, given: Mapping[str, object]) -> Iterator[str]:
        yield from super().misfits(given)
        has_token = "token" in given or "token_file" in given
        if has_token and "user" not in given:
            yield "has a token but no user; add user: whose API token it is"
        if "user" in given and not has_token:
            yield "has a user but no token; add token: ${NAME} or token_file:"

    @property
    def instance(self) -> str:
        """host[:port][/path] of ``url``."""
        return controller_of(self.url)

    @property
    def instances(self) -> tuple[str, ...]:
        """All that its builds may be of."""
        return (self.instance,)


Source = Annotated[GithubSource | JenkinsSource, Field(discriminator="provider")]


class Group(Entry):
    """A team's set of repos and pipelines: a filter, a wall tile, a rule's matcher."""

    name: Name = Field(description="a unique name, shown on the dashboard")
    repos: tuple[Text, ...] = Field(default=("*",), min_length=1, description="globs on org/name")
    pipelines: tuple[Text, ...] = Field(default=("*",), min_length=1, description="globs on the pipeline's name")

    @property
    def patterns(self) -> GroupPatterns:
        return GroupPatterns(self.name, self.repos, self.pipelines)


class Config(Entry):
    """All of collectors.yaml. ``Config()`` is the valid config without sources."""

    public_url: HttpUrl | None = Field(default=None, description="what links point to: https://ci-health.acme.com")
    trusted_proxies: tuple[NetworkText, ...] = Field(
        default=(), description="proxies whose X-Forwarded-For is believed: 10.0.0.5, or a network as 10.0.0.0/8"
    )
    ingest_tokens: tuple[Secret, ...] = Field(default=(), description="tokens for plain bodies, as ${NAME}")
    defaults: Defaults = Defaults()
    sources: tuple[Source, ...] = ()
    groups: tuple[Group, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    routes: tuple[Route, ...] = ()
    rules: tuple[Rule, ...] = ()

    _text_names: frozenset[str] = PrivateAttr(frozenset())

    @property
    def text_names(self) -> frozenset[str]:
        """The variables whose ``${NAME}`` stands in ordinary text: every process needs them to read the file."""
        return self._text_names

    def with_text_names(self, names: frozenset[str]) -> Config:
        copy = self.model_copy()
        copy._text_names = names
        return copy

    def interval_of(self, source: SourceBase) -> timedelta:
        return source.interval if source.interval is not None else self.defaults.interval

    def backfill_of(self, source: SourceBase) -> timedelta:
        return source.backfill if source.backfill is not None else self.defaults.backfill

    def source_named(self, name: str) -> GithubSource | JenkinsSource | None:
        return _named(self.sources, name)

    def group_named(self, name: str) -> Group | None:
        return _named(self.groups, name)

    def receiver_named(self, name: str) -> Receiver | None:
        return _named(self.receivers, name)

    @property
    def effective_rules(self) -> tuple[Rule, ...]:
        """The rules; with none and at least one receiver, the rule that tells every failure to all receivers."""
        if self.rules or not self.receivers:
            return self.rules
        return (FailureRule(name="every failure", when="failure", remind="each"),)

    def receivers_of(self, rule: Rule) -> tuple[Receiver, ...]:
        """The receivers that a rule may tell: its ``to``, else all."""
        return tuple(receiver for receiver in self.receivers if not rule.to or receiver.name in rule.to)

    def receivers_for(self, rule: Rule, subject: Subject) -> tuple[Receiver, ...]:
        """The receivers that an alert of the rule goes to: its ``to``, else what the routes say, else all of them."""
        if rule.to or not self.routes:
            return self.receivers_of(rule)
        groups = [group.patterns for group in self.groups]
        told = routed([route.patterns(groups) for route in self.routes], subject)
        return tuple(receiver for receiver in self.receivers if not told or receiver.name in told)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_N = TypeVar("_N", bound=_Named)


def _named(entries: tuple[_N, ...], name: str) -> _N | None:
    return next((entry for entry in entries if entry.name == name), None)
