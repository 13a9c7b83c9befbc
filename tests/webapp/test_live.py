from __future__ import annotations

import json
from typing import Any

import gevent
import pytest
from gevent.event import Event

from webapp import live
from webapp.live import Change, Client, Hub, Told, frames_for
from webapp.measures import Measures


class FakeFeed:
    """A feed in memory that may be down."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.pruned_to = 0
        self.down = False
        self._seen = 0

    def add(self, count: int = 1, **build: Any) -> None:
        for _ in range(count):
            seq = self.head() + 1
            self.changes.append(Change(seq, {"id": seq, "repo": "acme/web", **build}, on_default=True))

    def moved(self) -> bool:
        self._check()
        moved, self._seen = self._seen != len(self.changes), len(self.changes)
        return moved

    def head(self) -> int:
        return len(self.changes)

    def oldest(self) -> int:
        return self.pruned_to

    def after(self, seq: int, limit: int) -> Told:
        self._check()
        found = self.changes[seq : seq + limit]
        return Told(found, seq + len(found))

    def _check(self) -> None:
        if self.down:
            raise OSError("the disk is gone")


class All:
    def __call__(self, change: Change) -> bool:
        return True

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, All)


class OnlyRepo:
    def __init__(self, repo: str) -> None:
        self.repo = repo

    def __call__(self, change: Change) -> bool:
        return bool(change.build["repo"] == self.repo)

    def __hash__(self) -> int:
        return hash(self.repo)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OnlyRepo) and other.repo == self.repo


def nothing_taken(frame: bytes) -> int | None:
    return None


def client(wanted: live.Wanted | None = None) -> Client:
    return Client(wanted or All(), Event(), lambda: None, nothing_taken)


def taken(told: Client) -> list[bytes]:
    """What waits for the client's greenlet, sent."""
    frames: list[bytes] = []

    def send(frame: bytes) -> int:
        frames.append(frame)
        return len(frame)

    while told.send_next(send):
        pass
    return frames


def payload(frame: bytes) -> dict[str, Any]:
    """What a server frame carries (unmasked)."""
    length = frame[1]
    start = {126: 4, 127: 10}.get(length, 2)
    found = json.loads(frame[start:])
    assert isinstance(found, dict)
    return found


def waiting(told: Client) -> list[dict[str, Any]]:
    return [payload(frame) for frame in taken(told)]


def hub_of(feed: FakeFeed) -> Hub:
    hub = Hub(feed, Measures())
    hub.catch_up()
    return hub


def test_frames_hold_at_most_a_hundred_builds_and_the_seq_of_the_last() -> None:
    feed = FakeFeed()
    feed.add(250)
    frames = [payload(frame) for frame in frames_for(feed.changes, All())]
    assert [len(frame["builds"]) for frame in frames] == [100, 100, 50]
    assert [frame["seq"] for frame in frames] == [100, 200, 250]
    assert {frame["event"] for frame in frames} == {"build_ingested"}


def test_every_client_gets_what_its_filter_lets_through_and_equal_filters_share_one_frame() -> None:
    feed = FakeFeed()
    hub = hub_of(feed)
    everything, web, also_web = client(), client(OnlyRepo("acme/web")), client(OnlyRepo("acme/web"))
    for one in (everything, web, also_web):
        hub.join(one)
    feed.add(repo="acme/web")
    feed.add(repo="acme/api")
    hub.catch_up()
    (first,), (second,) = taken(web), taken(also_web)
    assert first is second
    assert [build["repo"] for build in payload(first)["builds"]] == ["acme/web"]
    assert [len(frame["builds"]) for frame in waiting(everything)] == [2]


def test_a_client_that_does_not_read_is_dropped_at_four_megabytes_and_the_others_are_not() -> None:
    feed = FakeFeed()
    hub = hub_of(feed)
    hung_up: list[bool] = []
    slow = Client(All(), Event(), lambda: hung_up.append(True), nothing_taken)
    quick = client()
    hub.join(slow)
    hub.join(quick)
    read = 0
    for _ in range(12):
        feed.add(message="x" * 700_000)
        hub.catch_up()
        read += sum(len(frame["builds"]) for frame in waiting(quick))
    assert read == 12
    assert slow.closing
    assert hung_up
    assert taken(slow) == []
    assert not quick.closing


