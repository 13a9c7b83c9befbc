"""The configured rules as the evaluator uses them: which lines each looks at, and the pure rule that judges them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase

from collector.domain.filters import GroupPatterns
from collector.domain.routing import Subject, any_glob, in_group, takes_branch
from collector.domain.rules.base import Point
from collector.domain.rules.failure import Failure
from collector.domain.rules.flaky import Flaky
from collector.domain.rules.slower import Slower
from collector.domain.rules.stale import Stale
from collector.domain.rules.stuck import Stuck
from collector.domain.rules.success_rate import SuccessRate
from config.model import Config
from config.rules import FailureRule, FlakyRule, Rule, SlowerRule, StaleRule, StuckRule, SuccessRateRule

BuildKind = Failure | SuccessRate | Slower | Flaky
"""Judged by the successes and failures of a line, whenever one changes."""
TimeKind = Stuck | Stale
"""Judged by the clock."""


@dataclass(frozen=True, slots=True)
class Compiled:
    rule: Rule
    kind: BuildKind | TimeKind
    groups: tuple[GroupPatterns, ...]

    @property
    def name(self) -> str:
        return self.rule.name

    @property
    def remind(self) -> timedelta | None:
        """How often it is told again while it lasts; None: never, or by further failures."""
        return self.rule.remind if isinstance(self.rule.remind, timedelta) else None

    @property
    def reads_sources(self) -> bool:
        """Whether it tells of sources that cannot be read: a rule of some repos or branches has no say in them."""
        rule = self.rule
        whole = rule.repos == rule.pipelines == ("*",) and not rule.groups
        return isinstance(rule, StaleRule) and rule.read_sources and whole

    @property
    def slides(self) -> bool:
        """Whether time alone may change its verdict over a line."""
        return isinstance(self.kind, SuccessRate | Flaky | Slower)

    def takes(self, subject: Subject) -> bool:
        return (
            any_glob(self.rule.repos, subject.repo)
            and any_glob(self.rule.pipelines, subject.pipeline)
            and takes_branch(self.rule.branches, subject)
            and (not self.groups or any(in_group(group, subject) for group in self.groups))
        )

    def of_its_events(self, history: Sequence[Point]) -> list[Point]:
        """The builds of the rule's events; one of which nobody told the event is of any."""
        return [point for point in history if self.of_event(point.event)]

    def of_event(self, event: str | None) -> bool:
        return event is None or any(fnmatchcase(event, glob) for glob in self.rule.events)

    def fingerprint(self) -> str:
        """Changes with what the rule looks at and when it opens; not with whom it tells."""
        whom = {"to", "remind", "severity", "for_"}
        told = self.rule.model_dump_json(exclude=whom) + repr(self.groups)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def compiled(config: Config) -> list[Compiled]:
    """The effective rules, in the order of the file."""
    groups = {group.name: group.patterns for group in config.groups}
    return [
        Compiled(rule, _kind(rule), tuple(groups[name] for name in rule.groups if name in groups))
        for rule in config.effective_rules
    ]


def _kind(rule: Rule) -> BuildKind | TimeKind:
    match rule:
        case FailureRule():
            return Failure(rule.after, rule.passes)
        case SuccessRateRule():
            return SuccessRate(rule.below, rule.closes_at, rule.window, rule.min_builds)
        case SlowerRule():
            return Slower(
                rule.by, rule.by_at_least, rule.statistic, rule.last, rule.before, rule.window, rule.baseline,
                rule.min_builds,
            )  # fmt: skip
        case FlakyRule():
            return Flaky(rule.commits, rule.above, rule.window)
        case StuckRule():
            return Stuck(rule.queued_for, rule.running_for, rule.times)
        case StaleRule():
            return Stale(rule.no_build_for)
