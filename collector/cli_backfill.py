"""The command that reads a source's past."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import click

from collector.backfill import Backfilling, Unsuitable
from collector.backfill import backfill as read_past
from collector.cli_alerts import Length
from collector.clibase import Refusal, common, environ_with, migrated, prepare, refusals
from config.secrets import Need


@click.command()
@common
@click.option("--source", required=True, metavar="NAME", help="which source of the config")
@click.option("--since", type=Length(), required=True, metavar="LENGTH", help="how far back: 90d, 12w")
def backfill(source: str, since: timedelta, **given: Any) -> None:
    """Read a source's past. Works beside the collector; stopped or killed, the same command goes on from there."""
    with refusals():
        prepared = prepare(environ_with(given), frozenset({Need.SOURCES}))
        migrated(prepared.settings)
        told = Backfilling(prepared.settings, prepared.loaded.config, prepared.environ, source, since)
        try:
            sys.exit(read_past(told))
        except Unsuitable as exc:
            raise Refusal(f"cihealth: {exc}") from exc
