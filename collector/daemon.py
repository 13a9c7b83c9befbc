"""``collect``: polls the sources and keeps the database tidy, as the one collector that may, until told to stop."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import click
import structlog
from rich.console import Console

from collector.alerting.clocks import REAL_CLOCKS
from collector.alerting.dispatcher import Dispatcher, make_dispatcher
from collector.alerting.evaluator import Evaluator
from collector.alerting.watcher import Watcher
from collector.domain.names import watch_prefix
from collector.leadership import RENEW_SECONDS, Leadership, lease_owner
from collector.poller import Outcome, Poller, SourceJob, utc_now
from collector.progress import ProgressBars, ProgressLines, progress_for
from collector.providers.registry import make_reader
from collector.recording import Recorder, Stopped
from collector.retention import tidying
from collector.schedule import Schedule, Tick, Work
from collector.stopping import PARENT_FD, Stop, stopping
from collector.storage.beside import shared_folder
from collector.storage.database import Database, connect
from collector.storage.memory import SourceMemory
from config.model import Config
from config.settings import Settings

log = structlog.get_logger(__name__)

LEASE_OWNER = "CIHEALTH_LEASE_OWNER"
TICK_SECONDS = 0.1
TIDY_AFTER_SECONDS = 30.0
LET_GO_SECONDS = 15.0
DELIVERED_SECONDS = 1.0
"""How long a message at hand may take once told to stop; one that is cut off is sent again."""
STOP_SECONDS = 2.0
"""How long the transaction at hand may take once told to stop; ``run`` kills a second later."""


@dataclass(frozen=True, slots=True)
class Collecting:
    """What ``collect`` was told. ``environ`` holds the sources' secrets."""

    settings: Settings
    config: Config
    environ: Mapping[str, str]
    once: bool = False
    wait: bool = False


def collect(collecting: Collecting) -> int:
    """0: told to stop, or (``once``) all read. 1: another collector is at work, the lease was lost, a source failed.

    Runs in the main thread, on a migrated database. Raises DatabaseError and SecretError.
    """
    environ = collecting.environ
    with stopping(environ) as stop:
        database = connect(collecting.settings.database)
        leadership = Leadership(database, environ.get(LEASE_OWNER) or lease_owner("collect"), utc_now)
        try:
            if not leadership.acquire(stop, wait=collecting.wait):
                return 0 if stop.told else 1
            return _led(collecting, database, leadership, stop)
        finally:
            database.close()


def _led(collecting: Collecting, database: Database, leadership: Leadership, stop: Stop) -> int:
    """The work of the one that may act. The lease is given up only when nothing of ours can write any more."""
    recorder = Recorder(
        database,
        {
            source.name: [watch_prefix(source.provider, instance) for instance in source.instances]
            for source in collecting.config.sources
        },
    )
    watcher = Watcher(Evaluator(database, collecting.config), database, REAL_CLOCKS)
    dispatcher = make_dispatcher(collecting.config, collecting.environ, database, leadership.owner)
    pollers: list[Poller] = []
    lease = Tick("lease", lambda: leadership.keep(stop), RENEW_SECONDS)
    try:
        with progress_for(Console(stderr=True), supervised=PARENT_FD in collecting.environ) as progress:
            pollers += _pollers(collecting, recorder, progress)
            if collecting.once:
                return _once(pollers, lease, stop)
            return _forever(pollers, lease, recorder, (watcher, dispatcher), stop)
    finally:
        if recorder.stop(STOP_SECONDS) and watcher.stop(STOP_SECONDS) and dispatcher.stop(0.0):
            leadership.release()
        for poller in pollers:
            poller.close()


def _pollers(collecting: Collecting, recorder: Recorder, progress: ProgressBars | ProgressLines) -> list[Poller]:
    """One for each source, each with a reader of its own that lasts. Raises SecretError."""
    config, shared = collecting.config, shared_folder(collecting.settings.database)
    return [
        Poller(
            SourceJob(
                name=source.name,
                provider=source.provider,
                interval=config.interval_of(source),
                reader=make_reader(source, config, collecting.environ, shared=shared),
                default_branch=source.default_branch,
            ),
            recorder,
            SourceMemory(recorder.database, source.name),
            on_progress=progress.show,
            once=collecting.once,
        )
        for source in config.sources
    ]


def _forever(
    pollers: Sequence[Poller], lease: Tick, recorder: Recorder, alerting: tuple[Watcher, Dispatcher], stop: Stop
) -> int:
    works = [Work(f"poll {poller.job.name}", _polling(poller), poller.waits_seconds()) for poller in pollers]
    works += [
        Work("let go", _letting_go(recorder, [poller.job.name for poller in pollers]), 0.0),
        Work("tidy", tidying(recorder.database, utc_now), TIDY_AFTER_SECONDS),
    ]
    schedule = Schedule(works, [lease])
    schedule.start()
    for part in alerting:
        part.start()
    log.info("the collector is at work", sources=len(pollers))
    stop.wait()
    schedule.stop()
    for part in alerting:
        part.stop(DELIVERED_SECONDS)
    return stop.exit_code


def _letting_go(recorder: Recorder, sources: Sequence[str]) -> Callable[[], float]:
    """What is watched no more goes quiet; at first what sources watched that the config names no more is left."""
    begun = False

    def act() -> float:
        nonlocal begun
        with suppress(Stopped):
            if not begun:
                recorder.leave_all_but(sources, utc_now())
                begun = True
            recorder.let_go(utc_now())
        return LET_GO_SECONDS

    return act


def _polling(poller: Poller) -> Callable[[], float]:
    return lambda: poller.poll().wait_seconds


def _once(pollers: Sequence[Poller], lease: Tick, stop: Stop) -> int:
    """Polls each source once, at the same time, and prints what each brought as it ends."""
    ended: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    works = [Work(f"poll {poller.job.name}", _polling_once(poller, ended)) for poller in pollers]
    schedule = Schedule(works, [lease])
    schedule.start()
    outcomes: list[Outcome] = []
    while len(outcomes) < len(pollers) and not stop.told:
        with suppress(queue.Empty):
            outcomes.append(ended.get(timeout=TICK_SECONDS))
            click.echo(in_words(outcomes[-1]))
    schedule.stop()
    if not pollers:
        click.echo("no source is configured; name one in collectors.yaml")
    return stop.exit_code or int(any(outcome.error for outcome in outcomes))


def _polling_once(poller: Poller, ended: queue.SimpleQueue[Outcome]) -> Callable[[], float]:
    def act() -> float:
        ended.put(poller.poll_unless_waiting())
        return float("inf")

    return act


def in_words(outcome: Outcome) -> str:
    """One line for one source: ``acme: 3 new builds, 1 changed`` or what went wrong."""
    told = f"{_counted(outcome.created, 'new build')}, {outcome.changed} changed"
    return f"{outcome.source}: {told}" + (f"; {outcome.error}" if outcome.error else "")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
