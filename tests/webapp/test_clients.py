"""Who sends a request, told by proxies that are trusted and by ones that are not."""

from ipaddress import ip_network

import pytest

from webapp.clients import client_address

OURS = [ip_network("10.0.0.0/8"), ip_network("::1/128")]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.5", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "203.0.113.9, 10.9.9.9", "203.0.113.9"),
        ("10.0.0.5", "10.1.1.1,10.2.2.2", "10.1.1.1"),
        ("::ffff:10.0.0.5", "203.0.113.9:4711", "203.0.113.9"),
        ("::1", "[2001:db8::7]:443", "2001:db8::7"),
        ("10.0.0.5", "203.0.113.9, unknown", "10.0.0.5"),
        ("10.0.0.5", "x" * 10_000, "10.0.0.5"),
        ("203.0.113.1", "10.0.0.5", "203.0.113.1"),
        ("", "1.2.3.4", ""),
    ],
)
def test_the_nearest_stranger_is_the_client(peer: str, forwarded_for: str, expected: str) -> None:
    assert client_address(peer, forwarded_for, OURS) == expected


def test_without_trusted_proxies_nothing_that_is_told_is_believed() -> None:
    assert client_address("10.0.0.5", "203.0.113.9", []) == "10.0.0.5"
