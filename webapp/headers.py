"""Headers that every answer carries, and the counting of requests."""

from __future__ import annotations

import time

from flask import Flask, Response, g, request

from webapp.services import services

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    )
)

ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def install(app: Flask) -> None:
    app.before_request(_start)
    app.after_request(_finish)


def _start() -> None:
    g.started_seconds = time.perf_counter()


def _finish(response: Response) -> Response:
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    if services().options.hosts.https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    _measure(response)
    return response


def _measure(response: Response) -> None:
    route = request.url_rule.rule if request.url_rule else "none"
    measures = services().measures
    measures.requests.labels(route, request.method, str(response.status_code)).inc()
    if route != "/ws":
        measures.request_seconds.labels(route).observe(time.perf_counter() - g.get("started_seconds", 0.0))
