"""What every command of the command line starts from. Every option is the spelling of an environment variable: what
was given is put into a copy of the environment, and that is what settings are read from, here and in the programs that
are started.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from collector.domain.errors import CIHealthError
from collector.storage.database import connect
from config.load import Loaded, load
from config.logging import configure, register_secrets
from config.problems import ConfigErrors
from config.secrets import Need
from config.secretuses import secret_uses
from config.settings import Settings, database_url, from_environ, host_name, port_number

F = TypeVar("F", bound=Callable[..., Any])
WRONG = 2


class Refusal(click.ClickException):
    """Wrong configuration: every problem on a line of its own, exit code 2."""

    exit_code = WRONG

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True, file=file)


class Failure(click.ClickException):
    """It could not be done: one sentence, exit code 1."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(f"cihealth: {self.message}", err=True, file=file)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a command starts from: ``environ`` with the options in it."""

    environ: Mapping[str, str]
    settings: Settings
    loaded: Loaded


def checked(parse: Callable[[str], object]) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """An option's value as it was written, once ``parse`` took it."""

    def callback(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
        try:
            if value is not None:
                parse(value)
        except ValueError as exc:
            raise click.BadParameter(str(exc)) from exc
        return value

    return callback


def common(command: F) -> F:
    """--config and --database, which every command takes."""
    return _with(
        command,
        click.option("--config", metavar="FILE", help="CIHEALTH_CONFIG; else collectors.yaml, if it is there"),
        click.option(
            "--database",
            metavar="URL",
            callback=checked(database_url),
            help="CIHEALTH_DATABASE; else sqlite:///cihealth.db",
        ),
    )


def listening(command: F) -> F:
    """--host, --port and --insecure, for commands that listen."""
    return _with(
        command,
        click.option("--host", metavar="HOST", callback=checked(host_name), help="CIHEALTH_HOST; else 127.0.0.1"),
        click.option("--port", metavar="PORT", callback=checked(port_number), help="CIHEALTH_PORT; else 8000"),
        click.option(
            "--insecure",
            is_flag=True,
            default=None,
            help="CIHEALTH_INSECURE; serve beyond this machine although no password is set",
        ),
    )


def _with(command: F, *options: Callable[[F], F]) -> F:
    for option in reversed(options):
        command = option(command)
    return command


def environ_with(given: Mapping[str, str | bool | None]) -> dict[str, str]:
    """This process's environment with the options that were given, as CIHEALTH_<OPTION>."""
    told = {name: "1" if value is True else str(value) for name, value in given.items() if value is not None}
    return {**os.environ, **{f"CIHEALTH_{name.upper()}": value for name, value in told.items()}}


@contextmanager
def refusals() -> Iterator[None]:
    """What is expected to go wrong, as click wants it."""
    try:
        yield
    except ConfigErrors as exc:
        raise Refusal(str(exc)) from exc
    except CIHealthError as exc:
        raise Failure(str(exc)) from exc


def prepare(environ: Mapping[str, str], need: frozenset[Need]) -> Prepared:
    """Reads settings and config, sets up logging. Raises ConfigErrors."""
    settings = from_environ(environ)
    configure(settings)
    loaded = load(settings.config, environ, need=need)
    register_secrets(use.resolve(environ) for use in secret_uses(loaded.config) if use.need in need)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    return Prepared(environ, settings, loaded)


def migrated(settings: Settings) -> int:
    """The schema's version after it was brought up to date; the storage's lock lets one process do it."""
    database = connect(settings.database)
    try:
        return database.migrate()
    finally:
        database.close()
