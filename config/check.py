"""``cihealth check-config``: all that is wrong, all that is unwise, and what would be watched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.durations import format_duration
from config.load import EVERYTHING, load
from config.model import Config, GithubSource, JenkinsSource
from config.problems import ConfigErrors, Problem
from config.rules import Rule
from config.settings import Settings, exposure_refusal, from_environ


@dataclass(frozen=True, slots=True)
class CheckReport:
    """``problems`` empty: it may be started. ``config`` is None when there are any."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    config: Config | None = None
    path: Path | None = None

    @property
    def ok(self) -> bool:
        return not self.problems


def check(path: Path | None, environ: Mapping[str, str]) -> CheckReport:
    """Environment and file together; every secret must be there.

    Listening beyond this machine without a password is an error; a ``public_url`` beyond it is a warning, as the
    password may be set where the web app runs. That does not start without one either way.
    ``path`` None: CIHEALTH_CONFIG, else collectors.yaml if there. Raises nothing for what is wrong: it is reported.
    """
    problems: list[Problem] = []
    settings = Settings()
    try:
        settings = from_environ(environ)
    except ConfigErrors as exc:
        problems += exc.problems
    try:
        loaded = load(path if path is not None else settings.config, environ, need=EVERYTHING)
    except ConfigErrors as exc:
        return CheckReport(problems=(*problems, *exc.problems))
    warnings = loaded.warnings
    if open_here := _exposed(settings, None):
        problems.append(open_here)
    elif elsewhere := _exposed(settings, loaded.config.public_url):
        warnings += (elsewhere,)
    config = None if problems else loaded.config
    return CheckReport(tuple(problems), warnings, loaded.notes, config, loaded.path)


def _exposed(settings: Settings, public_url: str | None) -> Problem | None:
    refusal = exposure_refusal(
        host=settings.host, public_url=public_url, password=settings.password, insecure=settings.insecure
    )
    return Problem("environment", None, "CIHEALTH_PASSWORD", refusal) if refusal else None


def lines(report: CheckReport) -> Iterator[str]:
    """The report as text: problems, then warnings, then notes, then what would be watched."""
    yield from (f"error: {problem}" for problem in report.problems)
    yield from (f"warning: {warning}" for warning in report.warnings)
    yield from (f"note: {note}" for note in report.notes)
    if report.config is None:
        count = len(report.problems)
        yield f"{count} {'error' if count == 1 else 'errors'}; nothing would start"
        return
    yield f"{report.path or 'no collectors.yaml'}: valid"
    yield from _summary(report.config)


def _summary(config: Config) -> Iterator[str]:
    for source in config.sources:
        watched = _github(source) if isinstance(source, GithubSource) else _jenkins(source)
        every, back = format_duration(config.interval_of(source)), format_duration(config.backfill_of(source))
        yield f"source {source.name} ({source.provider}, {source.instance}): {watched}; every {every}, {back} back"
    for group in config.groups:
        yield f"group {group.name}: {', '.join(group.repos)}; pipelines {', '.join(group.pipelines)}"
    for receiver in config.receivers:
        yield f"receiver {receiver.name}: {receiver.kind}"
    for rule in config.effective_rules:
        yield _rule(config, rule)


def _github(source: GithubSource) -> str:
    parts = [*source.repos, *(f"all of {org}" for org in source.orgs)]
    if not parts:
        return "polls nothing, takes every repo that its webhook secrets sign"
    who = "app" if source.app else "token" if source.token or source.token_file else "anonymous, 60 requests an hour"
    return f"{', '.join(parts)}; as {who}"


def _jenkins(source: JenkinsSource) -> str:
    return f"{', '.join(source.folders) or 'all that the user may see'}; as {source.user or 'anonymous'}"


def _rule(config: Config, rule: Rule) -> str:
    told = ", ".join(receiver.name for receiver in config.receivers_of(rule)) or "nobody (no receivers)"
    return f"rule {rule.name} ({rule.when}): branches {', '.join(rule.branches)}; tells {told}"
