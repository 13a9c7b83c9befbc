"""The live side: one reader of the change feed, and whoever listens on /ws.

The hub follows the feed (every process's commits are in it), writes each frame once per distinct filter and puts it
into the queues of the clients that want it. A client has one queue, bounded in bytes, and one greenlet that sends.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import gevent
import structlog
from gevent.event import Event
from gevent.lock import Semaphore

from webapp.answers import dumps
from webapp.errors import Unavailable
from webapp.measures import Measures
from webapp.wire import SteadySocket, text_frame

log = structlog.get_logger(__name__)

MAX_BUILDS = 100
MAX_BEHIND = 1_000
AT_ONCE = 500
MAX_WAITING_BYTES = 4 * 1024 * 1024
TICK_SECONDS = 25.0
POLL_SECONDS = 0.05
TROUBLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the feed: its seq, the build as GET /builds shows it, and whether ``@default`` means it."""

    seq: int
    build: dict[str, Any]
    on_default: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A piece of the feed: what changed, and the seq up to which it goes (past changes that tell nothing any more)."""

    changes: Sequence[Change]
    up_to: int


class Feed(Protocol):
    """The change feed as the hub reads it; every call may block and may raise Unavailable."""

    def moved(self) -> bool:
        """Whether anything was committed since the last call, by whomever; cheap."""

    def head(self) -> int: ...

    def oldest(self) -> int:
        """The smallest n after which every change is still kept."""

    def after(self, seq: int, limit: int) -> Told:
        """At most the next ``limit`` changes after ``seq``, in order; ``up_to`` is ``seq`` when there are none."""


class Wanted(Protocol):
    """A client's filter: equal filters share their frames."""

    def __hash__(self) -> int: ...

    def __call__(self, change: Change) -> bool: ...


class Client:
    """One listener: its filter and what waits to be sent to it."""

    __slots__ = ("_frames", "closing", "hang_up", "waiting_bytes", "wake", "wanted")

    def __init__(self, wanted: Wanted, wake: Event, hang_up: Callable[[], None]) -> None:
        self.wanted, self.wake, self.hang_up = wanted, wake, hang_up
        self._frames: deque[bytes] = deque()
        self.waiting_bytes = 0
        self.closing = False

    def put(self, frame: bytes) -> bool:
        """Queue a frame; False when more than 4 MB wait: the client is to be dropped."""
        if self.waiting_bytes and self.waiting_bytes + len(frame) > MAX_WAITING_BYTES:
            return False
        self._frames.append(frame)
        self.waiting_bytes += len(frame)
        self.wake.set()
        return True

    def take(self) -> bytes | None:
        """The next frame; it counts as waiting until ``sent`` says otherwise."""
        return self._frames.popleft() if self._frames else None

    def sent(self, frame: bytes) -> None:
        self.waiting_bytes -= len(frame)

    def drop(self) -> None:
        self.closing = True
        self._frames.clear()
        self.hang_up()
        self.wake.set()


def event_frame(seq: int, builds: Sequence[dict[str, Any]]) -> bytes:
    return text_frame(dumps({"event": "build_ingested", "seq": seq, "builds": builds}))


def small_frame(event: str, seq: int) -> bytes:
    return text_frame(dumps({"event": event, "seq": seq}))


def frames_for(changes: Sequence[Change], wanted: Wanted) -> list[bytes]:
    """The frames that tell ``changes`` to a filter: at most 100 builds each, seq is that of the last."""
    told = [change for change in changes if wanted(change)]
    parts = [told[start : start + MAX_BUILDS] for start in range(0, len(told), MAX_BUILDS)]
    return [event_frame(part[-1].seq, [change.build for change in part]) for part in parts]


