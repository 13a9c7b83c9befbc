"""One request to the demo's GitHub: who asks, for which repo, run and page, and how lists and refusals are told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from collector.demo.faults import Answer, Request
from collector.demo.plans import Attempt, Repo, Run, Workflow
from collector.demo.selection import Page
from collector.demo.view import View

if TYPE_CHECKING:
    from collector.demo.github import GithubServer

_JSON = "application/json; charset=utf-8"
Params = Mapping[str, str]


def token_of(request: Request) -> str | None:
    """The token of ``Authorization: Bearer|token …``; None without one."""
    scheme, _, value = (request.auth or "").partition(" ")
    return value.strip() if scheme.lower() in ("bearer", "token") and value.strip() else None


def json_answer(body: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": _JSON, **(headers or {})}, json.dumps(body, separators=(",", ":")).encode())


class Refused(Exception):
    """An error answer, raised where it is found."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, dict(headers or {})
        self.charged = False


class Call:
    """One request with the world as it stands while it is answered."""

    def __init__(self, server: GithubServer, request: Request, path: str, view: View) -> None:
        self.server, self.request, self.path, self.view = server, request, path, view
        self.now = view.now
        self.at = server.addresses

    def repo(self, params: Params) -> Repo:
        repos = self.view.repos()
        if "repo_id" in params:
            found = next((r for r in repos if r.id == int(params["repo_id"])), None)
        else:
            asked = params["repo"].lower()
            found = next((r for r in repos if r.full_name.lower() == asked), None)
            moved = next((r for r in repos if asked in (old.lower() for old in r.old_names)), None)
            if found is None and moved is not None:
                raise Refused(301, "Moved Permanently", {"Location": self._moved(params["repo"], moved)})
        if found is None:
            raise Refused(404, "Not Found")
        return found

    def _moved(self, old: str, repo: Repo) -> str:
        rest = self.path[len(f"/repos/{old}") :]
        query = f"?{urlencode(dict(self.request.query))}" if self.request.query else ""
        return f"{self.at.api}/repositories/{repo.id}{rest}{query}"

    def run(self, repo: Repo, params: Params) -> Run:
        run = self.view.run(int(params["run"]))
        if run is None or run.repo_id != repo.id:
            raise Refused(404, "Not Found")
        return run

    def attempt(self, run: Run, params: Params) -> Attempt:
        if "attempt" not in params:
            return run.attempt_at(self.now)
        number = int(params["attempt"])
        for attempt in run.attempts:
            if attempt.number == number and attempt.created_at <= self.now:
                return attempt
        raise Refused(404, "Not Found")

    def workflow(self, repo: Repo, workflow_id: int) -> Workflow:
        found = next((w for w in self.view.workflows(repo.id) if w.id == workflow_id), None)
        if found is None:
            raise Refused(404, "Not Found")
        return found

    def listed(
        self, name: str, rows: Sequence[Any], page: Page, repo: Repo | None, draw: Callable[[Any], Any]
    ) -> Answer:
        """One page of a list with its Link header; ``draw`` renders a row."""
        body: dict[str, Any] = {"total_count": len(rows), name: [draw(row) for row in page.cut(rows)]}
        return json_answer(body, self.links(len(rows), page, repo))

    def links(self, total: int, page: Page, repo: Repo | None) -> dict[str, str]:
        path = self.path
        if repo is not None:
            path = re.sub(r"^/repos/[^/]+/[^/]+", f"/repositories/{repo.id}", self.path)
        last, parts = page.last(total), []

        def link(number: int, word: str) -> None:
            query = urlencode({**self.request.query, "page": number})
            parts.append(f'<{self.at.api}{path}?{query}>; rel="{word}"')

        if page.number > 1:
            link(min(page.number - 1, last), "prev")
        if page.number < last:
            link(page.number + 1, "next")
            link(last, "last")
        if page.number > 1:
            link(1, "first")
        return {"Link": ", ".join(parts)} if parts else {}
