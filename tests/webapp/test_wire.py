from __future__ import annotations

import json
from collections.abc import Iterator

import gevent
import pytest
from gevent import socket

from webapp import wire
from webapp.wire import SlowReader, SteadySocket, text_frame


@pytest.fixture
def pair() -> Iterator[tuple[SteadySocket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield SteadySocket(ours), theirs
    ours.close()
    theirs.close()


def read(theirs: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += theirs.recv(65536)
    return data


def test_eight_mebibytes_reach_a_slow_reader_whole(pair: tuple[SteadySocket, socket.socket]) -> None:
    ours, theirs = pair
    data = bytes(range(256)) * 32768
    sending = gevent.spawn(ours.send, data)
    gevent.sleep(0.05)
    assert read(theirs, len(data)) == data
    assert sending.get(timeout=5) == len(data)


def test_senders_take_turns(pair: tuple[SteadySocket, socket.socket]) -> None:
    ours, theirs = pair
    sending = [gevent.spawn(ours.send, bytes([number]) * 500_000) for number in range(4)]
    data = read(theirs, 2_000_000)
    gevent.joinall(sending)
    assert sorted({data[start : start + 500_000] for start in range(0, 2_000_000, 500_000)}) == [
        bytes([number]) * 500_000 for number in range(4)
    ]


def test_a_reader_that_takes_nothing_is_given_up(
    pair: tuple[SteadySocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "SEND_SECONDS", 0.2)
    with pytest.raises(SlowReader):
        pair[0].send(b"x" * 8_000_000)


def test_an_offer_takes_what_fits_and_the_next_send_begins_with_the_rest(
    pair: tuple[SteadySocket, socket.socket],
) -> None:
    ours, theirs = pair
    first = b"a" * 4_000_000
    left = ours.offer(first)
    assert left is not None
    assert 0 < left < len(first)
    assert ours.offer(b"b") is None
    sending = gevent.spawn(ours.send, b"c" * 10)
    assert read(theirs, len(first) + 10) == first + b"c" * 10
    sending.get(timeout=5)
    assert ours.offer(b"d") == 0


def test_nothing_is_offered_in_the_middle_of_somebodys_frame(pair: tuple[SteadySocket, socket.socket]) -> None:
    ours, theirs = pair
    sending = gevent.spawn(ours.send, b"x" * 4_000_000)
    gevent.sleep(0.02)
    assert ours.offer(b"y") is None
    assert read(theirs, 4_000_000) == b"x" * 4_000_000
    sending.get(timeout=5)


def test_an_offer_to_a_peer_that_is_gone_takes_nothing(pair: tuple[SteadySocket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.close()
    assert ours.offer(b"x") is None


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 100_000])
def test_a_frame_is_one_unmasked_final_text(size: int) -> None:
    from wsproto.connection import Connection, ConnectionType
    from wsproto.events import TextMessage

    text = json.dumps("é" * (size // 2))
    peer = Connection(ConnectionType.CLIENT)
    peer.receive_data(text_frame(text))
    events = [event for event in peer.events() if isinstance(event, TextMessage)]
    assert "".join(event.data for event in events) == text
    assert events[-1].message_finished
