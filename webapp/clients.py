"""Whose request it is: the peer's address, or what proxies named in ``trusted_proxies`` say of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The nearest address to us that is no trusted proxy's; ``forwarded_for`` as X-Forwarded-For came, "" without.

    Each proxy adds at the right whom it heard from, so what stands left of the nearest stranger is that stranger's
    own word. What is no address ends the walk at the proxy that passed it on.

    >>> ours = [ipaddress.ip_network("10.0.0.0/8")]
    >>> client_address("10.0.0.5", "1.2.3.4, 203.0.113.9, 10.0.0.7", ours)
    '203.0.113.9'
    """
    found = _parsed(peer)
    for told in reversed(forwarded_for.split(",")):
        if found is None or not any(found in network for network in trusted):
            break
        nearer = _parsed(told)
        if nearer is None:
            break
        found = nearer
    return peer if found is None else str(found)


def _parsed(text: str) -> Address | None:
    """An address, with or without a port; IPv4 inside IPv6 as what it is."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
