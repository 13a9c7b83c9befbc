"""A lean GitHub on loopback for measuring: many runs, made from numbers when asked for; counts what it is asked.

    python -m bench.github_world --repos 1 --runs 57000 --jobs 10

Prints its port. Runs of a repo are told by arithmetic alone, so its memory does not grow with them. It keeps to what
costs requests: 100 a page, 1,000 a filtered list, ETags by content, 304 free of charge, X-RateLimit headers, and with
``--limit`` it refuses what is beyond it in an hour, and beyond 900 requests a minute, as GitHub does. Its clock is the
``X-Bench-Now`` (epoch seconds) of the last request, or what ``/_clock?at=<epoch>`` said; ``/_counts`` tells.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote, urlencode

PAGE, CAP = 100, 1000
RERUN_EVERY = 50
"""One run in so many was run again: 2 %."""
QUEUED_SECONDS, LENGTH_SECONDS = 20, 300
NO_LIMIT = 10_000_000
HOUR_SECONDS, MINUTE_SECONDS, PER_MINUTE = 3600, 60, 900
"""GitHub's windows; a GET is one of 900 points a minute."""


def is_run_again(repo: int, index: int) -> bool:
    return (index + 7 * repo) % RERUN_EVERY == 7


@dataclass(frozen=True, slots=True)
class Scale:
    repos: int
    runs: int
    jobs: int
    begin: int
    """Epoch of each repo's first run."""
    every_seconds: float
    burst: int = 3
    """So many runs are created in the same second, as a push with several workflows does."""
    limit: int = NO_LIMIT
    old: int = 0
    """So many runs more were over long before ``begin``, an hour apart: a page is full of them."""