class Hub:
    """Follows the feed and fans it out. Runs on the gevent loop; ``start`` it once the loop is there."""

    def __init__(self, feed: Feed, measures: Measures) -> None:
        self._feed, self._measures = feed, measures
        self._clients: set[Client] = set()
        self._reading = Semaphore()
        self._nudge = Event()
        self._stopped = False
        self.head = 0

    def start(self) -> None:
        """Read where the feed stands and follow it. Raises Unavailable when the database cannot be read."""
        self._set_head(self._feed.head())
        gevent.spawn(self._follow)

    def nudge(self) -> None:
        """Something was committed here just now: look at once."""
        self._nudge.set()

    def _set_head(self, seq: int) -> None:
        self.head = seq
        self._measures.feed_head.set(seq)

    def _follow(self) -> None:
        """Look every 50 ms, or at once when nudged; what goes wrong is logged once and looked at again."""
        troubled = False
        while not self._stopped:
            nudged = self._nudge.wait(TROUBLE_SECONDS if troubled else POLL_SECONDS)
            self._nudge.clear()
            try:
                if self._feed.moved() or nudged or troubled:
                    self.catch_up()
                troubled = False
            except Exception as exc:  # noqa: BLE001  the boundary of the loop: it must outlive whatever a database does
                if not troubled:
                    self._say_trouble(exc)
                troubled = True

    @staticmethod
    def _say_trouble(error: Exception) -> None:
        cause = error.__cause__ if isinstance(error, Unavailable) else error
        log.error(
            "the change feed could not be read",
            error=f"{type(cause).__name__}: {cause}",
            done="sockets stay silent; tried again every second",
            advice="look at the database's disk and locks",
        )

    def catch_up(self) -> None:
        """Tell every client what the feed holds beyond ``head``."""
        with self._reading:
            while (told := self._feed.after(self.head, AT_ONCE)).up_to > self.head:
                self._tell(told.changes)
                self._set_head(told.up_to)

    def _tell(self, changes: Sequence[Change]) -> None:
        frames: dict[Wanted, list[bytes]] = {}
        for client in list(self._clients):
            if client.wanted not in frames:
                frames[client.wanted] = frames_for(changes, client.wanted)
            if not all(client.put(frame) for frame in frames[client.wanted]):
                self._measures.sockets_dropped.inc()
                client.drop()

    def join(self, client: Client) -> int:
        """Add a client; it gets every change after the returned seq."""
        self._clients.add(client)
        self._measures.sockets.set(len(self._clients))
        return self.head

    def leave(self, client: Client) -> None:
        self._clients.discard(client)
        self._measures.sockets.set(len(self._clients))

    def resume(self, since: int, head: int, wanted: Wanted) -> list[bytes] | None:
        """The frames from ``since`` up to ``head``; None: too far behind, ahead, or no longer kept."""
        if since > head or head - since > MAX_BEHIND or since < self._feed.oldest():
            return None
        return frames_for(self._feed.after(since, head - since).changes, wanted)

    def close(self) -> None:
        """Ask every client to go; those that do not read are cut off after half a second."""
        self._stopped = True
        for client in list(self._clients):
            client.closing = True
            client.wake.set()
        gevent.sleep(0.5)
        for client in list(self._clients):
            client.drop()

    @property
    def clients(self) -> int:
        return len(self._clients)


def serve(hub: Hub, client: Client, sock: SteadySocket, since: int | None, still_there: Callable[[], bool]) -> None:
    """One client's greenlet, from hello until it goes. Raises OSError when it is gone, SlowReader when it is stuck."""
    for opening in _opening(hub, client, since):
        sock.send(opening)
    tick_at = time.monotonic() + TICK_SECONDS
    while still_there() and not client.closing:
        frame = client.take()
        if frame is not None:
            sock.send(frame)
            client.sent(frame)
        elif client.wake.wait(max(0.0, tick_at - time.monotonic())):
            client.wake.clear()
            continue
        else:
            sock.send(small_frame("tick", hub.head))
        tick_at = time.monotonic() + TICK_SECONDS


def _opening(hub: Hub, client: Client, since: int | None) -> Iterable[bytes]:
    if since is not None and since > hub.head:
        hub.catch_up()
    head = hub.join(client)
    if since is None:
        return [small_frame("hello", head)]
    try:
        told = hub.resume(since, head, client.wanted)
    except Unavailable:
        told = None
    if told is None:
        return [small_frame("hello", head), small_frame("reset", head)]
    return [small_frame("hello", since), *told]
