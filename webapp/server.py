"""gunicorn with one gevent worker, started from here rather than by its command line.

The arbiter holds the listening socket and watches the worker; the worker opens the database after the fork.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from ipaddress import ip_network
from typing import Any

import gevent
import structlog
from gevent import socket as gevent_socket
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.ggevent import GeventWorker

from config.listening import CannotListen, listen_on
from config.load import load
from config.logging import configure, register_secrets
from config.model import Config
from config.problems import ConfigErrors
from config.secrets import Need
from config.settings import Settings, exposure_refusal, from_environ, is_loopback
from webapp.hosts import Hosts
from webapp.services import Options, Services

log = structlog.get_logger(__name__)

PARENT_FD = "CIHEALTH_PARENT_FD"
CONNECTIONS = 20_000
GRACE_SECONDS = 2
KEEP_ALIVE_SECONDS = 20
BACKLOG = 2048
FAILED = 1
WRONG_CONFIG = 2
CANNOT_LISTEN = 5
"""Tells the supervisor that starting again would not help."""
PORT_PATIENCE_SECONDS = 3.0
"""How long a port may stay in use: a predecessor that was killed leaves it within moments."""


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's gevent worker that takes its sockets down first, so that stopping does not wait for them."""

    services: Services | None = None

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        gevent.spawn(self._close_sockets)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """INT (Ctrl-C reaches the whole group) ends as TERM does."""
        self.handle_exit(sig, frame)

    def _close_sockets(self) -> None:
        if self.services is not None:
            self.services.hub.close()


class OurLog(Logger):  # type: ignore[misc]
    """gunicorn's words go the way of all others: ``config.logging`` has set that up already."""

    def setup(self, cfg: Any) -> None:
        self.error_log.setLevel(logging.WARNING)
        self.error_log.propagate = True
        self.error_log.handlers = []
        self.access_log.handlers = []


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn's application: its settings, and how the worker makes the WSGI app."""

    def __init__(self, options: Mapping[str, Any], make: Callable[[Worker | None], Any]) -> None:
        self._options, self._make = options, make
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._make(None)


def gunicorn_options(settings: Settings) -> dict[str, Any]:
    """What differs from gunicorn's defaults, and why. Listens, as gunicorn would repeat itself about a port in use.

    Raises CannotListen.
    """
    return {
        "bind": [f"fd://{listening(settings).detach()}"],
        "backlog": BACKLOG,
        "workers": 1,  # the hub, the writer thread and the counters are one process's
        "worker_class": Worker,
        "worker_connections": CONNECTIONS,  # 1,000 by default: as many sockets would stall all HTTP
        "keepalive": KEEP_ALIVE_SECONDS,  # 2 s by default: busy clients' next request meets a closed connection
        "graceful_timeout": GRACE_SECONDS,
        "timeout": 60,
        "limit_request_line": 8190,
        "limit_request_fields": 100,
        "limit_request_field_size": 16_380,
        "forwarder_headers": "",  # a SCRIPT_NAME header from loopback would be answered 500
        "forwarded_allow_ips": "",
        "control_socket_disable": True,  # needs a home that can be written
        "worker_tmp_dir": _memory_dir(),
        "proc_name": "cihealth-web",
        "logger_class": OurLog,
    }


def listening(settings: Settings) -> socket.socket:
    """A port in use is tried again for PORT_PATIENCE_SECONDS. Raises CannotListen."""
    give_up_at = time.monotonic() + PORT_PATIENCE_SECONDS
    while True:
        try:
            return listen_on(settings.host, settings.port, BACKLOG)
        except CannotListen as exc:
            if not exc.in_use or time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)


def _memory_dir() -> str | None:
    """Where gunicorn's heartbeat file costs no disk; the default where there is no such place."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def options_of(settings: Settings, config: Config, environ: Mapping[str, str]) -> Options:
    local = is_loopback(settings.host)
    hosts = Hosts(config.public_url, any_host=not local and config.public_url is None)
    return Options(
        hosts=hosts,
        posting_open=settings.insecure or exposure_refusal(
            host=settings.host, public_url=config.public_url, password=None, insecure=False
        ) is None,
        password=settings.password,
        proxies=tuple(ip_network(text) for text in config.trusted_proxies),
        demo=environ.get("CIHEALTH_DEMO") == "1",
        version=version(),
    )  # fmt: skip


def version() -> str:
    try:
        return metadata.version("ci-health")
    except metadata.PackageNotFoundError:
        return "0"


def serve(settings: Settings, config: Config, environ: Mapping[str, str]) -> None:
    """Serve until told to stop; ends the process with gunicorn's exit code. Raises CannotListen."""
    _raise_file_limit()

    def make(_: Worker | None) -> Any:
        return build(settings, config, environ)

    options = gunicorn_options(settings)
    options["when_ready"] = lambda arbiter: _say_ready(arbiter, config)
    options["post_worker_init"] = _adopt
    Server(options, make).run()


def build(settings: Settings, config: Config, environ: Mapping[str, str]) -> Any:
    """The whole WSGI app of a worker: database opened, hub following, sockets made safe."""
    from collector.storage.database import connect
    from webapp import create_app
    from webapp.services import EXTENSION
    from webapp.webhooks import POSTING
    from webapp.wire import SteadySockets

    app = create_app(connect(settings.database), config, options_of(settings, config, environ), environ=environ)
    at_hand: Services = app.extensions[EXTENSION]
    register_secrets(app.extensions[POSTING].secrets())
    at_hand.hub.start()
    return SteadySockets(app, at_hand)


def _adopt(worker: Worker) -> None:
    """After the fork: remember whose sockets to close, and leave when the parent goes."""
    worker.services = worker.wsgi.services
    fd = os.environ.get(PARENT_FD)
    if fd is not None and fd.isdigit():
        gevent.spawn(_leave_with_parent, int(fd), worker)


def _leave_with_parent(fd: int, worker: Worker) -> None:
    """Wait for the end of the parent's pipe: whoever started us is gone, so nobody would stop us any more."""
    while True:
        gevent_socket.wait_read(fd)
        try:
            if os.read(fd, 1024):
                continue
        except OSError:
            pass
        break
    log.warning("the program that started the web process is gone", done="the web process stops, too")
    os.kill(worker.ppid, signal.SIGTERM)


def _say_ready(arbiter: Any, config: Config) -> None:
    """One line for people and scripts: where the dashboard is."""
    for listener in arbiter.LISTENERS:
        host, port = listener.sock.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"CI Health listens on http://{shown}:{port}", flush=True)
    if config.public_url:
        print(f"and is known as {config.public_url}", flush=True)


def _raise_file_limit() -> None:
    """A socket is a file: ask for as many as the hard limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 1024
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main(environ: Mapping[str, str] | None = None) -> int:
    """The program: 0 stopped as told, 1 failed, 2 wrong configuration, 5 (to a supervisor) cannot listen."""
    env = os.environ if environ is None else environ
    try:
        settings = from_environ(env)
        configure(settings)
        loaded = load(settings.config, env, need=frozenset({Need.INGEST}))
    except ConfigErrors as exc:
        print(exc, file=sys.stderr)
        return WRONG_CONFIG
    refusal = exposure_refusal(
        host=settings.host,
        public_url=loaded.config.public_url,
        password=settings.password,
        insecure=settings.insecure,
    )
    if refusal is not None:
        print(refusal, file=sys.stderr)
        return WRONG_CONFIG
    try:
        serve(settings, loaded.config, env)
    except CannotListen as exc:
        print(f"cihealth: {exc}", file=sys.stderr)
        return CANNOT_LISTEN if PARENT_FD in env else FAILED
    return 0
