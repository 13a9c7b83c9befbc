"""The few pages that are not the dashboard: log-in, the reading page of the API document, "not built yet"."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from apiflask import APIFlask
from flask import Response, current_app, redirect, render_template, request, session

from webapp.answers import answer, file_response
from webapp.auth import check_password, policy, start_session
from webapp.body import read_body
from webapp.errors import Refused
from webapp.openapi import document
from webapp.services import root_path, services

PAGES = Path(__file__).parent / "pages"


def install(app: APIFlask) -> None:
    for rule, view, methods in (
        ("/login", login_page, ["GET"]),
        ("/login", log_in, ["POST"]),
        ("/logout", log_out, ["POST"]),
        ("/docs", docs, ["GET"]),
        ("/openapi.json", openapi, ["GET"]),
        ("/page.css", style, ["GET"]),
    ):
        app.add_url_rule(rule, view_func=app.doc(hide=True)(view), methods=methods, provide_automatic_options=False)


def safe_target(target: str) -> str:
    """Where to go after logging in: a path on this server, never another one.

    >>> safe_target("/ui/grid?x=1"), safe_target("//evil.com"), safe_target("https://evil.com")
    ('/ui/grid?x=1', '/', '/')
    """
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if ours and "\\" not in target else "/"


@policy("public")
def login_page() -> Response:
    return _login_form()


def _login_form(message: str | None = None, status: int = 200) -> Response:
    target = safe_target(request.args.get("next", "/"))
    page = render_template("login.html", target=target, message=message, root=root_path())
    return Response(page, status, mimetype="text/html")


@policy("public")
def log_in() -> Response:
    """The form's post: a session for the right password, the form again for a wrong one or when one has to wait."""
    request.max_content_length = 16 * 1024
    given = request.form.get("password", "").encode("utf-8", "surrogatepass")
    try:
        if services().options.password is not None and not check_password(given):
            return _login_form("That is not the password.", 401)
    except Refused as refused:
        form = _login_form(f"{refused.message[:1].upper()}{refused.message[1:]}.", refused.status)
        form.headers.update(refused.headers)
        return form
    start_session()
    response = redirect(root_path() + safe_target(request.form.get("next", "/")), 303)
    assert isinstance(response, Response)
    return response


@policy("public")
def log_out() -> Response:
    read_body(request)
    session.clear()
    response = redirect(f"{root_path()}/login", 303)
    assert isinstance(response, Response)
    return response


@policy("reader")
def docs() -> Response:
    """The API document for reading; plain HTML made here, so it works offline and without any script."""
    spec = document(cast(APIFlask, current_app))
    page = render_template("docs.html", spec=spec, operations=operations(spec), root=root_path())
    return Response(page, mimetype="text/html")


@policy("reader")
def openapi() -> Response:
    return answer(document(cast(APIFlask, current_app)))


def operations(spec: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of a document, in its order."""
    return [
        (method.upper(), path, operation)
        for path, item in spec["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]


@policy("public")
def style() -> Response:
    response = file_response(PAGES / "page.css", "text/css")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
