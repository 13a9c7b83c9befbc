"""The two hosts beside the demo's GitHub API: where signed log addresses lead, and where html_url leads."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from html import escape
from secrets import token_bytes
from urllib.parse import unquote

from collector.demo.faults import Answer, Request
from collector.demo.layout import steps_of
from collector.demo.plans import attempt_status
from collector.demo.server import LoopbackServer
from collector.demo.texts import job_log
from collector.demo.view import View, World

_VALID = timedelta(seconds=60)


class BlobServer(LoopbackServer):
    """Logs at signed addresses that hold for a minute. Like GitHub's blob store it refuses foreign credentials."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock)
        self._world = world
        self._key = token_bytes(16)

    def _signature(self, job_id: int, ends: int) -> str:
        return hmac.new(self._key, f"{job_id}/{ends}".encode(), sha256).hexdigest()

    def sign(self, job_id: int) -> str:
        """The address of a job's log, valid for a minute of the world's clock."""
        ends = int((self.clock() + _VALID).timestamp())
        return f"{self.url}/logs/{job_id}.txt?se={ends}&sig={self._signature(job_id, ends)}"

    def answer(self, request: Request) -> Answer:
        match = re.fullmatch(r"/logs/(\d+)\.txt", request.path)
        if request.auth is not None:
            return _text(400, "Authentication information is not given in the correct format.")
        if match is None:
            return _text(404, "The specified resource does not exist.")
        job_id, ends = int(match[1]), request.query.get("se", "")
        if not ends.isdigit() or not hmac.compare_digest(
            self._signature(job_id, int(ends)), request.query.get("sig", "")
        ):
            return _text(403, "Signature did not match.")
        now = self.clock()
        if now.timestamp() > int(ends):
            return _text(403, "Signature not valid in the specified time frame.")
        found = self._world.at(now).job(job_id)
        if found is None:
            return _text(404, "The specified blob does not exist.")
        run, _, job = found
        return _text(200, job_log(run, job, steps_of(job, now)))


def _text(status: int, text: str) -> Answer:
    return Answer(status, {"Content-Type": "text/plain; charset=utf-8"}, text.encode(), charged=False)


def html_page(title: str, body: str, status: int = 200) -> Answer:
    """A plain page of the demo; ``body`` is HTML, ``title`` is text."""
    page = f"<!DOCTYPE html><meta charset=utf-8><title>{escape(title)}</title><h1>{escape(title)}</h1>{body}"
    return Answer(status, {"Content-Type": "text/html; charset=utf-8"}, page.encode(), charged=False)


def run_page(view: View, path: str) -> Answer:
    """What a link into the demo's GitHub shows: that it is made up, and how the run stands."""
    match = re.match(r"/[^/]+/[^/]+/actions/runs/(\d+)", path)
    run = view.run(int(match[1])) if match else None
    if run is None:
        return html_page("The demo's GitHub", "<p>There is no such page in this made-up GitHub.</p>", 404)
    attempt = run.attempt_at(view.now)
    status = attempt_status(attempt, view.now)
    told = attempt.conclusion if status == "completed" else status
    return html_page(
        f"{run.title} #{run.number}",
        f"<p>Attempt {attempt.number}: {escape(told)}, on {escape(run.branch)} at {escape(run.sha[:12])}.</p>"
        "<p>This is the made-up GitHub of the CI Health demo.</p>",
    )


class PageServer(LoopbackServer):
    """The host of html_url where it is another than the API's."""

    def __init__(self, world: World, page: Callable[[View, str], Answer] = run_page) -> None:
        super().__init__(world.clock)
        self._world, self._page = world, page

    def answer(self, request: Request) -> Answer:
        return self._page(self._world.at(self.clock()), unquote(request.path))
