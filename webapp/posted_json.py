"""A small JSON body to a model; what is wrong with it is refused with the field's name."""

from __future__ import annotations

from typing import TypeVar

from flask import Request
from pydantic import BaseModel, ValidationError

from webapp.body import drain, parse_json, read_body
from webapp.errors import Refused

MOST_BYTES = 64 * 1024
M = TypeVar("M", bound=BaseModel)


def read_model(request: Request, model: type[M]) -> M:
    """Raises Refused: 415 (no JSON by its Content-Type), 413 (over 64 KiB), 400 (no JSON), 422 (a wrong field).

    The Content-Type is asked for because a form of another site cannot send it; no body at all is an empty object.
    """
    if request.content_type and not request.is_json:
        drain(request)
        raise Refused(415, "Content-Type: send application/json", field="Content-Type")
    body = read_body(request)
    if len(body) > MOST_BYTES:
        raise Refused(413, "the body is larger than 64 KiB")
    if body and not request.content_type:
        raise Refused(415, "Content-Type: send application/json", field="Content-Type")
    try:
        return model.model_validate(parse_json(body) if body else {})
    except ValidationError as exc:
        raise _refusal(exc) from exc


def _refusal(error: ValidationError) -> Refused:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "is not a field of this body"
    elif first["type"] == "string_pattern_mismatch":
        message = "write a whole number and s, m, h, d or w: 30m, 2h, 3d"
    return Refused(422, f"{field}: {message}" if field else message, field=field or None)
