"""The evaluator: a reader of the change feed with the durable cursor ``alerting``.

A slice of changes, what it means for alerts, the notifications that follow and the cursor's advance are one
transaction: killed at any instant, it loses nothing and does nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from collector.alerting.clockwork import Clockwork
from collector.alerting.compiled import compiled
from collector.alerting.judging import Judge, Look
from collector.alerting.keeping import Keeper
from collector.domain.alert_states import About, Circumstances, judged
from collector.domain.reminding import with_clock_set
from collector.domain.rules.base import Standing, Verdict
from collector.domain.silencing import Silence
from collector.storage import alerts, changes, cursors, lines, marks, silences
from collector.storage.changes import Arrival
from collector.storage.database import Database
from collector.storage.errors import is_of_database
from collector.storage.lines import LineKey
from config.model import Config

log = structlog.get_logger(__name__)

CURSOR = "alerting"
SLICE = 100
"""Changes a transaction: at most so many lines are judged while others wait to write."""
MOST_SEEN = 50_000
_OWN = ""
"""The source under which the evaluator keeps its notes: no source has this name."""
_RULES = "rules"


class Evaluator:
    """Used by one thread at a time; every call takes the time."""

    def __init__(self, database: Database, config: Config, keeper: Keeper | None = None) -> None:
        self._database = database
        self.rules = compiled(config)
        groups = [group.patterns for group in config.groups]
        self._keeper = keeper or Keeper(config)
        self._judge = Judge(self.rules, groups, self._keeper)
        self._seen: dict[LineKey, int] = {}
        """Up to which change each line was judged: all that was committed by then was in its history already."""
        self._clockwork = Clockwork(database, config, self.rules, self._keeper, self._judge)

    def begin(self, now: datetime) -> None:
        """Once, before the first slice: what rules that are new or were changed find is set silently, and alerts of
        rules that are no more end."""
        with self._database.reading():
            kept = marks.get(_OWN, _RULES)
        known: dict[str, str] = json.loads(kept) if kept else {}
        present = {rule.name: rule.fingerprint() for rule in self.rules}
        if known == present:
            return
        self._end_removed(now)
        if any(known.get(name) != fingerprint for name, fingerprint in present.items()):
            self._set_silently(now)
        with self._database.writing():
            marks.put(_OWN, _RULES, json.dumps(present))

    def slice(self, now: datetime) -> bool:
        """Judges what the next changes touch. True when there was something, so that more may be there."""
        with self._database.reading():
            if not changes.after(cursors.get(CURSOR) or 0, 1):
                return False
        with self._database.writing():
            seq = cursors.get(CURSOR) or 0
            told = changes.arrivals(seq, SLICE)
            judged_now = self._judge_touched(told, now) if told else set()
            head = changes.head()
            if told:
                cursors.advance(CURSOR, told[-1].seq)
        if len(self._seen) > MOST_SEEN:
            self._seen.clear()
        self._seen |= dict.fromkeys(judged_now, head)
        return bool(told)

    def tick(self, now: datetime) -> None:
        """What time alone brings: ``for:`` and silences that ran out, reminders, what is stuck or stale."""
        self._clockwork.tick(now)

    def clock_set(self, by: timedelta) -> None:
        """The wall clock was set by so much: ``for:``, reminders and hourly sums go on as long as they would have."""
        with self._database.writing():
            counting = {alert.id: alert for alert in (*alerts.open_alerts(), *alerts.flapping())}
            for alert in counting.values():
                alerts.save(with_clock_set(alert, by))
        log.warning(
            "the clock was set", by_seconds=round(by.total_seconds(), 1), alerts=len(counting),
            done="the lengths that alerts count go on as they were",
            advice="none when it was wrong before; else look at the machine's time synchronisation",
        )  # fmt: skip

    def _judge_touched(self, told: Sequence[Arrival], now: datetime) -> set[LineKey]:
        """Judges the lines that the changes touch, but for those that have been with all of them in sight."""
        arrived = {one.build_id: one.at for one in reversed(told)}
        last_seq = {one.build_id: one.seq for one in told}
        touched: dict[LineKey, dict[int, datetime]] = {}
        for build_id, (key, conclusive) in lines.of_builds(list(arrived)).items():
            if conclusive and last_seq[build_id] > self._seen.get(key, 0):
                touched.setdefault(key, {})[build_id] = arrived[build_id]
        for key in (*self._follow(list(arrived)), *lines.judged_by(list(arrived))):
            if told[-1].seq > self._seen.get(key, 0):
                touched.setdefault(key, {})
        for key in touched:
            if lines.judged(key) is None:
                lines.keep_judged(key, lines.judged_elsewhere(key))
        current = silences.current(now)
        for key, of_line in sorted(touched.items()):
            self._judge_apart(key, Look(now, of_line), current)
        return set(touched)

    def _judge_apart(self, key: LineKey, look: Look, current: Sequence[Silence]) -> None:
        """One line; a slip of ours over it must not keep the others from being judged."""
        try:
            with self._database.part():
                self._judge.judge(key, look, current)
        except Exception as exc:
            if is_of_database(exc):
                raise
            log.exception(
                "a line could not be judged", pipeline_id=key.pipeline_id, branch=key.branch or None,
                done="its alerts stay as they are until its next build", advice="report this as a fault of CI Health",
            )  # fmt: skip

    def _follow(self, build_ids: Sequence[int]) -> list[LineKey]:
        """Alerts whose first build belongs to another line now (a pipeline or repo was found to be another one) go
        along, so that nobody is told twice: at once, as that line may be judged before the slice that the build is in.
        The lines that have to be judged anew."""
        touched = [LineKey(alert.line.pipeline_id, alert.line.branch) for alert in alerts.mentioning(build_ids)]
        for alert in alerts.strayed():
            first_bad_id = alert.first_bad_id or 0
            new, _ = lines.of_builds([first_bad_id])[first_bad_id]
            found = lines.facts(new, first_bad_id)
            if found is not None and not alerts.open_at(alert.rule, *new):
                old = LineKey(alert.line.pipeline_id, alert.line.branch)
                alerts.move(alert, found.line)
                if lines.judged(new) is None:
                    lines.keep_judged(new, lines.judged_elsewhere(new) or lines.judged(old))
                touched += [old, new]
        return touched

    def _end_removed(self, now: datetime) -> None:
        names = {rule.name for rule in self.rules}
        verdict = Verdict(Standing.OK, "rule_removed", "The rule is not configured any more.")
        with self._database.writing():
            for alert in alerts.open_alerts():
                if alert.rule not in names:
                    about = About(alert.rule, alert.severity, alert.line)
                    decision = judged(alert, about, verdict, Circumstances(now))
                    self._keeper.keep(None, alert, decision, now, is_default=False)

    def _set_silently(self, now: datetime) -> None:
        """Judges every line as far as it was judged before: the state is set, nobody is told."""
        after: LineKey | None = None
        while True:
            with self._database.writing():
                some = lines.all_judged(after, SLICE)
                current = silences.current(now)
                for key in some:
                    until = lines.judged(key)
                    self._judge_apart(key, Look(now, {}, silent=True, until=until), current)
            if len(some) < SLICE:
                return
            after = some[-1]
