"""``rules test``: what a rule file would have done over the history that is kept.

The history is told again to a database of its own, build by build as they began and ended, by their own clock; the
evaluator is the one that runs every day. Sources that could not be read are not kept as history, so they are left out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from collector.alerting.evaluator import Evaluator
from collector.alerting.keeping import Keeper
from collector.domain.alert_states import Alert, Decision, State
from collector.domain.rules.stuck import Stuck
from collector.domain.times import to_api
from collector.storage import replaying
from collector.storage.database import Database, connect
from collector.storage.replaying import Happening
from config.model import Config

TICK = timedelta(minutes=10)
"""While nothing happens, the clock is looked at so often."""
AT_ONCE = 100
"""Happenings of one minute that are told in one transaction."""
_WORDS = {State.FIRING.value: "FIRING  ", State.RESOLVED.value: "resolved"}


@dataclass(frozen=True, slots=True)
class Replayed:
    """``builds`` that ended in the time told again, alerts that would have ``fired`` and ``resolved``."""

    builds: int
    fired: int
    resolved: int


def replay(
    database: Database, config: Config, since: datetime, until: datetime, say: Callable[[str], None]
) -> Replayed:
    """Tells the builds that started in [since, until) to ``config``'s rules; ``say`` gets a line for each alert that
    would have fired or resolved. Nothing is written to ``database``."""
    counts = dict.fromkeys(_WORDS, 0)

    def kept(alert: Alert, decision: Decision) -> None:
        for one in decision.transitions:
            if one.from_state != one.to_state and one.to_state in counts:
                counts[one.to_state] += 1
                say(line_of(alert, one.to_state, one.at))

    with tempfile.TemporaryDirectory(prefix="cihealth-rules-") as folder:
        copy = connect(f"sqlite:///{Path(folder) / 'history.db'}")
        try:
            copy.migrate()
            evaluator = Evaluator(copy, config, Keeper(config, kept))
            builds = _tell_again(database, copy, evaluator, since, until)
        finally:
            copy.close()
    return Replayed(builds, counts[State.FIRING.value], counts[State.RESOLVED.value])


def line_of(alert: Alert, state: str, at: datetime) -> str:
    """When, what, by which rule, of which pipeline and branch, and why."""
    line = alert.line
    what = " ".join(part for part in (line.repo, line.pipeline, f"({line.branch})" if line.branch else "") if part)
    return f"{to_api(at.replace(microsecond=0))}  {_WORDS[state]}  {alert.rule}: {what}: {alert.text}"


def _tell_again(source: Database, copy: Database, evaluator: Evaluator, since: datetime, until: datetime) -> int:
    with source.reading():
        names = replaying.names()
        begun = any(isinstance(rule.kind, Stuck) for rule in evaluator.rules)
        happenings = replaying.happenings(since, until, begun=begun)
    with copy.writing():
        replaying.put_names(names)
    now = since
    evaluator.begin(now)
    for some in _together(happenings):
        now = _pass_time(evaluator, now, some[-1].at)
        _tell(source, copy, some)
        while evaluator.slice(now):
            pass
    _pass_time(evaluator, now, until)
    return sum(one.ended for one in happenings)


def _together(happenings: Sequence[Happening]) -> Iterator[list[Happening]]:
    """Those of one minute, in their order."""
    for _, minute in groupby(happenings, key=lambda one: one.at.replace(second=0, microsecond=0)):
        some = list(minute)
        for start in range(0, len(some), AT_ONCE):
            yield some[start : start + AT_ONCE]


def _tell(source: Database, copy: Database, some: Sequence[Happening]) -> None:
    with source.reading():
        read = replaying.builds(sorted({one.build_id for one in some}))
    found: dict[int, dict[str, Any]] = {}
    for row in read.rows:
        build = dict(zip(read.columns, row, strict=True))
        found[build["id"]] = build
    with copy.writing():
        for one in some:
            if one.build_id in found:
                replaying.put(found[one.build_id], one)


def _pass_time(evaluator: Evaluator, now: datetime, until: datetime) -> datetime:
    """Looks at the clock on the way, and returns where it stands."""
    while now + TICK < until:
        now += TICK
        evaluator.tick(now)
    evaluator.tick(max(now, until))
    return max(now, until)