def test_a_single_frame_larger_than_the_limit_still_goes_to_a_client_that_reads() -> None:
    told = client()
    assert told.put(b"x" * (live.MAX_WAITING_BYTES + 1))
    assert not told.put(b"y")


def test_resume_gives_every_change_after_the_seq_up_to_where_the_client_joined() -> None:
    feed = FakeFeed()
    feed.add(30)
    hub = hub_of(feed)
    frames = hub.resume(10, hub.join(client()), All())
    assert frames is not None
    assert [build["id"] for frame in frames for build in payload(frame)["builds"]] == list(range(11, 31))
    assert hub.resume(30, 30, All()) == []


@pytest.mark.parametrize(("since", "pruned_to"), [(31, 0), (5, 6)])
def test_resume_is_refused_ahead_of_the_head_and_below_what_is_kept(since: int, pruned_to: int) -> None:
    feed = FakeFeed()
    feed.add(30)
    feed.pruned_to = pruned_to
    assert hub_of(feed).resume(since, 30, All()) is None


def test_resume_is_refused_more_than_a_thousand_behind() -> None:
    feed = FakeFeed()
    feed.add(1_200)
    hub = hub_of(feed)
    assert hub.resume(199, 1_200, All()) is None
    assert hub.resume(200, 1_200, All()) is not None


def test_the_hub_follows_the_feed_and_outlives_a_database_that_is_gone_for_a_while() -> None:
    feed = FakeFeed()
    hub = Hub(feed, Measures())
    told = client()
    hub.start()
    hub.join(told)
    try:
        feed.add()
        assert told.wake.wait(2)
        feed.down = True
        gevent.sleep(0.2)
        feed.add()
        feed.down = False
        told.wake.clear()
        assert told.wake.wait(3)
        assert [frame["seq"] for frame in waiting(told)] == [1, 2]
    finally:
        hub.close()


def test_closing_asks_every_client_to_go_and_cuts_off_those_that_stay() -> None:
    hub = hub_of(FakeFeed())
    hung_up: list[bool] = []
    stays = Client(All(), Event(), lambda: hung_up.append(True), nothing_taken)
    hub.join(stays)
    hub.close()
    assert stays.closing
    assert hung_up


class Kernel:
    """Takes so many bytes at once."""

    def __init__(self, room: int) -> None:
        self.room, self.taken = room, b""

    def offer(self, frame: bytes) -> int | None:
        if not self.room:
            return None
        part, self.room = frame[: self.room], max(0, self.room - len(frame))
        self.taken += part
        return len(frame) - len(part)


def ready_client(kernel: Kernel) -> Client:
    made = Client(All(), Event(), lambda: None, kernel.offer)
    made.ready = True
    return made


def test_what_the_kernel_takes_at_once_wakes_nobody() -> None:
    kernel = Kernel(100)
    told = ready_client(kernel)
    assert told.put(b"x" * 40)
    assert kernel.taken == b"x" * 40
    assert not told.wake.is_set()
    assert told.waiting_bytes == 0


def test_what_it_leaves_is_sent_by_the_greenlet_before_anything_else() -> None:
    kernel = Kernel(30)
    told = ready_client(kernel)
    assert told.put(b"x" * 40)
    assert told.put(b"y" * 5)
    assert (kernel.taken, told.waiting_bytes) == (b"x" * 30, 15)
    assert told.wake.is_set()
    assert taken(told) == [b"", b"y" * 5]
    assert told.waiting_bytes == 0


def test_before_a_client_said_hello_everything_waits() -> None:
    kernel = Kernel(100)
    told = Client(All(), Event(), lambda: None, kernel.offer)
    told.put(b"x")
    assert (kernel.taken, taken(told)) == (b"", [b"x"])


def test_a_client_that_joins_while_others_are_told_misses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CLIENTS_AT_A_TIME", 1)
    feed = FakeFeed()
    hub = hub_of(feed)
    for _ in range(5):
        hub.join(client())
    feed.add()
    telling = gevent.spawn(hub.catch_up)
    gevent.sleep(0)
    late = client()
    joined_at = hub.join(late)
    telling.join()
    feed.add()
    hub.catch_up()
    resumed = hub.resume(0, joined_at, All()) or []
    seen = [build["id"] for frame in resumed for build in payload(frame)["builds"]]
    seen += [build["id"] for frame in waiting(late) for build in frame["builds"]]
    assert seen == [1, 2]
    assert hub.told == hub.head == 2
