"""The dashboard: index.html for every page, hashed assets that may be kept for ever, a plain page when not built."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path

from apiflask import APIFlask
from flask import Response, render_template, request
from werkzeug.security import safe_join

from webapp.answers import file_response
from webapp.auth import policy
from webapp.errors import Refused
from webapp.services import root_path

STATIC = Path(__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"


def install(app: APIFlask, static: Path = STATIC) -> None:
    """Pages at ``/`` and ``/ui/…``, assets at ``/assets/…``, and each file that lies beside index.html."""

    @policy("reader")
    def page(path: str = "") -> Response:
        return _index(static / "index.html")

    @policy("reader")
    def asset(path: str) -> Response:
        found = safe_join(str(static / "assets"), path)
        return _file(Path(found) if found else None, FOR_EVER)

    @policy("reader")
    def beside() -> Response:
        return _file(static / request.path.lstrip("/"), "public, max-age=3600")

    hidden = app.doc(hide=True)
    page_view, asset_view, beside_view = hidden(page), hidden(asset), hidden(beside)
    for rule in ("/", "/ui/", "/ui/<path:path>"):
        app.add_url_rule(rule, endpoint="page", view_func=page_view, strict_slashes=False)
    app.add_url_rule("/assets/<path:path>", endpoint="asset", view_func=asset_view)
    for name in _names_beside(static):
        app.add_url_rule(f"/{name}", endpoint="beside", view_func=beside_view)


def _names_beside(static: Path) -> list[str]:
    if not static.is_dir():
        return []
    names = (entry.name for entry in sorted(static.iterdir()) if entry.is_file())
    return [name for name in names if name != "index.html" and not name.endswith((".gz", ".br"))]


def _index(index: Path) -> Response:
    if not index.is_file():
        return Response(render_template("unbuilt.html", root=root_path()), mimetype="text/html")
    html = index.read_text("utf-8")
    prefix = root_path()
    if prefix:
        html = re.sub(r'((?:src|href)=")/(?!/)', rf"\g<1>{prefix}/", html)
    response = Response(html, mimetype="text/html")
    response.headers["Cache-Control"] = "no-cache"
    return response


def _file(path: Path | None, cache_control: str) -> Response:
    """The file, precompressed where the client takes gzip. Raises Refused(404)."""
    if path is None or not path.is_file():
        raise Refused(404, "there is no such file")
    zipped = path.with_name(path.name + ".gz")
    with_gzip = zipped.is_file() and bool(request.accept_encodings["gzip"])
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    response = file_response(zipped if with_gzip else path, kind)
    if with_gzip:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = cache_control
    return response
