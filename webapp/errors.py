"""Every refusal in one shape: ``{"error": {"code", "message", "field"?}}``.

``code`` is for programs and never changes its meaning, ``message`` is one sentence for people that says what would
be right, ``field`` names the parameter or the place in the body.
"""

from __future__ import annotations

from typing import Any

import structlog
from apiflask import APIFlask, HTTPError
from flask import Response, json, request
from gunicorn.http.errors import NoMoreData, ParseException
from pydantic import BaseModel, Field
from werkzeug.exceptions import HTTPException
from wsproto.utilities import RemoteProtocolError

from collector.domain.alert_states import WrongState
from collector.storage.errors import BadCursor, BadSilence, BadSort, NoSuchAlert

log = structlog.get_logger(__name__)

CODES: dict[int, str] = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "timeout",
    409: "conflict",
    413: "too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    431: "headers_too_large",
    500: "internal",
    503: "unavailable",
}


class ErrorBody(BaseModel):
    code: str = Field(examples=["invalid"])
    message: str = Field(examples=["limit: a whole number from 1 to 200"])
    field: str | None = Field(default=None, description="The parameter or place in the body; absent when none")


class ErrorAnswer(BaseModel):
    """What every refusal looks like."""

    error: ErrorBody


class Refused(Exception):
    """Raised inside a request: answered with ``status`` and the error shape."""

    def __init__(
        self, status: int, message: str, *, field: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.field = status, message, field
        self.headers = headers or {}


class Unavailable(Exception):
    """The database cannot be used just now; raised by ``webapp.db`` from what storage raised."""


def error_response(status: int, message: str, field: str | None = None) -> Response:
    error: dict[str, Any] = {"code": CODES.get(status, "error"), "message": message}
    if field is not None:
        error["field"] = field
    response = Response(json.dumps({"error": error}), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def install(app: APIFlask) -> None:
    """Answer whatever goes wrong in the one shape, and log what is our own fault."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(HTTPError, _validation)
    app.register_error_handler(Unavailable, _unavailable)
    app.register_error_handler(BadCursor, _bad_page)
    app.register_error_handler(BadSort, _bad_page)
    app.register_error_handler(BadSilence, _bad_page)
    app.register_error_handler(NoSuchAlert, _no_alert)
    app.register_error_handler(WrongState, _wrong_state)
    app.register_error_handler(ParseException, _broken_body)
    app.register_error_handler(NoMoreData, _broken_body)
    app.register_error_handler(RemoteProtocolError, _broken_upgrade)
    app.register_error_handler(Exception, _unexpected)


def _refused(error: Refused) -> Response:
    response = error_response(error.status, error.message, error.field)
    response.headers.update(error.headers)
    return response


_WORDS = {
    404: "there is nothing at this address",
    405: "this address does not take this method",
    413: "the body is larger than 25 MiB",
}


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status in (301, 302, 307, 308):
        return Response(error.get_body(), status, headers=[h for h in error.get_headers() if h[0] == "Location"])
    response = error_response(status, _WORDS.get(status) or error.description or error.name)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate", "Location"):
            response.headers[name] = value
    return response


def _validation(error: HTTPError) -> Response:
    """APIFlask's refusal of a query: the first wrong field names itself."""
    for fields in error.detail.values() if isinstance(error.detail, dict) else ():
        for field, messages in fields.items():
            return error_response(error.status_code, f"{field}: {messages[0]}", field)
    return error_response(error.status_code, error.message or "the request is not valid")


def _unavailable(error: Unavailable) -> Response:
    log.error(
        "the database could not be used",
        path=request.path,
        error=str(error.__cause__ or error),
        done="answered 503, nothing was stored",
        advice="look at free disk space and at who else locks the database",
    )
    response = error_response(503, "the database cannot be used just now; try again in a moment")
    response.headers["Retry-After"] = "5"
    return response


def _bad_page(error: BadCursor | BadSort | BadSilence) -> Response:
    return error_response(422, str(error), error.field)


def _no_alert(error: NoSuchAlert) -> Response:
    return error_response(404, str(error))


def _wrong_state(error: WrongState) -> Response:
    return error_response(409, str(error))


def _broken_body(error: Exception) -> Response:
    response = error_response(400, "the body ended early or its chunks are malformed")
    response.headers["Connection"] = "close"
    return response


def _broken_upgrade(error: RemoteProtocolError) -> Response:
    return error_response(400, f"this is not a WebSocket handshake: {error}")


def _unexpected(error: Exception) -> Response:
    log.error(
        "a request failed in a way nobody foresaw",
        method=request.method,
        path=request.path,
        done="answered 500",
        advice="please report this with the trace below",
        exc_info=error,
    )
    return error_response(500, "something went wrong here; the log of the web process says what")
