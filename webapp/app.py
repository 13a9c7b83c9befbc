"""Wires the web process together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from apiflask import APIFlask
from werkzeug.routing import BaseConverter

from webapp import api, auth, errors, headers, openapi, pages, probes, sockets, spa, webhooks
from webapp.alert_watch import AlertWatch
from webapp.db import Lanes
from webapp.feed import DatabaseFeed
from webapp.live import Hub
from webapp.measures import Measures
from webapp.posting import Posting
from webapp.reuse import Reuse
from webapp.services import EXTENSION, Options, Services
from webapp.wire import BelowPath
from webapp.writer import Recorder

if TYPE_CHECKING:
    from collector.storage.database import Database
    from config.model import Config


class ProviderName(BaseConverter):
    """``[a-z][a-z0-9-]{0,31}``; anything else is no address of ours."""

    regex = "[a-z][a-z0-9-]{0,31}"
    part_isolating = True


def create_app(
    database: Database,
    config: Config,
    options: Options,
    *,
    environ: Mapping[str, str],
    static: Path = spa.STATIC,
) -> APIFlask:
    """The WSGI app on an open, migrated database. Raises SecretError for an ingest secret that cannot be had.

    ``environ`` holds what the configuration's ``${NAME}`` stand for. Call ``services().hub.start()`` on the gevent
    loop afterwards; without it everything but the sockets works.
    """
    app = APIFlask(
        "webapp",
        title="CI Health",
        version=options.version,
        spec_path=None,
        docs_path=None,
        json_errors=False,
        static_folder="static",
        static_url_path="/never",
        template_folder=str(pages.PAGES),
        root_path=str(Path(__file__).parent),
    )
    app.config.update(
        SECRET_KEY=auth.secret_key(options.password),
        SESSION_COOKIE_NAME="cihealth_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=options.hosts.https,
        PERMANENT_SESSION_LIFETIME=auth.SESSION_DAYS * 86400,
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    app.url_map.converters["provider"] = ProviderName
    app.url_map.merge_slashes = False
    app.extensions[EXTENSION] = _services(database, config, options)
    app.extensions[webhooks.POSTING] = Posting(config, environ)
    _install(app, static)
    if options.hosts.public_path:
        app.wsgi_app = BelowPath(app.wsgi_app, options.hosts.public_path)  # type: ignore[method-assign]
    return app


def _services(database: Database, config: Config, options: Options) -> Services:
    lanes, measures = Lanes(), Measures()
    alerts = AlertWatch(lanes, database, config, options.clock)
    hub = Hub(DatabaseFeed(lanes, database), measures, alerts)
    recorder = Recorder(lanes, database, hub.nudge)
    return Services(options, config, database, lanes, recorder, hub, measures, Reuse())


def _install(app: APIFlask, static: Path) -> None:
    openapi.configure(app)
    errors.install(app)
    headers.install(app)
    auth.install(app)
    for blueprint in (*api.BLUEPRINTS, webhooks.blueprint, probes.blueprint):
        app.register_blueprint(blueprint)
    pages.install(app)
    spa.install(app, static)
    sockets.install(app)
