"""The command line: one function a command."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from collector.alerting.sample import NoSuchReceiver, send_sample
from collector.cli_alerts import alerts_command, rules, silence
from collector.cli_backfill import backfill
from collector.clibase import (
    WRONG,
    Prepared,
    Refusal,
    common,
    environ_with,
    listening,
    migrated,
    prepare,
    refusals,
)
from collector.connect import connect_sources
from collector.daemon import Collecting, collect
from collector.leadership import lease_owner
from collector.storage.beside import shared_folder
from collector.supervisor import Supervisor, python_program
from config.check import check, lines
from config.listening import free_port
from config.logging import configure
from config.schema import rendered
from config.secrets import Need, SecretError, api_secret_names
from config.settings import exposure_refusal, from_environ

COLLECTS = frozenset({Need.SOURCES, Need.RECEIVERS})
RUN_NEEDS = COLLECTS | {Need.INGEST}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ci-health", prog_name="cihealth")
def cli() -> None:
    """CI Health watches CI/CD pipelines: what is broken, since when, and is it mine."""


@cli.command()
@common
@listening
@click.option("--or-demo", is_flag=True, help="start the demo while the configuration names no source")
def run(or_demo: bool, **given: Any) -> None:
    """Start the web app and the collector, and keep them running."""
    with refusals():
        prepared = prepare(environ_with(given), RUN_NEEDS)
        if or_demo and not prepared.loaded.config.sources:
            click.echo("No source is configured yet: this is the demo, with builds that are made up.")
            sys.exit(run_demo(prepared.environ, None))
        sys.exit(supervise(prepared))


@cli.command()
@common
@listening
def web(**given: Any) -> None:
    """The web app alone: REST, live updates, the dashboard, webhooks."""
    with refusals():
        prepared = prepare(environ_with(given), frozenset({Need.INGEST}))
        refuse_exposure(prepared)
        migrated(prepared.settings)
        free_port(prepared.settings.host, prepared.settings.port)
    program = python_program("web", "webapp", env=prepared.environ)
    os.execve(program.argv[0], program.argv, dict(program.env))


@cli.command("collect")
@common
@click.option("--once", is_flag=True, help="poll each source once, say what changed: 0 all read, 1 any failed")
@click.option("--wait", is_flag=True, help="wait while another collector is at work, instead of leaving with 1")
def collect_command(once: bool, wait: bool, **given: Any) -> None:
    """The collector alone: polls the sources, keeps the database tidy."""
    with refusals():
        prepared = prepare(environ_with(given), COLLECTS)
        migrated(prepared.settings)
        collecting = Collecting(prepared.settings, prepared.loaded.config, prepared.environ, once=once, wait=wait)
        sys.exit(collect(collecting))


@cli.command()
@common
@listening
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="put the demo's files here, and leave them; a demo that was here before is replaced",
)
def demo(folder: Path | None, **given: Any) -> None:
    """Try CI Health on a made-up GitHub and Jenkins, with a database of its own."""
    from collector.demo.folder import ForeignFolder, check_folder

    with refusals():
        try:
            if folder is not None:
                check_folder(folder)
        except ForeignFolder as exc:
            raise Refusal(str(exc)) from exc
        sys.exit(run_demo(environ_with(given), folder))


@cli.command("test-alert")
@common
@click.argument("receiver")
def test_alert(receiver: str, **given: Any) -> None:
    """Send RECEIVER a sample: 0 it was taken, 1 it was not, 2 there is no such receiver."""
    with refusals():
        prepared = prepare(environ_with(given), frozenset())
        try:
            said = send_sample(prepared.loaded.config, receiver, prepared.environ)
        except (NoSuchReceiver, SecretError) as exc:
            raise Refusal(str(exc)) from exc
        click.echo(said)


cli.add_command(alerts_command)
cli.add_command(backfill)
cli.add_command(rules)
cli.add_command(silence)


@cli.command("check-config")
@common
@listening
@click.option("--connect", is_flag=True, help="also try each source: 0 all can be read, 1 something is missing")
def check_config(connect: bool, **given: Any) -> None:
    """Say everything that is wrong with the configuration, or what would be watched."""
    environ = environ_with(given)
    report = check(None, environ)
    for line in lines(report):
        click.echo(line)
    if report.config is None:
        sys.exit(WRONG)
    shared = shared_folder(from_environ(environ).database)
    sys.exit(connect_sources(report.config, environ, click.echo, shared) if connect else 0)


@cli.command()
@common
def migrate(**given: Any) -> None:
    """Bring the database's schema up to date, and say which version it has."""
    with refusals():
        settings = from_environ(environ_with(given))
        configure(settings)
        click.echo(f"{shown(settings.database)}: schema version {migrated(settings)}")


@cli.command()
@common
def schema(**_given: Any) -> None:
    """Print the JSON Schema of collectors.yaml, for editors."""
    click.echo(rendered(), nl=False)


def shown(url: str) -> str:
    """A database URL without what may be a password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def refuse_exposure(prepared: Prepared) -> None:
    settings = prepared.settings
    refusal = exposure_refusal(
        host=settings.host,
        public_url=prepared.loaded.config.public_url,
        password=settings.password,
        insecure=settings.insecure,
    )
    if refusal:
        raise Refusal(refusal)


def supervise(prepared: Prepared) -> int:
    """``run``: migrates, then web and collect until told to stop. The web app never sees a source's API secret."""
    refuse_exposure(prepared)
    for note in prepared.loaded.notes:
        click.echo(note)
    settings = prepared.settings
    port = free_port(settings.host, settings.port)
    migrated(settings)
    environ = {**prepared.environ, "CIHEALTH_PORT": str(port)}
    hidden = api_secret_names(prepared.loaded.config)
    web_environ = {name: value for name, value in environ.items() if name not in hidden}
    owner = {"CIHEALTH_LEASE_OWNER": lease_owner("run")}
    return Supervisor(
        [
            python_program("web", "webapp", env=web_environ),
            python_program("collect", "collector", "collect", "--wait", env=environ | owner),
        ]
    ).run()


def run_demo(environ: Mapping[str, str], folder: Path | None) -> int:
    """The demo's providers in this process, the rest as ``run`` does it, in ``folder`` or one that is removed."""
    from collector.demo.run import start_demo

    environ = {name: text for name, text in environ.items() if name not in ("CIHEALTH_CONFIG", "CIHEALTH_DATABASE")}
    settings = from_environ(environ)
    port = free_port(settings.host, settings.port)
    url = f"http://{settings.host}:{port}"
    with tempfile.TemporaryDirectory(prefix="cihealth-demo-") if folder is None else nullcontext(folder) as place:
        click.echo(WELCOME.format(url=url, folder=place))
        with start_demo(Path(place), product_url=url) as started:
            own = {
                "CIHEALTH_CONFIG": str(started.config_path),
                "CIHEALTH_DATABASE": started.database_url,
                "CIHEALTH_PORT": str(port),
            }
            return supervise(prepare({**environ, **started.environment, **own}, RUN_NEEDS))


WELCOME = """\
Everything here is made up: a GitHub and a Jenkins on this machine, with a history, whose builds go on while you look.
  Look at      {url}
  Kept in      {folder}
  Your own CI  write a collectors.yaml with a source, check it with `cihealth check-config`, then `cihealth run`:
                 sources:
                   - {{name: mine, provider: github, repos: [org/repo], token: "${{GITHUB_TOKEN}}"}}
Ctrl-C ends it.
"""
