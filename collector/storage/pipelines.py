"""Words to pipeline rows, and what pipelines are called.

A pipeline is (provider, instance, repo, workflow id or Jenkins full name); of plain bodies (provider, repo, name).
Its name: the workflow's where that was told, else the latest run's (unless that is its file's path), else its file's.

A build told by jobs alone knows its pipeline's name only. While one pipeline of its repo bears that name, the build is
that one's; while none or several do, it is kept in a row of the name alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from collector.domain.model import BuildRow, PipelineRef, RunWord, WorkflowWord
from collector.storage.repos import RepoRow
from collector.storage.tables import sql, text
from collector.storage.texts import clean, clean_or_none

_COLUMNS = (
    "id, identity, provider, instance, repo_id, external_id, name, path, told_state, left_as, url, told, told_name,"
    " told_at, run_name, run_at, path_at, has_branches"
)
NAMELESS = "unnamed"


@dataclass(slots=True)
class PipelineRow:
    id: int
    identity: str
    provider: str
    instance: str
    repo_id: int | None
    external_id: str | None
    name: str
    path: str | None
    told_state: str | None
    """The provider's own word: ``active``, ``disabled_manually`` …"""
    left_as: str | None
    """Why no source watches it any more: ``deleted`` or ``unwatched``; None while one does."""
    url: str | None
    told: bool
    """Told of by the provider itself, so that it stands also without builds."""
    told_name: str | None
    told_at: str
    run_name: str | None
    run_at: str
    path_at: str
    has_branches: bool

    def effective_name(self) -> str:
        if self.external_id is None:
            return self.name
        file = self.path.rsplit("/", 1)[-1] if self.path else None
        run_name = self.run_name if self.run_name != self.path else None
        return self.told_name or run_name or file or self.external_id

    def effective_state(self) -> str | None:
        return self.left_as or self.told_state


