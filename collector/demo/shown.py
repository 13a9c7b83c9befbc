"""One request's sight of the Jenkins half of a world: its items by name, their builds, how addresses are written."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from urllib.parse import quote

from collector.demo.plans import Build, Item, build_status
from collector.demo.view import View


def millis(value: datetime) -> int:
    return round(value.timestamp() * 1000)


class Shown:
    """The world as one request sees it, and how addresses are written.

    ``double_encoded``: a branch's ``%2F`` is encoded once more in addresses, as newer Jenkins does.
    """

    def __init__(self, view: View, root_url: str, *, double_encoded: bool) -> None:
        self.view, self.root_url, self.double_encoded = view, root_url.rstrip("/"), double_encoded
        self.now = view.now
        self._started: dict[str, list[Build]] = {}

    @cached_property
    def items(self) -> dict[str, Item]:
        return {item.full_name: item for item in self.view.items()}

    @cached_property
    def _children(self) -> dict[str, list[Item]]:
        children: dict[str, list[Item]] = {}
        for item in self.items.values():
            children.setdefault(item.parent, []).append(item)
        return children

    def children(self, full_name: str) -> list[Item]:
        return self._children.get(full_name, [])

    def path(self, full_name: str) -> str:
        safe = "" if self.double_encoded else "%"
        return "".join(f"job/{quote(part, safe=safe)}/" for part in full_name.split("/"))

    def url(self, full_name: str) -> str:
        return f"{self.root_url}/{self.path(full_name)}"

    def cell_url(self, full_name: str, value: str) -> str:
        return f"{self.url(full_name)}{quote(value, safe='=,')}/"

    def started(self, full_name: str) -> list[Build]:
        """The job's builds that left the queue, newest first."""
        if full_name not in self._started:
            builds = self.view.builds(full_name)
            self._started[full_name] = [b for b in builds if build_status(b, self.now) != "queued"]
        return self._started[full_name]

    def display(self, full_name: str) -> str:
        names = [part for part in _lineage(full_name) if part in self.items]
        return " » ".join(self.items[name].display_name for name in names)


def _lineage(full_name: str) -> list[str]:
    parts = full_name.split("/")
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]
