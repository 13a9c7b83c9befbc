"""Routes: which receivers an alert goes to when its rule has no ``to``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, Strict

from collector.domain.filters import GroupPatterns
from collector.domain.routing import RoutePatterns
from config.entry import Entry
from config.rules import Severity
from config.texts import Text


class Route(Entry):
    """An alert that all of its patterns take goes to ``to``; the routes after it are asked only with ``continue``."""

    repos: tuple[Text, ...] = Field(default=("*",), min_length=1, description="globs on org/name")
    pipelines: tuple[Text, ...] = Field(default=("*",), min_length=1, description="globs on the pipeline's name")
    branches: tuple[Text, ...] = Field(default=("*",), min_length=1, description="globs on the branch, or @default")
    groups: tuple[Text, ...] = Field(default=(), description="names of groups; none: all")
    severities: tuple[Severity, ...] = Field(default=(), description="info, warning, critical; none: all")
    to: tuple[Text, ...] = Field(min_length=1, description="names of receivers")
    continue_: Annotated[bool, Strict()] = Field(
        default=False, alias="continue", description="true: ask the routes after it, too"
    )

    def patterns(self, groups: Sequence[GroupPatterns]) -> RoutePatterns:
        return RoutePatterns(
            to=self.to,
            repos=self.repos,
            pipelines=self.pipelines,
            branches=self.branches,
            groups=tuple(group for group in groups if group.name in self.groups),
            severities=self.severities,
            goes_on=self.continue_,
        )
