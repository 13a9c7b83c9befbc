"""The one OpenAPI document: made from the routes, cached, and finished here where APIFlask knows less than we do."""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask
from pydantic import BaseModel

from webapp.errors import CODES, ErrorAnswer
from webapp.posted import PlainBody

DESCRIPTION = (
    "CI Health watches CI/CD pipelines. Times are RFC 3339 in UTC, lengths are seconds. Unknown parameters get 422. "
    "WS /ws pushes changes as they are stored: hello, build_ingested, reset and tick, each with a seq to resume from; "
    "and alert_changed with an alert as GET /alerts shows it."
)
_TOLD = {
    400: "The request is malformed",
    401: "A password, signature or token is missing or wrong",
    403: "Not from this Host, Origin or network",
    404: "There is nothing at this address",
    408: "The body came too slowly",
    409: "It does not go with the alert's present state",
    413: "The body is larger than 25 MiB (64 KiB for what is no build)",
    415: "The body is of a type or encoding that is not taken",
    422: "A parameter or field is unknown or wrong; `field` names it",
    503: "The database cannot be used just now; Retry-After says when to try again",
}


def document(app: APIFlask) -> dict[str, Any]:
    """The document, made once an app."""
    made = app.extensions.get("cihealth-openapi")
    if made is None:
        made = app.extensions["cihealth-openapi"] = app.spec
    assert isinstance(made, dict)
    return made


def configure(app: APIFlask) -> None:
    app.config.update(
        DESCRIPTION=DESCRIPTION,
        AUTO_SERVERS=False,
        AUTO_OPERATION_ID=True,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_404_RESPONSE=False,
        SECURITY_SCHEMES={
            "password": {"type": "http", "scheme": "basic", "description": "Any user name, CIHEALTH_PASSWORD"},
            "token": {"type": "http", "scheme": "bearer", "description": "For posting builds: an ingest token"},
        },
    )
    app.spec_processor(_finish)


def _finish(spec: Any) -> Any:
    """Say what every operation may refuse, and who may ask."""
    spec["components"]["schemas"].setdefault("ErrorAnswer", _error_schema())
    _add(spec, PlainBody)
    for path, item in spec["paths"].items():
        for method, operation in item.items():
            _refusals(operation, path, method)
            _parameters(operation)
    _ingest(spec["paths"]["/ingest/{provider}"]["post"])
    return spec


def _add(spec: dict[str, Any], model: type[BaseModel]) -> None:
    schema = model.model_json_schema(ref_template=f"#/components/schemas/{model.__name__}.{{model}}")
    for name, nested in schema.pop("$defs", {}).items():
        spec["components"]["schemas"][f"{model.__name__}.{name}"] = nested
    spec["components"]["schemas"][model.__name__] = schema


def _ingest(operation: dict[str, Any]) -> None:
    """What APIFlask cannot know: the view reads its body itself, and answers 200 and 202 as well."""
    answer = operation["responses"]["201"]["content"]
    operation["responses"]["200"] = {"description": "A known build, changed or not", "content": answer}
    operation["responses"]["202"] = {"description": "Understood, not for us: `reason` says why", "content": answer}
    operation["responses"]["201"]["description"] = "A build that was not known"
    body = {"schema": {"$ref": "#/components/schemas/PlainBody"}}
    operation["requestBody"] = {"required": True, "content": {"application/json": body}}
    for parameter in operation["parameters"]:
        parameter["schema"] = {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,31}$"}


def _error_schema() -> dict[str, Any]:
    fields = {
        "code": {"type": "string", "enum": sorted(set(CODES.values()))},
        "message": {"type": "string"},
        "field": {"type": "string"},
    }
    error = {"type": "object", "properties": fields, "required": ["code", "message"]}
    return {"type": "object", "description": ErrorAnswer.__doc__, "properties": {"error": error}, "required": ["error"]}


def _refusals(operation: dict[str, Any], path: str, method: str) -> None:
    if path in ("/healthz", "/readyz"):
        operation["security"] = []
        return
    ingest = path.startswith("/ingest")
    operation["security"] = [{"token": []}, {"password": []}, {}] if ingest else [{"password": []}, {}]
    statuses: tuple[int, ...] = (401, 403, 422, 503)
    if method == "post":
        statuses += (400, 404, 408, 413, 415) if ingest else (400, 408, 409, 413, 415)
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
    for status in (*statuses, *(404,) * ("{" in path)):
        operation["responses"][str(status)] = {"description": _TOLD[status], "content": content}


def _parameters(operation: dict[str, Any]) -> None:
    """A parameter's description belongs beside it; lists are repeated, which is what form and explode say."""
    for parameter in operation.get("parameters", ()):
        description = parameter.get("schema", {}).get("description")
        if description:
            parameter["description"] = description
        if parameter.get("schema", {}).get("type") == "array":
            parameter.update(style="form", explode=True)
