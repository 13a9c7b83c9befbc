"""The web process: takes webhooks, serves REST, pages and sockets. It records and shows; the collector acts.

``create_app`` is loaded on demand: ``python -m webapp`` imports this package before gevent has patched anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from webapp.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    if name == "create_app":
        from webapp.app import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
