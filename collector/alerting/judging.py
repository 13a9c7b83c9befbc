"""Judges one line by every rule that looks at it, inside the transaction that also moves the cursor.

The builds that are newer than all that were judged are taken one by one, so that what failed and was mended between
two looks is told; a late word only corrects what is known, and tells when the present state is another one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from collector.alerting.compiled import BuildKind, Compiled
from collector.alerting.keeping import ENDED_AT, FLAKY, STRIP, Keeper, ended_text
from collector.domain.alert_states import MERGED, About, Alert, Circumstances, judged
from collector.domain.filters import GroupPatterns
from collector.domain.flapping import RESULTS, is_flapping
from collector.domain.names import watch_key
from collector.domain.payload import STRIP_LENGTH
from collector.domain.routing import Subject
from collector.domain.rules.base import Order, Point, Standing, Verdict
from collector.domain.rules.failure import Failure
from collector.domain.silencing import Silence, silence_of
from collector.storage import alerts, backfilled, lines, watched
from collector.storage.lines import LineFacts, LineKey

HISTORY_AFTER = timedelta(hours=24)
"""A pushed build that ended longer than this before it came is history."""


IS_ANOTHERS = Verdict(
    Standing.OK, MERGED, "Its builds were found to be another pipeline's, which has an alert of its own."
)


@dataclass(frozen=True, slots=True)
class Look:
    """Why a line is looked at. ``arrived``: its builds that changed, and when. ``live``: whether a change of the
    present state is news even if no build brought it. ``silent``: nothing is. ``until``: the builds up to here."""

    now: datetime
    arrived: Mapping[int, datetime]
    live: bool = False
    silent: bool = False
    until: Order | None = None


class Judge:
    """Judges lines by the rules of the configuration."""

    def __init__(self, rules: Sequence[Compiled], groups: Sequence[GroupPatterns], keeper: Keeper) -> None:
        self._rules = [(rule, rule.kind) for rule in rules if isinstance(rule.kind, BuildKind)]
        self._groups = groups
        self._keeper = keeper

    def judge(self, key: LineKey, look: Look, silences: Sequence[Silence]) -> None:
        was = lines.judged(key)
        history = lines.history(key, self._enough(was, look.now), look.until)
        found = lines.facts(key, history[-1].id) if history else None
        if found is None:
            self._gone(key, look.now)
            return
        newest = history[-1].order if was is None or look.until is None else was
        tail = history[bisect_right(history, was, key=lambda point: point.order) :] if was else history
        changed = [point for point in history if point.id in look.arrived]
        news = self._news([*tail, *changed], found, look)
        steps = [place for place in range(len(history) - len(tail), len(history)) if history[place].id in news]
        if not steps or steps[-1] != len(history) - 1:
            steps.append(len(history) - 1)
        walk = _Walk(found, history, steps, frozenset(point.id for point in tail), news, look, silences)
        self._close_others(key, found, look)
        for rule, kind in self._taking(found):
            self._by(rule, kind, walk)
        lines.keep_judged(key, newest)

    def _enough(self, was: Order | None, now: datetime) -> Callable[[Sequence[Point]], bool]:
        """How far back the history must go: for every rule, the strip, flapping, and to the last judged build."""

        def enough(history: Sequence[Point]) -> bool:
            return (
                len(history) >= RESULTS + STRIP_LENGTH
                and (was is None or history[0].order <= was)
                and all(kind.enough(rule.of_its_events(history), now) for rule, kind in self._rules)
            )

        return enough

    def _taking(self, found: LineFacts) -> list[tuple[Compiled, BuildKind]]:
        line = found.line
        return [
            (rule, kind)
            for rule, kind in self._rules
            if rule.takes(Subject(line.repo, line.pipeline, line.branch or None, found.is_default, ""))
        ]

    def _by(self, rule: Compiled, kind: BuildKind, walk: _Walk) -> None:
        """Takes one rule through the steps, each from what the one before left."""
        key = walk.found.line
        stored = alerts.newest(rule.name, key.pipeline_id, key.branch)
        points = rule.of_its_events(walk.history)
        for place in walk.steps:
            end = walk.history[place]
            prefix = points[: bisect_right(points, end.order, key=lambda point: point.order)]
            kept = replace(stored, line=walk.found.line) if stored else None
            verdict = _with_strip(kind.judge(prefix, walk.look.now), prefix)
            under = self._under(rule, kind, walk, place, prefix, kept, verdict)
            if walk.found.disabled and not walk.tail and not (kept and kept.open):
                continue  # what somebody switched off while it was red is not told again for an old build's log
            decision = judged(kept, About(rule.name, rule.rule.severity, walk.found.line), verdict, under)
            stored = self._keeper.keep(rule, stored, decision, walk.look.now, is_default=walk.found.is_default)

    def _under(
        self, rule: Compiled, kind: BuildKind, walk: _Walk, place: int, prefix: Sequence[Point],
        kept: Alert | None, verdict: Verdict,
    ) -> Circumstances:  # fmt: skip
        end, look, line = walk.history[place], walk.look, walk.found.line
        silence = silence_of(walk.silences, rule.name, rule.rule.severity, line, self._groups, look.now)
        was_flapping = kept is not None and kept.flapping
        return Circumstances(
            now=look.now,
            live=not look.silent and (end.id in walk.news or walk.brought_news(end) or look.live),
            newer=end.id in walk.tail and end.failed and bool(prefix) and prefix[-1].id == end.id,
            pending_for=rule.rule.for_,
            silenced_by=silence.author if silence else None,
            each=rule.rule.remind == "each",
            flapping=isinstance(kind, Failure) and is_flapping([point.failed for point in prefix], was_flapping),
        )

    @staticmethod
    def _news(points: Sequence[Point], found: LineFacts, look: Look) -> frozenset[int]:
        """Those of the new builds, and of the changed ones, that are no history."""
        since = watched.since(_watch_keys(found))
        unknown = [point.id for point in points if point.id not in look.arrived]
        arrived = {**lines.recorded(unknown), **look.arrived}
        history = backfilled.of([point.id for point in points])
        return frozenset(
            point.id
            for point in points
            if point.id not in history and _is_news(point, since, arrived.get(point.id, look.now))
        )

    def _gone(self, key: LineKey, now: datetime) -> None:
        """No success or failure is left of the line: its builds were moved, or are no more. An alert that could not go
        along met one of its rule where they are now."""
        gone = Verdict(Standing.OK, "pipeline_gone", "Its builds are no more.")
        for alert in alerts.open_of_line(*key):
            if alert.rule in self._build_names():
                moved = alert.first_bad_id is not None and lines.of_builds([alert.first_bad_id])
                self._end(alert, IS_ANOTHERS if moved else gone, now, is_default=False)
        lines.keep_judged(key, None)

    def _close_others(self, key: LineKey, found: LineFacts, look: Look) -> None:
        """Ends alerts of rules that do not look at the line any more."""
        taking = {rule.name for rule, _ in self._taking(found)}
        for alert in alerts.open_of_line(*key):
            if alert.rule in self._build_names() and alert.rule not in taking:
                verdict = Verdict(Standing.OK, "rule_changed", "The rule does not look at it any more.")
                self._end(alert, verdict, look.now, is_default=found.is_default)

    def _end(self, alert: Alert, verdict: Verdict, now: datetime, *, is_default: bool) -> None:
        decision = judged(alert, About(alert.rule, alert.severity, alert.line), verdict, Circumstances(now))
        self._keeper.keep(None, alert, decision, now, is_default=is_default)

    def _build_names(self) -> set[str]:
        return {rule.name for rule, _ in self._rules}


@dataclass(frozen=True, slots=True)
class _Walk:
    """A line's history and where in it the rules stop to judge. ``tail``: builds that were not judged before; ``news``:
    the new and changed ones that are no history."""

    found: LineFacts
    history: Sequence[Point]
    steps: Sequence[int]
    tail: frozenset[int]
    news: frozenset[int]
    look: Look
    silences: Sequence[Silence]

    def brought_news(self, end: Point) -> bool:
        """Whether builds that changed, late ones, tell more of the present state than was known."""
        return end is self.history[-1] and any(build_id in self.news for build_id in self.look.arrived)


def _is_news(point: Point, since: datetime | None, arrived_at: datetime) -> bool:
    ended_at = point.ended_at or point.at
    return ended_at >= since if since is not None else arrived_at - ended_at <= HISTORY_AFTER


def _watch_keys(found: LineFacts) -> list[str]:
    line = found.line
    return [watch_key(line.provider, line.instance, line.repo, found.external_id)]


def _with_strip(verdict: Verdict, prefix: Sequence[Point]) -> Verdict:
    """What is shown beside every verdict: the last statuses, whether the commit is flaky, when the build ended."""
    if not prefix or verdict.standing is Standing.BETWEEN:
        return verdict
    last = prefix[-1]
    shown: dict[str, object] = {
        STRIP: [point.status.value for point in prefix[-STRIP_LENGTH:]],
        FLAKY: _is_flaky(last, prefix),
        ENDED_AT: ended_text(last.ended_at or last.at),
    }
    return replace(verdict, evidence={**verdict.evidence, **shown})


def _is_flaky(last: Point, prefix: Sequence[Point]) -> bool | None:
    """Whether the commit ended otherwise before; None: nobody told the commit."""
    if last.commit is None:
        return None
    return any(point.commit == last.commit and point.status is not last.status for point in prefix)
