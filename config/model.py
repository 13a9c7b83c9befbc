"""collectors.yaml as types. The JSON Schema for editors is generated from these same types.

Secrets are kept as they are written (``${NAME}`` or a literal) and resolved only by the process that needs
them: ``Secret.resolve`` (see ``config.secrets``). ``repr`` and ``str`` never show them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from config.durations import Duration
from config.secrets import Secret


class Entry(BaseModel):
    """Unknown keys are errors: a typo must not be silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


class Defaults(Entry):
    interval: Duration = timedelta(seconds=60)
    backfill: Duration = timedelta(days=14)


class GithubApp(Entry):
    id: int
    installation_id: int
    private_key_file: str


class SourceBase(Entry):
    name: str = Field(min_length=1, max_length=64)
    interval: Duration | None = None
    """None: defaults.interval (see ``Config.interval_of``)."""
    backfill: Duration | None = None
    branches: tuple[str, ...] = ("*",)
    default_branch: str | None = None


class GithubSource(SourceBase):
    provider: Literal["github"]
    url: str = "https://api.github.com"
    token: Secret | None = None
    token_file: str | None = None
    app: GithubApp | None = None
    repos: tuple[str, ...] = ()
    orgs: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ("*",)
    webhook_secrets: tuple[Secret, ...] = ()


class JenkinsSource(SourceBase):
    provider: Literal["jenkins"]
    url: str
    aliases: tuple[str, ...] = ()
    user: str | None = None
    token: Secret | None = None
    token_file: str | None = None
    folders: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ("*",)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    repo_map: dict[str, str] = Field(default_factory=dict)
    unstable: Literal["failure", "success"] = "failure"
    webhook_tokens: tuple[Secret, ...] = ()


Source = Annotated[GithubSource | JenkinsSource, Field(discriminator="provider")]
