"""The live side: one reader of the change feed, and whoever listens on /ws.

The hub follows the feed (every process's commits are in it), writes each frame once per distinct filter and puts it
into the queues of the clients that want it. A client has one queue, bounded in bytes, and one greenlet that sends.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import gevent
import structlog
from gevent.event import Event
from gevent.lock import Semaphore

from webapp.alert_frames import AlertFeed, alert_frames
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
GATHER_SECONDS = 0.02
"""Between two readings of the feed, so that a burst is told in few frames."""
CLIENTS_AT_A_TIME = 100
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
    """One listener: its filter and what waits to be sent to it.

    ``offer`` sends at once what the kernel takes; only what is left waits for the client's greenlet. ``ready``: the
    greenlet has sent what comes first.
    """

    __slots__ = ("_frames", "_offer", "closing", "hang_up", "ready", "told_seconds", "waiting_bytes", "wake", "wanted")

    def __init__(
        self, wanted: Wanted, wake: Event, hang_up: Callable[[], None], offer: Callable[[bytes], int | None]
    ) -> None:
        self.wanted, self.wake, self.hang_up, self._offer = wanted, wake, hang_up, offer
        self._frames: deque[tuple[bytes, int]] = deque()
        self.waiting_bytes = 0
        self.told_seconds = time.monotonic()
        self.ready = self.closing = False

    def put(self, frame: bytes) -> bool:
        """Send or queue a frame; False when more than 4 MB would wait: the client is to be dropped."""
        waits = len(frame)
        if self.ready and not self.waiting_bytes:
            left = self._offer(frame)
            if left == 0:
                self.told_seconds = time.monotonic()
                return True
            if left is not None:
                frame, waits = b"", left
        elif self.waiting_bytes and self.waiting_bytes + waits > MAX_WAITING_BYTES:
            return False
        self._frames.append((frame, waits))
        self.waiting_bytes += waits
        self.wake.set()
        return True

    def send_next(self, send: Callable[[bytes], int]) -> bool:
        """Send the next frame by ``send``, which may wait; False when none waits. It waits until it is sent."""
        if not self._frames:
            return False
        frame, waits = self._frames.popleft()
        send(frame)
        self.waiting_bytes -= waits
        self.told_seconds = time.monotonic()
        return True

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

    def __init__(self, feed: Feed, measures: Measures, alerts: AlertFeed | None = None) -> None:
        self._feed, self._measures, self._alerts = feed, measures, alerts
        self._clients: set[Client] = set()
        self._reading = Semaphore()
        self._nudge = Event()
        self._stopped = False
        self.head = 0
        """Up to where the feed was read: where a client that joins goes on from."""
        self.told = 0
        """Up to where every client has been told."""

    def start(self) -> None:
        """Read where the feed stands and follow it. Raises Unavailable when the database cannot be read."""
        self._skip_to_head()
        gevent.spawn(self._follow)

    def nudge(self) -> None:
        """Something was committed here just now: look at once."""
        self._nudge.set()

    def _set_head(self, seq: int) -> None:
        self.head = seq
        self._measures.feed_head.set(seq)

    def _skip_to_head(self) -> None:
        self._set_head(max(self.head, self._feed.head()))
        self.told = self.head

    def _follow(self) -> None:
        """Look every 50 ms, or at once when nudged; what goes wrong is logged once and looked at again."""
        troubled = False
        while not self._stopped:
            nudged = self._nudge.wait(TROUBLE_SECONDS if troubled else POLL_SECONDS)
            self._nudge.clear()
            try:
                if self._feed.moved() or nudged or troubled:
                    self.catch_up()
                    self.tell_alerts()
                    gevent.sleep(GATHER_SECONDS)
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
            if not self._clients:
                self._skip_to_head()
                return
            while (told := self._feed.after(self.head, AT_ONCE)).up_to > self.head:
                # First the head, then the clients: one that joins while they are told reads up to it by itself.
                clients = list(self._clients)
                self._set_head(told.up_to)
                self._tell(clients, partial(frames_for, told.changes))
                self.told = told.up_to

    def tell_alerts(self) -> None:
        """Tell every client which alerts changed since the last call."""
        changes = self._alerts.changed(told=bool(self._clients)) if self._alerts else []
        if changes:
            self._tell(list(self._clients), partial(alert_frames, changes))

    def _tell(self, clients: Sequence[Client], frames_of: Callable[[Wanted], list[bytes]]) -> None:
        frames: dict[Wanted, list[bytes]] = {}
        for number, client in enumerate(clients):
            if number % CLIENTS_AT_A_TIME == CLIENTS_AT_A_TIME - 1:
                gevent.sleep(0)  # requests go on meanwhile
            if client.closing:
                continue
            if client.wanted not in frames:
                frames[client.wanted] = frames_of(client.wanted)
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
    client.ready = True
    while still_there() and not client.closing:
        if client.send_next(sock.send):
            continue
        idle_seconds = time.monotonic() - client.told_seconds
        if idle_seconds >= TICK_SECONDS:
            sock.send(small_frame("tick", hub.told))
            client.told_seconds = time.monotonic()
        elif client.wake.wait(TICK_SECONDS - idle_seconds):
            client.wake.clear()


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
