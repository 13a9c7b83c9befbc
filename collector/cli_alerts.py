"""Commands about alerts: what is open, trying rules on history, and silences."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from collector.alerting.replay import replay
from collector.clibase import Failure, Prepared, common, environ_with, prepare, refusals
from collector.domain.alert_states import State
from collector.domain.logs import clean_text
from collector.domain.silencing import Silence
from collector.domain.times import to_api
from collector.storage import alert_pages, alerts, silences
from collector.storage.alert_pages import AlertFilters
from collector.storage.database import Database, connect
from config.durations import parse_duration
from config.load import load
from config.logging import configure
from config.settings import from_environ

MOST_CHARS = 1000


class Length(click.ParamType[timedelta]):
    """``30m``, ``24h``, ``7d``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration(value)
        except ValueError as exc:
            self.fail(str(exc), param, ctx)


@click.group()
def rules() -> None:
    """Try rules before they are used."""


@rules.command("test")
@common
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--since", type=Length(), default="14d", show_default=True, help="how much history is told again")
def rules_test(file: Path, since: timedelta, **given: Any) -> None:
    """Tell the kept history to the rules of FILE, a collectors.yaml, and print each alert that would have fired or
    resolved. Nothing is sent and nothing is kept."""
    with refusals():
        environ = environ_with(given)
        settings = from_environ(environ)
        configure(replace(settings, log_level="warning"))
        config = load(file, environ, need=frozenset()).config
        if not config.effective_rules:
            raise Failure(f"{file} has no rules; add some under rules:")
        now = datetime.now(UTC)
        with _opened(settings.database, read_only=True) as database:
            replayed = replay(database, config, now - since, now, click.echo)
    click.echo(
        f"{replayed.builds} builds: {replayed.fired} alerts would have fired, {replayed.resolved} resolved.", err=True
    )


@click.command("alerts")
@common
@click.option(
    "--state", "states", multiple=True, type=click.Choice([state.value for state in State]),
    help="alerts in this state, repeatable; without: all that are open",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="at most so many, the newest")
def alerts_command(states: tuple[str, ...], limit: int, **given: Any) -> None:
    """Print alerts, the newest opened first, one a line."""
    wanted = states or tuple(state.value for state in State if state is not State.RESOLVED)
    with _database(given) as (_, database), database.reading():
        page = alert_pages.page(AlertFilters(state=wanted), cursor=None, limit=limit)
    for alert in page.alerts:
        click.echo(alert_in_words(alert))
    if page.next is not None:
        click.echo(f"there are more than these {limit}; see --limit", err=True)


def alert_in_words(alert: Mapping[str, Any]) -> str:
    """One line: ``alert 3 firing since 2026-03-01T14:00:00Z: acme/web ci main: The last build failed. (rule broken)``.

    Names come from outside: whatever could move the terminal's cursor is left out.
    """
    subject = " ".join(part for part in (alert["repo"], alert["pipeline"], alert["branch"]) if part)
    who = f" by {alert['who']}" if alert["who"] else ""
    line = f"{alert['state']}{who} since {alert['since']}: {subject}: {alert['text']} (rule {alert['rule']})"
    return f"alert {alert['id']} {clean_text(line, MOST_CHARS)}"


@click.group()
def silence() -> None:
    """Keep alerts from being told for a while."""


@silence.command("add")
@common
@click.option("--repo", metavar="GLOB", help="repos, as acme/*")
@click.option("--pipeline", metavar="GLOB", help="pipelines by name")
@click.option("--branch", metavar="GLOB", help="branches")
@click.option("--group", metavar="GLOB", help="groups of the configuration")
@click.option("--rule", metavar="GLOB", help="rules by name")
@click.option("--severity", metavar="GLOB", help="info, warning or critical")
@click.option("--for", "lasting", type=Length(), required=True, help="how long from now: 2h; 30d at most")
@click.option("--reason", default="", help="why, shown to everybody")
@click.option("--author", default=None, help="who asks for it; without: the user's name")
def silence_add(lasting: timedelta, reason: str, author: str | None, **given: Any) -> None:
    """Silence the alerts that all of the given globs match."""
    names = ("repo", "pipeline", "branch", "group", "rule", "severity")
    matchers = {name: glob for name in names if (glob := given.pop(name)) is not None}
    with _database(given) as (prepared, database), database.writing():
        now = datetime.now(UTC)
        made = silences.add(matchers, now, now + lasting, author or getpass.getuser(), reason, now)
        groups = [group.patterns for group in prepared.loaded.config.groups]
        silenced = alerts.apply(made, groups, now)
    click.echo(f"{in_words(made)}; {len(silenced)} open alerts are silenced by it")


@silence.command("list")
@common
def silence_list(**given: Any) -> None:
    """Print the silences that are not over."""
    with _database(given) as (_, database), database.reading():
        for one in silences.current(datetime.now(UTC)):
            click.echo(in_words(one))


@silence.command("end")
@common
@click.argument("silence_id", type=int)
def silence_end(silence_id: int, **given: Any) -> None:
    """End a silence early; what is still broken is told again."""
    with _database(given) as (_, database), database.writing():
        ended = alerts.unsilence(silence_id, datetime.now(UTC))
    if ended is None:
        click.echo(f"cihealth: there is no silence {silence_id} that is not over; see cihealth silence list", err=True)
        sys.exit(1)
    click.echo(f"silence {silence_id} has ended")


def in_words(one: Silence) -> str:
    """One line: ``silence 3 until 2026-03-01T14:00:00Z by mira (upgrade): repo=acme/*``."""
    matchers = ", ".join(f"{name}={glob}" for name, glob in sorted(one.matchers.items()))
    why = f" ({one.reason})" if one.reason else ""
    return f"silence {one.id} until {to_api(one.ends_at.replace(microsecond=0))} by {one.author}{why}: {matchers}"


@contextmanager
def _database(given: dict[str, Any]) -> Iterator[tuple[Prepared, Database]]:
    with refusals():
        prepared = prepare(environ_with(given), frozenset())
        with _opened(prepared.settings.database) as database:
            yield prepared, database


@contextmanager
def _opened(url: str, *, read_only: bool = False) -> Iterator[Database]:
    """The database, as long as its schema is ours. Raises DatabaseError and Failure."""
    database = connect(url, read_only=read_only)
    try:
        trouble = database.check_schema()
        if trouble is not None:
            raise Failure(trouble)
        yield database
    finally:
        database.close()
