"""What a run's own message does not tell: its jobs with their steps, its earlier attempts, a failed build's log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import structlog

from collector.domain.errors import BadAnswer, MappingError, NotAllowed, NotFound, SourceError, Waiting
from collector.domain.model import BuildKey, JobWord, LogSnippet, RunWord, Status
from collector.providers.base import GONE, Batch, DetailRead, GivenUp, KnownBuild, Memory, Trouble
from collector.providers.github.api import GithubApi
from collector.providers.github.joblog import read_log
from collector.providers.github.limits import BadCredentials
from collector.providers.github.mapping import Place, job_word, map_list, run_word
from collector.providers.github.repo import PAGE, Repo, needs_details, trouble

MAX_JOB_PAGES = 20
MAX_EARLIER_ATTEMPTS = 50
BATCH_WORDS = 400
_NEVER = datetime.min.replace(tzinfo=UTC)
_log = structlog.get_logger(__name__)


class Details:
    """Reads the details of one repo's runs. ``complete`` turns False when some have to be read again."""

    def __init__(
        self,
        api: GithubApi,
        repo: Repo,
        memory: Memory,
        transport: httpx.BaseTransport | None,
        *,
        logs: bool = True,
    ) -> None:
        self._api, self._repo, self._memory, self._transport = api, repo, memory, transport
        self._logs = logs
        self.complete = True

    def read(self, word: RunWord, known: KnownBuild | None) -> Iterator[Batch]:
        """The run's earlier attempts and, once it is over, its jobs. What fails is told as trouble; the poll goes on.

        Raises Waiting and BadCredentials, which concern the whole source.
        """
        try:
            yield from self._earlier_attempts(word)
            if word.status.finished:
                yield from self._jobs(word, known, newest=True)
        except (Waiting, BadCredentials):
            raise
        except SourceError as exc:
            self.complete = False
            yield Batch(trouble=Trouble(self._repo.configured, exc))

    def _earlier_attempts(self, word: RunWord) -> Iterator[Batch]:
        """Those that storage does not know whole; GitHub forgets some (404), which changes nothing."""
        for attempt in range(max(1, word.key.attempt - MAX_EARLIER_ATTEMPTS), word.key.attempt):
            key = replace(word.key, attempt=attempt)
            known = self._memory.known([key]).get(key.folded)
            if known is not None and _is_whole(known):
                continue
            earlier = self._attempt(key)
            if earlier is None:
                if known is not None and not known.status.finished:
                    yield Batch(given_up=(GivenUp(key, GONE),))
                continue
            yield Batch(words=(earlier,))
            if needs_details(earlier, known):
                yield from self._jobs(earlier, known, newest=False)

    def _attempt(self, key: BuildKey) -> RunWord | None:
        """An earlier attempt; None when GitHub does not have it."""
        fetched = self._api.found(f"{self._repo.base}/actions/runs/{key.external_id}/attempts/{key.attempt}")
        try:
            return run_word(fetched.body, self._repo.place) if fetched else None
        except MappingError as exc:
            raise BadAnswer(
                f"attempt {key.attempt} of run {key.external_id} is not as GitHub's API promises: {exc}"
            ) from exc

    def _jobs(self, word: RunWord, known: KnownBuild | None, *, newest: bool) -> Iterator[Batch]:
        jobs, problems = self._job_words(word, newest=newest)
        yield from trouble(self._repo, problems, f"jobs of run {word.key.external_id}")
        for start in range(BATCH_WORDS, len(jobs), BATCH_WORDS):
            yield Batch(words=jobs[start : start + BATCH_WORDS])
        log_read, snippet = self._log_of(word, jobs, already=known is not None and known.log_read)
        detail = DetailRead(word.key, word.updated_at, log_read=log_read)
        yield Batch(words=jobs[:BATCH_WORDS], logs=(snippet,) if snippet else (), details=(detail,))

    def _job_words(self, word: RunWord, *, newest: bool) -> tuple[list[JobWord], list[MappingError]]:
        """The attempt's jobs; an older Enterprise knows only the list of the newest attempt. None at all is fine."""
        run = f"{self._repo.base}/actions/runs/{word.key.external_id}"
        place = Place(word.key.repo, word.key.instance, word.repo_external_id or self._repo.repo_id)
        url: str | None = self._jobs_url(word.key)
        jobs: dict[str, JobWord] = {}
        problems: list[MappingError] = []
        for number in range(MAX_JOB_PAGES):
            fetched = self._api.found(url) if url else None
            if fetched is None and number == 0 and newest:
                fetched = self._api.found(f"{run}/jobs?per_page={PAGE}")
            if fetched is None:
                break
            try:
                mapped = map_list(fetched.body, "jobs", lambda raw: job_word(raw, place, attempt=word.key.attempt))
            except MappingError as exc:
                raise BadAnswer(
                    f"the jobs of run {word.key.external_id} are not as GitHub's API promises: {exc}"
                ) from exc
            jobs.update({job.job_id: job for job in mapped.words if job.key.external_id == word.key.external_id})
            problems += mapped.problems
            url = fetched.next_url
        return list(jobs.values()), problems

    def again(self, known: KnownBuild) -> Iterator[Batch]:
        """The jobs of a build that goes on, once more; nothing, and no charge, when none of them changed."""
        key = known.key
        url = self._jobs_url(key)
        try:
            fetched = self._api.changed(url, self._memory)
        except NotFound:
            return
        except (Waiting, BadCredentials):
            raise
        except SourceError as exc:
            yield Batch(trouble=Trouble(self._repo.configured, exc))
            return
        if fetched is None:
            return
        place = Place(self._repo.name, key.instance, self._repo.repo_id)
        try:
            mapped = map_list(fetched.body, "jobs", lambda raw: job_word(raw, place, attempt=key.attempt))
        except MappingError as exc:
            yield Batch(trouble=Trouble(self._repo.configured, BadAnswer(f"jobs of run {key.external_id}: {exc}")))
            return
        words = [job for job in mapped.words if job.key.external_id == key.external_id]
        yield Batch(words=words, etags=(fetched.etag,) if fetched.etag else ())

    def _jobs_url(self, key: BuildKey) -> str:
        run = f"{self._repo.base}/actions/runs/{key.external_id}"
        return f"{run}/attempts/{key.attempt}/jobs?per_page={PAGE}"

    def _log_of(self, word: RunWord, jobs: list[JobWord], *, already: bool) -> tuple[bool, LogSnippet | None]:
        """Whether the build's log is done with, and its snippet when it was read now. Only failed builds have one."""
        if already or word.status is not Status.FAILURE or not self._logs:
            return already, None
        failed = [job for job in jobs if job.status is Status.FAILURE and job.key == word.key]
        if not failed:
            return True, None
        first = min(failed, key=lambda job: (job.completed_at or _NEVER, job.job_id))
        try:
            return True, read_log(self._api, self._repo, first, self._transport)
        except (Waiting, BadCredentials):
            raise
        except (NotFound, NotAllowed):
            return True, None  # deleted after its retention, or not for this token: asking again changes nothing
        except SourceError as exc:
            _log.warning(
                "the log of a failed build could not be read; the build is stored without it",
                source=self._repo.source.name,
                repo=self._repo.configured,
                run=word.key.external_id,
                problem=str(exc),
            )
            return False, None


def _is_whole(known: KnownBuild) -> bool:
    """Whether storage knows the build's end and its jobs."""
    return known.run_known and known.status.finished and known.detail_at == known.updated_at
