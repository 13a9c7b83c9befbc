"""What time alone brings to alerts. Every part is cheap while nothing is due, and writes only what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from collector.alerting.compiled import Compiled
from collector.alerting.judging import IS_ANOTHERS, Judge, Look
from collector.alerting.keeping import Keeper
from collector.domain.alert_states import (
    UNTOLD,
    About,
    Alert,
    Circumstances,
    Decision,
    Event,
    Kind,
    Line,
    Notice,
    State,
    judged,
    moved,
    noted,
)
from collector.domain.names import why_switched_off
from collector.domain.reminding import counting_from, counts_from, is_to_be_summed_up
from collector.domain.routing import Subject
from collector.domain.rules.base import Standing, Verdict
from collector.domain.rules.stale import Stale, judge_source
from collector.domain.rules.stuck import Stuck, Usual
from collector.domain.silencing import Silence, silence_of
from collector.storage import alerts, clockwork, lines, silences
from collector.storage.database import Database
from collector.storage.lines import LineKey
from config.model import Config

STUCK_EVERY = timedelta(seconds=2)
SLOW_EVERY = timedelta(seconds=60)
"""Stale pipelines, and windows that slide on: nobody waits for them to the second."""
USUAL_KEPT = timedelta(minutes=10)


class Clockwork:
    def __init__(
        self, database: Database, config: Config, rules: Sequence[Compiled], keeper: Keeper, judge: Judge
    ) -> None:
        self._database, self._rules, self._keeper, self._judge = database, rules, keeper, judge
        self._by_name = {rule.name: rule for rule in rules}
        self._groups = [group.patterns for group in config.groups]
        self._intervals = [(source.name, config.interval_of(source)) for source in config.sources]
        self._due = {"stuck": _Due(STUCK_EVERY), "slow": _Due(SLOW_EVERY)}
        self._usual: dict[int, tuple[datetime, tuple[Usual | None, Usual | None]]] = {}
        self._silenced_by: frozenset[int] = frozenset()

    def tick(self, now: datetime) -> None:
        with self._database.reading():
            current = silences.current(now)
            waiting = alerts.open_alerts(states=(State.PENDING, State.FIRING, State.SILENCED))
            flapping = alerts.flapping()
        self._move_on(waiting, current, now)
        self._sum_up(flapping, now)
        if self._due["stuck"].is_due(now):
            self._look_for_stuck(current, now)
        if self._due["slow"].is_due(now):
            self._look_for_stale(current, now)
            self._slide(current, now)
            self._close_disabled(now)

    def _move_on(self, waiting: Sequence[Alert], current: Sequence[Silence], now: datetime) -> None:
        """Alerts that have held, whose silence is over, that a silence which begins now takes, or to remind of."""
        begun = frozenset(one.id for one in current if one.in_force(now))
        new, self._silenced_by = bool(begun - self._silenced_by), begun
        moving = [alert for alert in waiting if self._moves(alert, current, now, new)]
        if not moving:
            return
        with self._database.writing():
            for seen in moving:
                alert = alerts.get(seen.id)
                if alert.state is seen.state and alert.transition == seen.transition:
                    self._keep(alert, self._moved(alert, current, now), now)

    def _moves(self, alert: Alert, current: Sequence[Silence], now: datetime, new_silence: bool) -> bool:
        if counts_from(alert) > now:
            return True
        match alert.state:
            case State.PENDING:
                return self._held(alert, now)
            case State.SILENCED:
                return self._silence(alert, current, now) is None
            case _:
                silenced = new_silence and self._silence(alert, current, now) is not None
                return silenced or self._to_remind(alert, now)

    def _moved(self, alert: Alert, current: Sequence[Silence], now: datetime) -> Decision:
        if counts_from(alert) > now:
            return Decision(counting_from(alert, now))
        silence = self._silence(alert, current, now)
        if silence is not None and alert.state is not State.SILENCED:
            after, transition = moved(alert, Event.SILENCE, now, silence.reason or "silenced", silence.author)
            return Decision(after, (transition,))
        if alert.state is State.FIRING:
            after, transition = noted(replace(alert, summed_at=now), now, alert.state, "reminder")
            return Decision(after, (transition,), (Notice(Kind.REMINDER, transition.number, told_only=True),))
        event, reason = (Event.HELD, "held") if alert.state is State.PENDING else (Event.SILENCE_ENDS, "silence_ended")
        after, transition = moved(alert, event, now, reason)
        tells = not alert.evidence.get(UNTOLD) and not alert.flapping
        if tells:
            after = replace(after, summed_at=now)
        return Decision(after, (transition,), (Notice(Kind.FAILING, transition.number),) if tells else ())

    def _held(self, alert: Alert, now: datetime) -> bool:
        rule = self._by_name.get(alert.rule)
        return rule is None or now - alert.opened_at >= rule.rule.for_

    def _to_remind(self, alert: Alert, now: datetime) -> bool:
        rule = self._by_name.get(alert.rule)
        if rule is None or rule.remind is None or alert.flapping or alert.evidence.get(UNTOLD):
            return False
        return now - counts_from(alert) >= rule.remind

    def _silence(self, alert: Alert, current: Sequence[Silence], now: datetime) -> Silence | None:
        return silence_of(current, alert.rule, alert.severity, alert.line, self._groups, now)

    def _sum_up(self, flapping: Sequence[Alert], now: datetime) -> None:
        """Once an hour what a flapping line did meanwhile, with how it stands now."""
        due = [one for one in flapping if is_to_be_summed_up(one, now)]
        for seen in due:
            with self._database.writing():
                alert = alerts.get(seen.id)
                if not alert.flapping or not is_to_be_summed_up(alert, now):
                    continue
                if alert.summed_at is not None and alert.summed_at > now:
                    alerts.save(counting_from(alert, now))
                    continue
                after, transition = noted(replace(alert, summed_at=now), now, alert.state, "summed_up")
                tells = alert.state in (State.FIRING, State.RESOLVED)
                notices = (Notice(Kind.FLAPPING, transition.number),) if tells else ()
                self._keep(alert, Decision(after, (transition,), notices), now)

    def _look_for_stuck(self, current: Sequence[Silence], now: datetime) -> None:
        for rule in self._rules:
            kind = rule.kind
            if not isinstance(kind, Stuck):
                continue
            with self._database.reading():
                found = self._stuck_of(rule, kind, now)
            for line, is_default, verdict in found:
                self._decide(rule, line, is_default, verdict, current, now)

    def _stuck_of(self, rule: Compiled, kind: Stuck, now: datetime) -> list[tuple[Line, bool, Verdict]]:
        found: dict[LineKey, tuple[Line, bool, Verdict]] = {}
        for key, told in clockwork.unfinished(now - kind.least, now).items():
            mine = [one for one, event in told if rule.of_event(event)]
            facts = lines.facts(key, told[-1][0].id)
            if facts is None or not rule.takes(_subject(facts.line, facts.is_default)):
                continue
            usual, usual_wait = self._usual_of(key.pipeline_id, now)
            found[key] = (facts.line, facts.is_default, kind.judge(mine, usual, now, usual_wait))
        for alert in alerts.open_alerts([rule.name]):
            key = LineKey(alert.line.pipeline_id, alert.line.branch)
            found.setdefault(key, (alert.line, False, kind.judge((), None, now)))
        return list(found.values())

    def _usual_of(self, pipeline_id: int, now: datetime) -> tuple[Usual | None, Usual | None]:
        kept = self._usual.get(pipeline_id)
        if kept is None or not timedelta(0) <= now - kept[0] < USUAL_KEPT:
            kept = self._usual[pipeline_id] = (now, clockwork.usual(pipeline_id))
        return kept[1]

    def _look_for_stale(self, current: Sequence[Silence], now: datetime) -> None:
        rules = [(rule, rule.kind) for rule in self._rules if isinstance(rule.kind, Stale)]
        if not rules:
            return
        with self._database.reading():
            runs, readings = clockwork.pipeline_runs(), clockwork.readings(self._intervals)
        for rule, kind in rules:
            found = [
                (one.found.line, kind.judge(one.runs, now))
                for one in runs
                if rule.takes(_subject(one.found.line, True))
            ]
            found += [(line, judge_source(reading, now)) for line, reading in readings if rule.reads_sources]
            self._follow(rule, {line.pipeline_id: line for line, _ in found}, now)
            for line, verdict in found:
                self._decide(rule, line, True, verdict, current, now)

    def _follow(self, rule: Compiled, looked_at: Mapping[int, Line], now: datetime) -> None:
        """Open alerts of a pipeline that was found to be another one go along; those of what is no more end."""
        with self._database.reading():
            left = [one for one in alerts.open_alerts([rule.name]) if one.line.pipeline_id not in looked_at]
        for seen in left:
            with self._database.writing():
                alert = alerts.get(seen.id)
                place = lines.of_builds([alert.last_build_id]) if alert.last_build_id else {}
                line = next((looked_at.get(key.pipeline_id) for key, _ in place.values()), None)
                if not alert.open:
                    continue
                if line is not None and not alerts.open_at(rule.name, line.pipeline_id, line.branch):
                    alerts.move(alert, line)
                    continue
                about = About(alert.rule, alert.severity, alert.line)
                self._keep(alert, judged(alert, about, _left(alert, moved_to=line), Circumstances(now)), now)

    def _decide(
        self, rule: Compiled, line: Line, is_default: bool, verdict: Verdict, current: Sequence[Silence], now: datetime
    ) -> None:
        """Writes what a verdict of the clock means, if it is news: most are not, and need no transaction."""
        with self._database.reading():
            kept = alerts.newest(rule.name, line.pipeline_id, line.branch)
        is_open = kept is not None and kept.open
        if verdict.standing is Standing.BETWEEN or (verdict.standing is Standing.BAD) == is_open:
            return
        silence = silence_of(current, rule.name, rule.rule.severity, line, self._groups, now)
        with self._database.writing():
            kept = alerts.newest(rule.name, line.pipeline_id, line.branch)
            under = Circumstances(
                now, live=self._is_news(rule, verdict, now), pending_for=rule.rule.for_,
                silenced_by=silence.author if silence else None,
            )  # fmt: skip
            decision = judged(kept, About(rule.name, rule.rule.severity, line), verdict, under)
            self._keeper.keep(rule, kept, decision, now, is_default=is_default)

    def _is_news(self, rule: Compiled, verdict: Verdict, now: datetime) -> bool:
        """What stopped running long before anybody asked is history; what hangs now is not."""
        if not isinstance(rule.kind, Stale) or verdict.since is None:
            return True
        return now - verdict.since <= timedelta(hours=24)

    def _slide(self, current: Sequence[Silence], now: datetime) -> None:
        """Windows move on also when no build comes."""
        names = [rule.name for rule in self._rules if rule.slides]
        if not names:
            return
        with self._database.reading():
            keys = {LineKey(one.line.pipeline_id, one.line.branch) for one in alerts.open_alerts(names)}
        for key in sorted(keys):
            with self._database.writing():
                self._judge.judge(key, Look(now, {}, live=True, until=lines.judged(key)), current)

    def _close_disabled(self, now: datetime) -> None:
        """A pipeline that somebody switched off while it was red stays red for good: its alert ends, not mended."""
        with self._database.reading():
            found = [one for one in alerts.open_alerts() if self._is_of_builds(one)]
            off = clockwork.switched_off(one.line.pipeline_id for one in found)
        ended = [one for one in found if one.line.pipeline_id in off]
        for seen in ended:
            verdict = Verdict(Standing.OK, "pipeline_disabled", why_switched_off(off[seen.line.pipeline_id]))
            with self._database.writing():
                alert = alerts.get(seen.id)
                about = About(alert.rule, alert.severity, alert.line)
                self._keep(alert, judged(alert, about, verdict, Circumstances(now)), now)

    def _is_of_builds(self, alert: Alert) -> bool:
        rule = self._by_name.get(alert.rule)
        return rule is not None and not isinstance(rule.kind, Stale | Stuck)

    def _keep(self, alert: Alert, decision: Decision, now: datetime) -> None:
        key = LineKey(alert.line.pipeline_id, alert.line.branch)
        facts = lines.facts(key, alert.last_build_id or 0)
        is_default = facts.is_default if facts else not alert.line.branch
        self._keeper.keep(self._by_name.get(alert.rule), alert, decision, now, is_default=is_default)


class _Due:
    """Something that is done again after a while, by a clock that may jump."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._last: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        if self._last is not None and timedelta(0) <= now - self._last < self._every:
            return False
        self._last = now
        return True


def _left(alert: Alert, *, moved_to: Line | None) -> Verdict:
    """Why the rule looks no more at what the alert is of."""
    if moved_to is not None:
        return IS_ANOTHERS
    if alert.line.pipeline_id < 0:
        return Verdict(Standing.OK, "source_gone", "It is configured no more, or the rule looks at no sources.")
    return Verdict(Standing.OK, "pipeline_gone", "It is no more, or the rule does not look at it any more.")


def _subject(line: Line, is_default: bool) -> Subject:
    return Subject(line.repo, line.pipeline, line.branch or None, is_default, "")