@dataclass(slots=True)
class World:
    scale: Scale
    now: float
    counts: Counter[str] = field(default_factory=Counter)
    used: int = 0
    reset_at: float = 0.0
    asked_at: deque[float] = field(default_factory=deque)

    def created(self, repo: int, index: int) -> int:
        """Each repo has an offset of its own, so that they do not all run at once."""
        scale = self.scale
        if index < scale.old:
            return scale.begin - (scale.old - index + 2) * HOUR_SECONDS
        index -= scale.old
        return scale.begin + (repo * 97) % 1800 + int(index // scale.burst * scale.burst * scale.every_seconds)

    def there(self, repo: int) -> int:
        """How many runs the repo has by now."""
        return bisect_right(
            range(self.scale.old + self.scale.runs), self.now, key=lambda index: self.created(repo, index)
        )

    def attempts(self, repo: int, index: int) -> int:
        return 2 if index >= self.scale.old and is_run_again(repo, index - self.scale.old) else 1

    def began(self, repo: int, index: int, attempt: int) -> int:
        return self.created(repo, index) + (attempt - 1) * 1000

    def attempt_now(self, repo: int, index: int) -> int:
        return 2 if self.attempts(repo, index) == 2 and self.began(repo, index, 2) <= self.now else 1

    def status(self, repo: int, index: int, attempt: int) -> tuple[str, str | None, int]:
        """(status, conclusion, updated_at) of an attempt now."""
        began = self.began(repo, index, attempt)
        if self.now < began + QUEUED_SECONDS:
            return "queued", None, began
        if self.now < began + LENGTH_SECONDS:
            return "in_progress", None, began + QUEUED_SECONDS
        failed = attempt < self.attempts(repo, index) or (index + repo) % 29 == 3
        return "completed", "failure" if failed else "success", began + LENGTH_SECONDS

    def refusal(self) -> tuple[str, dict[str, str]] | None:
        """Why the next request is refused, and the headers that say so; counts it in the minute."""
        if self.now >= self.reset_at:
            self.used, self.reset_at = 0, self.now + HOUR_SECONDS
        while self.asked_at and self.asked_at[0] <= self.now - MINUTE_SECONDS:
            self.asked_at.popleft()
        self.asked_at.append(self.now)
        self.counts["most in a minute"] = max(self.counts["most in a minute"], len(self.asked_at))
        if self.scale.limit < NO_LIMIT and len(self.asked_at) > PER_MINUTE:
            return "You have exceeded a secondary rate limit.", {"Retry-After": str(MINUTE_SECONDS)}
        if self.used >= self.scale.limit:
            return "API rate limit exceeded for user ID 1.", {}
        return None


def stamp(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Answers:
    """Paths to bodies."""

    def __init__(self, world: World, url: str) -> None:
        self.world, self.url = world, url

    def of(self, path: str, query: dict[str, str]) -> tuple[str, dict[str, object] | None, str | None]:
        """(kind, body or None, next link)."""
        match = re.fullmatch(r"/repos/acme/r(\d+)(?:/actions/(.*))?", path)
        if match is None or int(match[1]) >= self.world.scale.repos:
            return "unknown", None, None
        repo, rest = int(match[1]), match[2]
        if rest is None:
            return "repo", self._repo(repo), None
        if rest == "workflows":
            return "workflows", {"total_count": 1, "workflows": [self._workflow(repo)]}, None
        if rest == "runs":
            return self._list(repo, path, query)
        return self._one(repo, rest)

    def _repo(self, repo: int) -> dict[str, object]:
        name = f"acme/r{repo}"
        page = f"{self.url}/{name}"
        return {"id": 1000 + repo, "full_name": name, "html_url": page, "default_branch": "main", "archived": False}

    def _workflow(self, repo: int) -> dict[str, object]:
        page = f"{self.url}/acme/r{repo}/actions/workflows/ci.yml"
        return {"id": 50_000 + repo, "name": "CI", "path": ".github/workflows/ci.yml", "state": "active",
                "html_url": page, "updated_at": "2026-01-01T00:00:00Z"}  # fmt: skip

    def _list(self, repo: int, path: str, query: dict[str, str]) -> tuple[str, dict[str, object], str | None]:
        world, there = self.world, self.world.there(repo)
        low, high, kind = 0, there, "newest"
        if "created" in query:
            since, _, until = query["created"].partition("..")
            bounds = [int(datetime.fromisoformat(at).timestamp()) for at in (since, until)]
            found, kind = range(there), "list"
            low = bisect_left(found, bounds[0], key=lambda index: world.created(repo, index))
            high = bisect_right(found, bounds[1], key=lambda index: world.created(repo, index))
        shown: range | list[int] = range(high - 1, low - 1, -1)
        if "status" in query:
            kind = query["status"]
            recent = list(shown[:200])
            shown = [i for i in recent if world.status(repo, i, world.attempt_now(repo, i))[0] == query["status"]]
        page, size = int(query.get("page", 1)), min(PAGE, int(query.get("per_page", 30)))
        reachable = min(len(shown), CAP) if "created" in query else len(shown)
        part = shown[(page - 1) * size : min(page * size, reachable)]
        following = f"{self.url}{path}?{urlencode({**query, 'page': page + 1})}" if page * size < reachable else None
        runs = [self.run(repo, index, world.attempt_now(repo, index)) for index in part]
        return kind, {"total_count": len(shown), "workflow_runs": runs}, following

    def _one(self, repo: int, rest: str) -> tuple[str, dict[str, object] | None, str | None]:
        match = re.fullmatch(r"runs/(\d+)(?:/attempts/(\d+))?(/jobs)?", rest)
        if match is None:
            return "logs" if rest.endswith("/logs") else "unknown", None, None
        index = int(match[1]) - self._run_id(repo, 0)
        if not 0 <= index < self.world.there(repo):
            return "unknown", None, None
        attempt = int(match[2] or self.world.attempt_now(repo, index))
        if match[3]:
            jobs = [self._job(repo, index, attempt, number) for number in range(self.world.scale.jobs)]
            return "jobs", {"total_count": len(jobs), "jobs": jobs}, None
        return "attempt" if match[2] else "run", self.run(repo, index, attempt), None

    @staticmethod
    def _run_id(repo: int, index: int) -> int:
        return 1_000_000 * (repo + 1) + index

    def run(self, repo: int, index: int, attempt: int) -> dict[str, object]:
        world, run_id = self.world, self._run_id(repo, index)
        status, conclusion, updated = world.status(repo, index, attempt)
        home = self._repo(repo)
        return {
            "id": run_id, "name": "CI", "path": ".github/workflows/ci.yml", "workflow_id": 50_000 + repo,
            "status": status, "conclusion": conclusion, "created_at": stamp(world.created(repo, index)),
            "updated_at": stamp(updated), "run_started_at": stamp(world.began(repo, index, attempt)),
            "run_attempt": attempt, "head_branch": "main", "head_sha": f"{run_id:040x}", "event": "push",
            "html_url": f"{home['html_url']}/actions/runs/{run_id}", "actor": {"login": "mira"},
            "head_commit": {"message": f"Change {index}"}, "repository": home, "head_repository": home,
        }  # fmt: skip

    def _job(self, repo: int, index: int, attempt: int, number: int) -> dict[str, object]:
        run_id, began = self._run_id(repo, index), self.world.began(repo, index, attempt)
        status, conclusion, _ = self.world.status(repo, index, attempt)
        ended = stamp(began + LENGTH_SECONDS - number) if conclusion else None
        name = f"test ({number})"
        return {
            "id": run_id * 100 + (attempt - 1) * 50 + number, "run_id": run_id, "run_attempt": attempt, "name": name,
            "status": status, "conclusion": conclusion, "created_at": stamp(began),
            "started_at": stamp(began + QUEUED_SECONDS), "completed_at": ended, "labels": ["ubuntu-latest"],
            "runner_name": None if status == "queued" else "runner-1", "workflow_name": "CI", "head_branch": "main",
            "html_url": f"{self.url}/acme/r{repo}/actions/runs/{run_id}/job/{number}",
            "steps": [{"name": "Run tests", "number": 1, "status": status, "conclusion": conclusion,
                       "started_at": stamp(began + QUEUED_SECONDS), "completed_at": ended}],
        }  # fmt: skip


class Server(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as much of it as one client of ours needs."""

    def __init__(self, answers: Answers) -> None:
        self._answers, self._read = answers, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            self._transport.write(self._answer(head.decode("latin-1")))

    def _answer(self, head: str) -> bytes:
        path, _, text = head.split(" ", 2)[1].partition("?")
        query, world = dict(parse_qsl(text)), self._answers.world
        if path == "/_clock":
            world.now = int(query["at"])
            return self._wire("200 OK", b"{}", {})
        if path == "/_counts":
            return self._wire("200 OK", json.dumps(world.counts).encode(), {})
        if told := re.search(r"(?im)^x-bench-now: ([0-9.]+)", head):
            world.now = float(told[1])
        if refused := world.refusal():
            world.counts["refused"] += 1
            return self._wire(
                "403 Forbidden", json.dumps({"message": refused[0]}).encode(), self._limits() | refused[1]
            )
        kind, body, following = self._answers.of(unquote(path), query)
        world.counts["requests"] += 1
        world.counts[kind] += 1
        return self._granted(head, kind, body, following)

    def _granted(self, head: str, kind: str, body: dict[str, object] | None, following: str | None) -> bytes:
        world = self._answers.world
        sent = b"" if body is None else json.dumps(body).encode()
        etag = f'"{hashlib.md5(sent, usedforsecurity=False).hexdigest()}"'
        known = re.search(r'(?im)^if-none-match: (?:W/)?("[^"]*")', head)
        unchanged = body is not None and known is not None and known[1] == etag
        if not unchanged:
            world.used += 1
            world.counts["charged"] += 1
            world.counts[f"charged: {kind}"] += 1
            world.counts["most charged in an hour"] = max(world.counts["most charged in an hour"], world.used)
        headers = {**self._limits(), "ETag": f"W/{etag}"}
        if following:
            headers["Link"] = f'<{following}>; rel="next"'
        if unchanged:
            return self._wire("304 Not Modified", b"", headers)
        return self._wire("200 OK" if body is not None else "404 Not Found", sent or b"{}", headers)

    def _limits(self) -> dict[str, str]:
        world = self._answers.world
        return {
            "X-RateLimit-Limit": str(world.scale.limit),
            "X-RateLimit-Remaining": str(max(0, world.scale.limit - world.used)),
            "X-RateLimit-Reset": str(int(world.reset_at)),
            "Date": datetime.fromtimestamp(world.now, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }

    @staticmethod
    def _wire(status: str, body: bytes, headers: dict[str, str]) -> bytes:
        length = {} if status.startswith("304") else {"Content-Length": str(len(body))}
        lines = [f"{name}: {value}" for name, value in {**headers, **length}.items()]
        head = "\r\n".join([f"HTTP/1.1 {status}", "Content-Type: application/json", *lines])
        return head.encode() + b"\r\n\r\n" + body


async def serve(scale: Scale, now: int) -> None:
    answers = Answers(World(scale, now), "")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(answers), "127.0.0.1", 0)
    answers.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(answers.url, flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, kind in (("repos", int), ("runs", int), ("jobs", int), ("begin", int), ("now", int), ("every", float)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    parser.add_argument("--limit", type=int, default=NO_LIMIT)
    parser.add_argument("--old", type=int, default=0)
    told = parser.parse_args()
    scale = Scale(told.repos, told.runs, told.jobs, told.begin, told.every, limit=told.limit, old=told.old)
    asyncio.run(serve(scale, told.now))


if __name__ == "__main__":
    main()
