"""Which controller a push comes from: a source's url, its aliases and the root the controller calls itself are one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.domain.names import controller_of
from collector.providers.base import NotForUs
from collector.providers.jenkins.jobs import Rules, read_address
from config.model import JenkinsSource


@dataclass(frozen=True, slots=True)
class Controller:
    """``source`` is None for a controller that no source names: its builds are kept as they are told."""

    rules: Rules
    source: JenkinsSource | None


NO_ROOTS: Mapping[str, str] = {}


def controller_for(
    full_url: str | None,
    sources: Sequence[JenkinsSource],
    signed: JenkinsSource | None,
    roots: Mapping[str, str] = NO_ROOTS,
) -> Controller | NotForUs:
    """The controller that ``full_url`` (a build's address; None when the push has none) is of.

    ``signed``: the source whose token came with the push; it speaks for its own controller only. ``roots``: source
    name to the root that its controller calls itself (the reader's mark ``root``).
    """
    address = read_address(full_url) if full_url else None
    if address is None or address.root is None:
        return _without_root(sources, signed)
    instance = controller_of(address.root)
    candidates = [signed] if signed else list(sources)
    for source in candidates:
        if instance in instances_of(source, roots.get(source.name)):
            return Controller(Rules.of(source), source)
    if signed:
        advice = f"add {address.root} to the aliases of {signed.name} if it is the same controller"
        return NotForUs(f"source {signed.name} speaks for {signed.instance}, not for {instance}; {advice}")
    return Controller(Rules(instance, address.root), None)


def instance_for(
    full_url: str | None,
    sources: Sequence[JenkinsSource],
    signed: JenkinsSource | None,
    roots: Mapping[str, str] = NO_ROOTS,
) -> str | None:
    """The instance that a build's address belongs to; None when it cannot be told or is not the signer's."""
    found = controller_for(full_url, sources, signed, roots)
    return None if isinstance(found, NotForUs) else found.rules.instance


def instances_of(source: JenkinsSource, root: str | None) -> frozenset[str]:
    """Every name of the source's controller."""
    return frozenset(controller_of(url) for url in (source.url, *source.aliases, *([root] if root else [])))


def _without_root(sources: Sequence[JenkinsSource], signed: JenkinsSource | None) -> Controller | NotForUs:
    """Jenkins leaves ``full_url`` out while its own URL is not configured."""
    own = signed or (sources[0] if len({source.instance for source in sources}) == 1 else None)
    if own is None:
        return NotForUs(
            "the push has no full_url and no token of one source, so its controller cannot be told;"
            " set the Jenkins URL in its system configuration, or give the source webhook_tokens"
        )
    return Controller(Rules.of(own), own)
