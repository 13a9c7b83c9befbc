"""``test-alert``: a sample through the real notifier, without the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from collector.alerting.messages.compose import compose
from collector.alerting.messages.model import Context
from collector.alerting.notifiers.base import NotSent
from collector.alerting.notifiers.registry import make_notifier
from collector.domain.errors import CIHealthError
from collector.domain.grouping import FAILING, Item, Waiting
from collector.domain.payload import AlertFacts, BuildFacts, to_json
from config.logging import register_secrets
from config.model import Config
from config.secretuses import known_values


class NoSuchReceiver(CIHealthError):
    """No receiver of the configuration has this name."""


class SampleRefused(CIHealthError):
    """The receiver did not take the sample."""


def send_sample(config: Config, name: str, environ: Mapping[str, str]) -> str:
    """Sends it and says so. Raises NoSuchReceiver, SecretError or SampleRefused."""
    receiver = config.receiver_named(name)
    if receiver is None:
        known = ", ".join(each.name for each in config.receivers) or "none"
        raise NoSuchReceiver(f'no receiver is called "{name}"; there are: {known}')
    secrets = known_values(config, environ)
    register_secrets(secrets)
    notifier = make_notifier(receiver, environ)
    message = compose([sample(datetime.now(UTC))], _context(config, name, secrets), notifier.limits)
    try:
        notifier.send(message, ())
    except NotSent as exc:
        advice = f"; {exc.advice}" if exc.advice else ""
        raise SampleRefused(f"{name} ({receiver.kind}) did not take the sample: {exc}{advice}") from exc
    finally:
        notifier.close()
    return f"{name} ({receiver.kind}) took the sample: look for it there"


def _context(config: Config, name: str, secrets: frozenset[str]) -> Context:
    return Context(name, datetime.now(UTC), config.public_url, secrets)


def sample(now: datetime) -> Item:
    """A made-up alert that says that it is one."""
    failed = BuildFacts(
        status="failure",
        commit="0123456789abcdef",
        message="This is a test of CI Health's alerts; nothing failed",
        actor="cihealth test-alert",
        started_at=now - timedelta(minutes=3),
        failing_step="sample job › sample step",
        error_line="sample error line: nothing failed",
    )
    facts = AlertFacts(
        rule="test-alert",
        severity="info",
        repo="sample/repo",
        pipeline="sample pipeline",
        branch="main",
        text="this is a test",
        since=now - timedelta(minutes=3),
        streak=1,
        strip=("success",) * 9 + ("failure",),
        first_bad=failed,
        last=failed,
    )
    row = Waiting(0, None, FAILING, now, payload=to_json(facts))
    return Item(FAILING, (), row, row, 1)
