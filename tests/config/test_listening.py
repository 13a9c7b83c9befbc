"""Where the web app listens, and why it cannot, with real sockets."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from config.listening import CannotListen, free_port, listen_on


def test_a_free_port_can_be_listened_on_right_after_it_was_found() -> None:
    port = free_port("127.0.0.1", 0)
    with listen_on("127.0.0.1", port) as listening, socket.create_connection(("127.0.0.1", port), timeout=5):
        assert listening.getsockname() == ("127.0.0.1", port)


def test_of_the_addresses_of_a_name_the_one_that_all_clients_know_is_taken() -> None:
    with listen_on("localhost", 0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


def test_a_port_in_use_is_told_apart() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"port {port} on 127.0.0.1 is in use by another program") as caught:
            listen_on("127.0.0.1", port)
    assert caught.value.in_use


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "a..b"])
def test_a_host_that_is_not_of_this_machine_is_named(host: str) -> None:
    with pytest.raises(CannotListen, match="name an address of this machine with --host") as caught:
        listen_on(host, 0)
    assert host in str(caught.value)
    assert not caught.value.in_use