class Pipelines:
    """The pipelines of one transaction."""

    def __init__(self) -> None:
        self.renamed: dict[int, str] = {}
        """Pipelines whose builds bear an old name yet."""
        self.left: set[int] = set()
        """Pipelines that a build was moved away from: perhaps nothing is left of them."""
        self.unsettled: dict[int, set[str]] = {}
        """By repo, names that came to a pipeline or went from it: builds told by them may belong elsewhere now."""
        self._rows: dict[str, PipelineRow] = {}

    def of_build(self, row: BuildRow, repo: RepoRow) -> PipelineRow:
        """The pipeline that a build belongs to."""
        name = clean(row.pipeline.name or row.pipeline.path or NAMELESS)
        if row.pipeline_is_plain:
            identity = json.dumps(["plain", repo.provider, repo.name.lower(), name])
            return self._get(identity, repo.provider, "", None, None, name)
        if row.pipeline.external_id is None:  # only jobs told of it, and those know its name alone
            bearer = _only_bearer(repo.id, name) if row.pipeline.name else None
            identity = bearer or json.dumps(["named", repo.id, name])
            return self._get(identity, repo.provider, repo.instance, repo.id, None, name)
        return self._identified(repo, row.pipeline.external_id)

    def observe(self, word: RunWord, repo: RepoRow) -> None:
        """What a run calls its pipeline; the latest run's words win, whenever they come."""
        if word.pipeline.external_id is None:
            return
        at = text(word.updated_at or word.started_at or word.created_at) or ""
        self._observe(self._identified(repo, word.pipeline.external_id), word.pipeline, at)

    def tell(self, word: WorkflowWord, repo: RepoRow) -> None:
        """What the provider says of the pipeline itself; the latest word wins, whenever it comes."""
        row = self._identified(repo, word.external_id)
        name, at = ("" if word.name == word.path else clean(word.name)), text(word.updated_at) or ""
        if word.path:
            self._observe(row, PipelineRef(path=word.path), at)
        told = (at, name, clean(word.state or ""), clean(word.url or ""))
        if row.told and told <= (row.told_at, row.told_name or "", row.told_state or "", row.url or ""):
            return
        row.told, row.told_at = True, at
        row.told_name = name or None
        row.told_state, row.url = clean_or_none(word.state), clean_or_none(word.url)
        self._save(row)

    def see_branch(self, row: PipelineRow) -> None:
        if not row.has_branches:
            row.has_branches = True
            sql("UPDATE pipelines SET has_branches = 1 WHERE id = ?", (row.id,))

    def is_built(self, row: PipelineRow) -> None:
        """A new build came: whoever tells of it watches it, though no source that polls does."""
        if row.left_as is not None:
            row.left_as = None
            self._save(row)

    def adopt(self, loser_id: int, winner: RepoRow) -> None:
        """What is known of the pipelines of a repo that another takes over goes along."""
        rows = sql(f"SELECT {_COLUMNS} FROM pipelines WHERE repo_id = ? AND external_id IS NOT NULL", (loser_id,))
        for old in [PipelineRow(*row) for row in rows.fetchall()]:
            row = self._identified(winner, old.external_id or "")
            if (old.told, old.told_at, old.told_name or "") > (row.told, row.told_at, row.told_name or ""):
                row.told, row.told_at, row.told_name = old.told, old.told_at, old.told_name
                row.told_state, row.url = old.told_state, old.url
            self._observe(row, PipelineRef(name=old.run_name), old.run_at)
            self._observe(row, PipelineRef(path=old.path), old.path_at)
            self._save(row)

    def drop_of_repo(self, repo_id: int) -> None:
        sql("DELETE FROM pipelines WHERE repo_id = ?", (repo_id,))
        self._rows.clear()

    def tidy(self) -> None:
        """Drops pipelines that nothing is left of, and asks again whether the others have branches."""
        for pipeline_id in sorted(self.left):
            gone = sql(
                "DELETE FROM pipelines WHERE id = ? AND NOT told"
                " AND NOT EXISTS (SELECT 1 FROM builds WHERE pipeline_id = pipelines.id)"
                " RETURNING repo_id, external_id, name",
                (pipeline_id,),
            ).fetchone()
            if gone:
                self._unsettle(*gone)
            sql(
                "UPDATE pipelines SET has_branches = EXISTS (SELECT 1 FROM builds WHERE pipeline_id = pipelines.id"
                " AND branch IS NOT NULL) WHERE id = ?",
                (pipeline_id,),
            )
        if self.left:
            self.left.clear()
            self._rows.clear()

    def _observe(self, row: PipelineRow, told: PipelineRef, at: str) -> None:
        name, path = clean_or_none(told.name), clean_or_none(told.path)
        changed = False
        if name and name != path and (at, name) > (row.run_at, row.run_name or ""):
            row.run_at, row.run_name, changed = at, name, True
        if path and (at, path) > (row.path_at, row.path or ""):
            row.path_at, row.path, changed = at, path, True
        if changed:
            self._save(row)

    def _identified(self, repo: RepoRow, external_id: str) -> PipelineRow:
        external_id = clean(external_id)
        identity = json.dumps([repo.provider, repo.instance, repo.id, external_id])
        return self._get(identity, repo.provider, repo.instance, repo.id, external_id, external_id)

    def _get(
        self, identity: str, provider: str, instance: str, repo_id: int | None, external_id: str | None, name: str
    ) -> PipelineRow:
        row = self._rows.get(identity)
        if row is None:
            row = _find(identity)
            if row is None:
                row = _insert(identity, provider, instance, repo_id, external_id, name)
                self._unsettle(repo_id, external_id, name)
            self._rows[identity] = row
        return row

    def _unsettle(self, repo_id: int | None, external_id: str | None, *names: str) -> None:
        if repo_id is not None and external_id is not None:
            self.unsettled.setdefault(repo_id, set()).update(names)

    def _save(self, row: PipelineRow) -> None:
        name = row.effective_name()
        if name != row.name:
            self._unsettle(row.repo_id, row.external_id, row.name, name)
            row.name = name
            self.renamed[row.id] = name
        sql(
            "UPDATE pipelines SET name = ?, name_key = ?, path = ?, state = ?, told_state = ?, url = ?, told = ?,"
            " told_name = ?, told_at = ?, run_name = ?, run_at = ?, path_at = ? WHERE id = ?",
            (name, name.casefold(), row.path, row.effective_state(), row.told_state, row.url, row.told, row.told_name,
             row.told_at, row.run_name, row.run_at, row.path_at, row.id),
        )  # fmt: skip


def ids_named(names: tuple[str, ...]) -> list[int]:
    """Ids of all pipelines, of any repo, that are called by one of the names."""
    marks = ", ".join("?" * len(names))
    return [row[0] for row in sql(f"SELECT id FROM pipelines WHERE name IN ({marks})", [clean(n) for n in names])]


def has_branches(provider: str, external_id: str) -> bool | None:
    """Whether a pipeline of that id has builds on branches, on any instance; None when none is known."""
    row = sql(
        "SELECT max(has_branches) FROM pipelines WHERE provider = ? AND external_id = ?", (provider, external_id)
    ).fetchone()
    return None if row[0] is None else bool(row[0])


def _only_bearer(repo_id: int, name: str) -> str | None:
    """The identity of the pipeline with an id of its own that bears the name in the repo; None for none or several."""
    rows = sql(
        "SELECT identity FROM pipelines WHERE repo_id = ? AND name = ? AND external_id IS NOT NULL LIMIT 2",
        (repo_id, name),
    ).fetchall()
    return str(rows[0][0]) if len(rows) == 1 else None


def _find(identity: str) -> PipelineRow | None:
    row = sql(f"SELECT {_COLUMNS} FROM pipelines WHERE identity = ?", (identity,)).fetchone()
    return PipelineRow(*row) if row else None


def _insert(
    identity: str, provider: str, instance: str, repo_id: int | None, external_id: str | None, name: str
) -> PipelineRow:
    row = sql(
        "INSERT INTO pipelines (identity, provider, instance, repo_id, external_id, name, name_key, told, told_at,"
        f" run_at, path_at, has_branches) VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', '', '', 0) RETURNING {_COLUMNS}",
        (identity, provider, instance, repo_id, external_id, name, name.casefold()),
    ).fetchone()
    return PipelineRow(*row)
