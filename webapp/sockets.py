"""WS /ws: checked before the upgrade, then one greenlet a client until it goes."""

from __future__ import annotations

from dataclasses import dataclass

from apiflask import APIFlask
from flask import g, request
from flask_sock import Sock
from simple_websocket import Server

from collector.domain.filters import Filters
from webapp.auth import policy
from webapp.errors import Refused
from webapp.live import Change, Client, serve
from webapp.matching import matches
from webapp.query import RepeatedAdapter, ResumeQuery
from webapp.services import services
from webapp.wire import SOCK_OPTIONS, SlowReader, SteadySocket

MOST_SOCKETS = 15_000


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A socket's filter; equal ones share their frames."""

    filters: Filters

    def __call__(self, change: Change) -> bool:
        return matches(self.filters, change.build, change.on_default)


def install(app: APIFlask) -> None:
    app.config["SOCK_SERVER_OPTIONS"] = SOCK_OPTIONS
    sock = Sock()
    sock.app = app
    sock.route("/ws", endpoint="ws")(app.doc(hide=True)(policy("reader")(listen)))
    app.before_request(_check_upgrade)


def _check_upgrade() -> None:
    """Refuse a wrong filter or one socket too many while plain HTTP still can."""
    if request.endpoint != "ws":
        return
    query = RepeatedAdapter(ResumeQuery).validate_input(request, "query")
    assert isinstance(query, ResumeQuery)
    g.narrowed, g.since = Narrowed(query.filters()), query.since
    if request.headers.get("Sec-WebSocket-Version") != "13" or not request.headers.get("Sec-WebSocket-Key"):
        raise Refused(400, "this is not a WebSocket handshake (version 13 with a key)")
    if not isinstance(request.environ.get("gunicorn.socket"), SteadySocket):
        raise Refused(503, "this server cannot carry sockets; start it with cihealth web")
    if services().hub.clients >= MOST_SOCKETS:
        raise Refused(503, "too many sockets are open", headers={"Retry-After": "30"})


def listen(ws: Server) -> None:
    """One client from hello to its end."""
    hub = services().hub
    wire: SteadySocket = ws.sock
    client = Client(g.narrowed, ws.event, wire.hang_up, wire.offer)

    def still_there() -> bool:
        ws.input_buffer.clear()
        return bool(ws.connected)

    try:
        serve(hub, client, wire, g.since, still_there)
    except SlowReader:
        services().measures.sockets_dropped.inc()
    except OSError:
        client.closing = True
    finally:
        hub.leave(client)
