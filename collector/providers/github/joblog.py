"""The log of a failed job: GitHub answers with a signed address on another host, which gets no credentials of ours."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import httpx

from collector.domain.errors import BadAnswer, NotFound, Unreachable
from collector.domain.logs import FailingStep, snippet
from collector.domain.model import JobWord, LogSnippet, Status, Step
from collector.providers.github.api import GithubApi
from collector.providers.github.repo import Repo
from collector.providers.http import origin_of
from collector.providers.tail import get_tail

KEPT_BYTES = 256 * 1024
MAX_LOG_BYTES = 64 * 1024 * 1024
SNIPPET_BYTES = 16 * 1024


def read_log(
    api: GithubApi, repo: Repo, job: JobWord, transport: httpx.BaseTransport | None = None
) -> LogSnippet | None:
    """The part of the job's log that says why it failed; None when it is empty.

    Raises NotFound (deleted), Unreachable, BadAnswer (too long, or an address that is not for logs), Waiting.
    """
    reply = api.ask(f"{repo.base}/actions/jobs/{job.job_id}/logs")
    raw = reply.body[-KEPT_BYTES:] if reply.status == 200 else _signed(reply.location, repo.source.url, transport)
    step = failing_step(job)
    text, error_line = snippet(raw, step=_named(step), max_bytes=SNIPPET_BYTES)
    if not text:
        return None
    return LogSnippet(job.key, text, error_line, job_name=job.name, step_name=step.name if step else None)


def failing_step(job: JobWord) -> Step | None:
    """The job's first failed step."""
    return next((step for step in job.steps if step.status is Status.FAILURE), None)


def _named(step: Step | None) -> FailingStep | None:
    return FailingStep(step.name, step.started_at, step.completed_at) if step else None


def _signed(location: str | None, api_url: str, transport: httpx.BaseTransport | None) -> bytes:
    if location is None:
        raise BadAnswer("GitHub did not say where the log is")
    refuse_inside(location, api_url)
    tail = get_tail(location, keep_bytes=KEPT_BYTES, max_bytes=MAX_LOG_BYTES, transport=transport)
    if tail.status in (404, 410):
        raise NotFound("the log is not there any more")
    if tail.status != 200:
        raise Unreachable(f"the host of the log answers {tail.status}")
    return tail.kept


def refuse_inside(location: str, api_url: str) -> None:
    """Raises BadAnswer for an address no log has: a lying API must not make us ask this machine or its metadata."""
    origin = origin_of(location)
    if origin.startswith("http:") and api_url.startswith("https:"):
        raise BadAnswer("GitHub points to a log over plain http; it is not followed")
    if _is_inside(location) and not _is_inside(api_url):
        raise BadAnswer("GitHub points to a log on this machine or its own network; it is not followed")


def _is_inside(url: str) -> bool:
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_link_local or address.is_unspecified
