"""A repo's workflows: their names, which of them are disabled, and which are gone.

All of them are remembered, also those that the source leaves out: a run's own name may be what its ``run-name:`` says,
so which workflow it is of is told by the workflow's id.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from collector.domain.model import PipelineRef, WorkflowWord
from collector.providers.base import DELETED, Batch, Memory
from collector.providers.github.api import GithubApi
from collector.providers.github.mapping import PROVIDER, map_list, workflow_word
from collector.providers.github.repo import PAGE, Known, Repo, trouble
from collector.providers.github.selection import takes_pipeline
from collector.providers.github.unlisted import etags

MAX_PAGES = 10
_MARK = "workflows"


def recall(repo: Repo, memory: Memory) -> None:
    """What an earlier process learned and a 304 does not tell again."""
    repo.workflows = _parsed(memory.mark(repo.mark(_MARK)))


def read_workflows(api: GithubApi, repo: Repo, memory: Memory, now: datetime) -> Iterator[Batch]:
    """Those that the source takes, where the list changed. Raises SourceError and MappingError."""
    first = api.changed(f"{repo.base}/actions/workflows?per_page={PAGE}", memory)
    if first is None:
        return
    found: dict[str, WorkflowWord] = {}
    fetched, whole = first, True
    for page in range(MAX_PAGES):
        mapped = map_list(fetched.body, "workflows", lambda raw: workflow_word(raw, repo.place))
        yield from trouble(repo, mapped.problems, "workflows")
        found.update((word.external_id, word) for word in mapped.words)
        whole = not mapped.problems and whole
        if fetched.next_url is None:
            break
        whole = whole and page + 1 < MAX_PAGES
        fetched = api.get(fetched.next_url)
    before = repo.workflows
    told = [*_news(found, before, now), *(_gone(found, before, repo, now) if whole else ())]
    kept = {name: Known(word.name, word.path, word.state) for name, word in found.items()}
    repo.workflows = kept if whole else {**before, **kept}
    words = tuple(word for word in told if _is_taken(repo, word))
    yield Batch(words=words, etags=etags(first), marks={repo.mark(_MARK): _text(repo.workflows)})


def _news(found: Mapping[str, WorkflowWord], before: Mapping[str, Known], now: datetime) -> Iterator[WorkflowWord]:
    """All, as they are told; what is not as it was is so from now on, as the workflow's own time may not say it."""
    for name, word in found.items():
        changed = bool(before) and before.get(name) != Known(word.name, word.path, word.state)
        at = word.updated_at
        yield replace(word, updated_at=max(at, now) if at else now) if changed else word


def _gone(
    found: Mapping[str, WorkflowWord], before: Mapping[str, Known], repo: Repo, now: datetime
) -> Iterator[WorkflowWord]:
    """Their files were deleted or renamed; GitHub lists them no more, and their builds are kept."""
    for name in before.keys() - found.keys():
        known = before[name]
        yield WorkflowWord(
            PROVIDER, repo.instance, repo.name, name, known.name, known.path, DELETED,
            updated_at=now, repo_external_id=repo.repo_id,
        )  # fmt: skip


def _is_taken(repo: Repo, word: WorkflowWord) -> bool:
    return takes_pipeline(repo.source, PipelineRef(word.external_id, word.name, word.path))


def _text(workflows: Mapping[str, Known]) -> str:
    return json.dumps({name: [one.name, one.path, one.state] for name, one in sorted(workflows.items())})


def _parsed(text: str | None) -> Mapping[str, Known]:
    """Nothing for what was not written by ``_text``: the list is then read as for the first time."""
    with suppress(ValueError, TypeError, AttributeError):
        return {name: Known(*told) for name, told in json.loads(text or "{}").items()}
    return {}
