"""Polls one source: what its reader tells is recorded batch by batch, and how it went is kept as the source's state.

Whatever goes wrong here stays with this source. A reader's SourceError is expected and worded for the operator;
anything else is caught at this loop's boundary only, logged with the source and backed off like the rest.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from collector import ingest
from collector.circuit import Circuit
from collector.domain.errors import SourceError, Waiting
from collector.providers.base import Batch, Memory, Progress, SourceReader, Trouble
from collector.recording import Recorder, Stopped

log = structlog.get_logger(__name__)

CLOCK_WRONG_SECONDS = 60.0
MAX_ERROR_TEXT = 500
TROUBLES_NAMED = 3
PROGRESS_EVERY = timedelta(seconds=2)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SourceJob:
    """One source as the poller needs it: its name, its reader, how often it is read."""

    name: str
    provider: str
    interval: timedelta
    reader: SourceReader
    default_branch: str | None = None


@dataclass(slots=True)
class Tally:
    """What one poll brought, counted while it runs."""

    created: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    builds: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    error: SourceError | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a poll ended. ``error`` is plain words, None when all was read; the next one is due in ``wait_seconds``."""

    source: str
    builds: int
    created: int
    changed: int
    error: str | None
    wait_seconds: float


class Poller:
    """Polls one source again and again, or (``once``) a single time; used by one thread at a time."""

    def __init__(
        self,
        job: SourceJob,
        recorder: Recorder,
        memory: Memory,
        *,
        clock: Callable[[], datetime] = utc_now,
        on_progress: Callable[[str, Progress], None] = lambda _source, _progress: None,
        chance: random.Random | None = None,
        once: bool = False,
    ) -> None:
        self.job = job
        self._recorder = recorder
        self._memory = memory
        self._clock = clock
        self._on_progress = on_progress
        self._chance = chance or random.Random()
        self._once = once
        self._circuit = Circuit(job.name, job.interval.total_seconds(), self._chance)
        self._told_error: str | None = None
        self._clock_said_wrong = False
        self._progress_kept_at = datetime.min.replace(tzinfo=UTC)

    def poll(self) -> Outcome:
        """One whole poll. Trouble is told in the outcome, kept as the source's state and logged; it is not raised."""
        tally = Tally()
        try:
            self._begin()
            self._read(tally)
            return self._ended(tally)
        except Stopped:
            return self._outcome(tally, None, self.job.interval.total_seconds())
        except Exception as error:  # the loop's boundary: one source's slip must not stop the others
            seconds = self._circuit.failed()
            if self._recorder.stopped:
                return self._outcome(tally, None, seconds)
            log.exception("a poll ended in an error of ours", source=self.job.name, **self._what_follows(seconds))
            return self._slipped(tally, f"an error inside CI Health ({type(error).__name__}); see its log", seconds)

    def _slipped(self, tally: Tally, text: str, seconds: float) -> Outcome:
        """Tells an error of ours, or a database in trouble, where that is possible."""
        with suppress(Exception):
            now = self._clock()
            told = {"last_error": text, "last_error_at": now, "last_advice": None}
            self._recorder.keep_state(self.job.name, **told, **self._circuit.state(now, seconds))
        self._told_error = text
        return self._outcome(tally, text, seconds)

    def poll_unless_waiting(self) -> Outcome:
        """``poll``, but nothing is asked of a provider that told an earlier process to wait."""
        seconds = self.waits_seconds()
        if not seconds:
            return self.poll()
        text = f"not polled: the provider told us to wait, for {round(seconds)} more seconds"
        return self._outcome(Tally(), text, seconds)

    def waits_seconds(self) -> float:
        """How long the provider still told us to wait, by what an earlier process kept; 0 when it did not."""
        until, now = self._recorder.waiting_until(self.job.name), self._clock()
        return self._until(until, now) if until is not None and until > now else 0.0

    def _begin(self) -> None:
        self._recorder.begin(
            self.job.name, self._clock(), provider=self.job.provider, instance=self.job.reader.instance
        )

    def _read(self, tally: Tally) -> None:
        """Reads all that is new; what goes wrong with the source itself is left in ``tally.error``."""
        context = ingest.Context(source=self.job.name, default_branch=self.job.default_branch)
        try:
            with closing_batches(self.job.reader.poll(self._memory, self._clock())) as batches:
                for batch in batches:
                    self._count(tally, batch, self._recorder.record(batch, context, self._clock()))
        except SourceError as error:
            tally.error = error

    def _count(self, tally: Tally, batch: Batch, stored: ingest.Ingested) -> None:
        tally.builds += stored.builds
        tally.created.update(stored.created)
        tally.changed.update(stored.changed)
        if batch.trouble is not None:
            tally.troubles.append(batch.trouble)
        if batch.progress is not None:
            self._show(replace(batch.progress, builds=len(tally.created)))

    def _show(self, progress: Progress) -> None:
        self._on_progress(self.job.name, progress)
        now = self._clock()
        if now - self._progress_kept_at >= PROGRESS_EVERY:
            self._progress_kept_at = now
            self._recorder.keep_state(self.job.name, progress=progress, last_poll_at=now)

    def _ended(self, tally: Tally) -> Outcome:
        """Keeps and logs how the source stands after this poll; plans the next."""
        now, error = self._clock(), tally.error
        text, advice = _in_words(tally)
        state: dict[str, Any] = {"budget": self.job.reader.budget(), "progress": None, "waiting_until": None}
        state |= {"last_error": text, "last_error_at": now if text else None, "last_advice": advice or None}
        if error is None:
            self._circuit.succeeded()
            state["last_success_at"] = now
            seconds = self._jittered(self.job.interval.total_seconds())
        elif isinstance(error, Waiting):
            state["waiting_until"] = error.until
            seconds = self._until(error.until, now)
        else:
            seconds = self._circuit.failed(permanent=error.permanent)
        circuit = self._circuit.state(now, seconds)
        offset = self.job.reader.clock_offset_seconds()
        self._recorder.keep_state(self.job.name, **state, **circuit, clock_offset_seconds=offset)
        self._say(text, advice, seconds)
        self._say_clock(offset)
        return self._outcome(tally, text, seconds)

    def _say(self, text: str | None, advice: str, seconds: float) -> None:
        """Once for each trouble and once for its end: a source that is down for a week must not fill the log."""
        if text == self._told_error:
            return
        if text is None:
            log.info("the source is read again", source=self.job.name)
        else:
            log.warning(
                "a source could not be read as a whole", source=self.job.name, error=text,
                advice=advice or "see how the provider fares; nothing is wrong here",
                **self._what_follows(seconds),
            )  # fmt: skip
        self._told_error = text

    def _what_follows(self, seconds: float) -> dict[str, Any]:
        if self._once:
            return {"done": "what could be read is stored; nothing more is asked of it, as each source is polled once"}
        return {"done": "it is polled again", "in_seconds": round(seconds)}

    def _say_clock(self, offset: float | None) -> None:
        """Once when the clocks differ, and once when they agree again."""
        wrong = offset is not None and abs(offset) >= CLOCK_WRONG_SECONDS
        if wrong and not self._clock_said_wrong:
            log.warning(
                "a source's clock differs from ours", source=self.job.name, ahead_seconds=offset,
                done="waits are reckoned on the source's clock; times of builds are shown as it tells them",
                advice="set both clocks by NTP; ages and queue times are wrong by this much",
            )  # fmt: skip
        elif self._clock_said_wrong and not wrong:
            log.info("the source's clock agrees with ours again", source=self.job.name)
        self._clock_said_wrong = wrong

    def _outcome(self, tally: Tally, error: str | None, seconds: float) -> Outcome:
        changed = len(tally.changed - tally.created)
        return Outcome(self.job.name, tally.builds, len(tally.created), changed, error, seconds)

    def _until(self, until: datetime, now: datetime) -> float:
        """Never before the instant we were told, and a little later, so that all who wait do not come back at once."""
        left = max((until - now).total_seconds(), 0.0)
        return left + self._chance.uniform(0.0, min(5.0, max(1.0, left / 10)))

    def _jittered(self, seconds: float) -> float:
        return seconds * self._chance.uniform(0.95, 1.0)

    def close(self) -> None:
        self.job.reader.close()


@contextmanager
def closing_batches(batches: Iterator[Batch]) -> Iterator[Iterator[Batch]]:
    """Ends a reader's generator when we leave it early, so that its connections are given back."""
    try:
        yield batches
    finally:
        close = getattr(batches, "close", None)
        if close is not None:
            close()


def _in_words(tally: Tally) -> tuple[str | None, str]:
    """What went wrong, as GET /sources shows it, and what can be done; (None, "") when all was read."""
    if tally.error is not None:
        return str(tally.error)[:MAX_ERROR_TEXT], tally.error.advice
    if not tally.troubles:
        return None, ""
    named = "; ".join(f"{trouble.target}: {trouble.error}" for trouble in tally.troubles[:TROUBLES_NAMED])
    more = len(tally.troubles) - TROUBLES_NAMED
    text = f"{named}; and {more} more" if more > 0 else named
    advice = next((trouble.error.advice for trouble in tally.troubles if trouble.error.advice), "")
    return f"a part could not be read: {text}"[:MAX_ERROR_TEXT], advice
