"""How far first reads are, on the terminal: bars where a person watches, a log line now and then otherwise."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

import structlog
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from collector.providers.base import Progress

log = structlog.get_logger(__name__)

LINE_EVERY_SECONDS = 5.0


class ProgressLines:
    """A log line for each source, at most one in LINE_EVERY_SECONDS. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said_at: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nothing to give back."""

    def show(self, source: str, progress: Progress) -> None:
        now = time.monotonic()
        with self._lock:
            if now - self._said_at.get(source, -LINE_EVERY_SECONDS) < LINE_EVERY_SECONDS:
                return
            self._said_at[source] = now
        log.info(
            "reading what is there",
            source=source,
            at=progress.target,
            done=progress.done,
            total=progress.total,
            builds=progress.builds,
        )


class ProgressBars:
    """A bar for each source, gone when all is read. Threads may share it."""

    def __init__(self, console: Console) -> None:
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bars.stop()

    def show(self, source: str, progress: Progress) -> None:
        told = escape(f"{source}: {progress.target}, {progress.builds} builds")
        with self._lock:
            if source not in self._tasks:
                self._tasks[source] = self._bars.add_task(told)
            task = self._tasks[source]
        self._bars.update(task, description=told, completed=progress.done, total=progress.total)
        if progress.total is not None and progress.done >= progress.total:
            self._bars.update(task, visible=False)


def progress_for(console: Console, *, supervised: bool) -> ProgressBars | ProgressLines:
    """Bars on a terminal of our own; a supervised collector shares it with the web app's lines."""
    return ProgressBars(console) if console.is_terminal and not supervised else ProgressLines()
