"""Words into rows, inside one transaction: finds what they speak of, merges, and writes what differs.

``domain.merge`` decides what a build is, this module where it is kept; it is called by ``collector.ingest`` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from collector.domain.merge import BuildState, given_up, settle, told, whole
from collector.domain.model import (
    BuildKey,
    BuildWord,
    JobWord,
    LogSnippet,
    RepoWord,
    RunWord,
    Status,
    Word,
    WorkflowWord,
)
from collector.domain.projection import job_rows, project
from collector.domain.resuming import resumed
from collector.domain.state_json import to_json
from collector.providers.base import DetailRead, GivenUp
from collector.storage import changes, columns, groups, logtexts, repos
from collector.storage.groups import Stored
from collector.storage.pipelines import PipelineRow, Pipelines
from collector.storage.places import assign, nearest, place_of
from collector.storage.repos import RepoRow, Repos
from collector.storage.tables import sql, text

_Group = tuple[int, str, int]


def _name_order(at: datetime | None, run: str | None) -> str:
    """Orders the names of a repo: by the instant, then by the run that told it, for runs count upwards."""
    known = text(at) or ""
    return f"{known} {int(run):020d}" if known and run and run.isascii() and run.isdigit() else known


class Filing:
    """One transaction's work. ``changed`` and ``created`` are ids in the order they were written."""

    def __init__(self, source: str | None, default_branch: str | None, now: datetime) -> None:
        self.changed: dict[int, None] = {}
        self.created: dict[int, None] = {}
        self.gone: dict[int, None] = {}
        self._source, self._default_branch, self._now = source, default_branch, now
        self._repos, self._pipelines = Repos(), Pipelines()

    def learn(self, words: Sequence[Word]) -> None:
        """Takes up what the words say about repos and pipelines, so that builds are written under their names."""
        for word in words:
            match word:
                case RunWord():
                    repo = self._repo(word)
                    self._pipelines.observe(word, repo)
                    if word.default_branch:
                        at = text(word.updated_at or word.started_at or word.created_at) or ""
                        self._repos.tell_branch(repo, word.default_branch, at)
                case WorkflowWord():
                    self._pipelines.tell(word, self._repo(word))
                case RepoWord():
                    repo = self._repo(word)
                    if word.default_branch:
                        self._repos.tell_branch(repo, word.default_branch, text(word.seen_at) or "")
                case _:
                    self._repo(word)
        self._carry_out()

    def file(self, words: Iterable[BuildWord]) -> int:
        """Merges words into the builds they speak of. Returns how many builds that were."""
        pending: dict[_Group, list[BuildState]] = {}
        placed: dict[_Group, tuple[RepoRow, BuildKey]] = {}
        for word in words:
            repo = self._repo(word)
            group = (repo.id, word.key.external_id, word.key.attempt)
            placed.setdefault(group, (repo, word.key))
            pending.setdefault(group, []).append(told(word))
        for group, states in pending.items():
            repo, key = placed[group]
            self._write_group(repo, groups.load(*group, key), states)
        self._tidy()
        return len(pending)

    def attach(self, log: LogSnippet) -> None:
        """Keeps a log that was read; nothing when its build is not known."""
        stored = self._find(log.key, log.build_started_at)
        if stored and logtexts.put_read(stored.id, log):
            self._rewrite(stored)

    def give_up(self, told: GivenUp) -> None:
        """Ends an unfinished build whose end nobody will tell; nothing when it has ended, or plain bodies alone told
        of it: their sender may yet tell its end."""
        stored = self._find(told.key, told.build_started_at)
        repo = self._repos.get(stored.column("repo_id")) if stored else None
        if stored is None or repo is None or Status(stored.column("status")).finished:
            return
        state = whole(stored.state)
        if state.core is None and not state.jobs:
            return
        key = stored.state.key
        group = groups.load(repo.id, key.external_id, key.attempt, key)
        self._write_group(repo, group, [given_up(stored.state, told.reason)])

    def resume(self, told: GivenUp) -> None:
        """Lets a build go on that was given up for this reason; nothing when it has ended otherwise meanwhile."""
        stored = self._find(told.key, told.build_started_at)
        repo = self._repos.get(stored.column("repo_id")) if stored else None
        state = resumed(stored.state, told.reason) if stored else None
        if stored is not None and repo is not None and state is not None:
            self._update(repo, stored, state, stored.column("incarnation"))

    def note(self, detail: DetailRead) -> None:
        """Remembers that a build's jobs were read."""
        stored = self._find(detail.key, detail.build_started_at)
        if stored:
            groups.note_read(stored, text(detail.updated_at or self._now), detail.log_read)

    def close(self) -> int:
        """Writes the changes; the head of the feed after them."""
        changes.append(list(self.gone), self._now, changes.GONE)
        return changes.append([build_id for build_id in self.changed if build_id not in self.gone], self._now)

    def _repo(self, word: Word) -> RepoRow:
        match word:
            case RunWord():
                at = _name_order(word.updated_at or word.started_at or word.created_at, word.key.external_id)
                row = self._resolve(word.key, word.repo_external_id, at)
            case JobWord():
                at = _name_order(word.completed_at or word.started_at or word.created_at, word.key.external_id)
                row = self._resolve(word.key, word.repo_external_id, at)
            case WorkflowWord():
                at = _name_order(word.updated_at, None)
                row = self._repos.resolve(word.provider, word.instance, word.repo, word.repo_external_id, at)
            case RepoWord():
                row = self._repos.resolve(
                    word.provider, word.instance, word.name, word.external_id, _name_order(word.seen_at, word.seen_in)
                )
            case _:
                row = self._resolve(word.key, None, "")
        if self._default_branch:
            self._repos.configure_branch(row, self._default_branch)
        return row

    def _resolve(self, key: BuildKey, external_id: str | None, at: str) -> RepoRow:
        return self._repos.resolve(key.provider, key.instance, key.repo, external_id, at)

    def _find(self, key: BuildKey, started_at: datetime | None) -> Stored | None:
        repo = repos.named(key.provider, key.instance, key.repo)
        stored = groups.load(repo.id, key.external_id, key.attempt, key) if repo else []
        return nearest(stored, started_at)

    def _write_group(self, repo: RepoRow, stored: list[Stored], states: list[BuildState]) -> None:
        """Settles stored and new states into builds and writes those that differ."""
        settled = settle([*(one.state for one in stored), *states])
        kept = assign(settled, stored)
        if len(stored) > 1 or len(settled) > 1:
            self._make_room(settled, stored, kept)
        for place, state in enumerate(settled):
            one = kept.get(place)
            if one is None:
                self._insert(repo, state, place)
            else:
                self._update(repo, one, state, place)

    def _make_room(self, settled: list[BuildState], stored: list[Stored], kept: dict[int, Stored]) -> None:
        """Drops rows that are one build with another, and frees the places of those that move."""
        for one in stored:
            place = place_of(settled, one.state)
            winner = kept[place]
            if winner.id == one.id:
                if one.column("incarnation") != place:
                    groups.set_aside(one)
                continue
            logtexts.move_read(one.id, winner.id)
            groups.note_read(winner, one.detail_at, one.log_read)
            groups.delete(one)
            self._pipelines.left.add(one.column("pipeline_id"))
            self._repos.left.add(one.column("repo_id"))
            self.gone[one.id] = None

    def _insert(self, repo: RepoRow, state: BuildState, place: int) -> None:
        row = project(state)
        pipeline = self._pipelines.of_build(row, repo)
        facts = columns.Facts(repo, pipeline, self._source, place, None, None, self._now)
        build_id = groups.insert(columns.of(row, state, facts), state, self._now)
        if logtexts.write_pushed(build_id, None, state):
            log = logtexts.shown(build_id, state)
            facts = columns.Facts(repo, pipeline, self._source, place, log, None, self._now)
            groups.show_log(build_id, columns.of(row, state, facts))
        self._see_branch(repo, pipeline, row.branch)
        self._pipelines.is_built(pipeline)
        self.created[build_id] = self.changed[build_id] = None

    def _update(self, repo: RepoRow, stored: Stored, state: BuildState, place: int) -> None:
        log_changed = logtexts.write_pushed(stored.id, stored.state, state)
        row = project(state)
        pipeline = self._pipelines.of_build(row, repo)
        log = logtexts.shown(stored.id, state)
        new = columns.of(row, state, columns.Facts(repo, pipeline, self._source, place, log, stored, self._now))
        words = to_json(state)
        jobs_differ = groups.write_jobs(stored.id, stored.jobs, groups.job_texts(state))
        columns_differ = new != stored.columns
        if columns_differ or words != stored.words:
            groups.update(stored, new, words)
        self._leave(stored, new)
        self._see_branch(repo, pipeline, row.branch)
        if columns_differ or log_changed or (jobs_differ and job_rows(state) != job_rows(stored.state)):
            self.changed[stored.id] = None

    def _rewrite(self, stored: Stored) -> None:
        """Shows a new log in the build's row."""
        repo = self._repos.get(stored.column("repo_id"))
        if repo is not None:
            self._update(repo, stored, stored.state, stored.column("incarnation"))
            self.changed[stored.id] = None

    def _see_branch(self, repo: RepoRow, pipeline: PipelineRow, branch: str | None) -> None:
        if branch is not None:
            self._repos.see_branch(repo, branch)
            self._pipelines.see_branch(pipeline)

    def _leave(self, stored: Stored, new: tuple[object, ...]) -> None:
        """What was known of a repo or pipeline by this build alone may not hold without it."""
        old = [stored.column(name) for name in ("repo_id", "pipeline_id", "branch")]
        now = [groups.column(new, name) for name in ("repo_id", "pipeline_id", "branch")]
        if old != now and old[2] == "main":
            self._repos.left.add(old[0])
        if old[1] != now[1] or (old[2] is not None and now[2] is None):
            self._pipelines.left.add(old[1])

    def _tidy(self) -> None:
        while self._pipelines.left or self._pipelines.unsettled:
            self._settle_names()
            self._pipelines.tidy()
        self._repos.tidy()

    def _settle_names(self) -> None:
        """Builds that know their pipeline's name alone follow the name to whom it stands for now."""
        while self._pipelines.unsettled:
            repo_id, names = self._pipelines.unsettled.popitem()
            repo = self._repos.get(repo_id)
            if repo is not None:
                for stored in groups.load_told_by_pipeline_name(repo_id, sorted(names)):
                    self._update(repo, stored, stored.state, stored.column("incarnation"))

    def _carry_out(self) -> None:
        """What new names mean for what is stored already: rows move to the repo that took their name over, and
        builds, and with them the feed, follow the names of repos and pipelines."""
        if self._repos.takeovers:
            self._repos.forget()
        while self._repos.takeovers:
            takeover = self._repos.takeovers.pop()
            self._take_over(takeover.loser, takeover.winner, takeover.name_key)
        for repo in self._repos.renamed:
            self._follow("repo", repo.name, "repo_id", repo.id)
            for stored in groups.load_of_plain_pipelines(repo.id):
                self._update(repo, stored, stored.state, stored.column("incarnation"))
        self._repos.renamed.clear()
        for pipeline_id, name in self._pipelines.renamed.items():
            self._follow("pipeline", name, "pipeline_id", pipeline_id)
        self._pipelines.renamed.clear()
        self._tidy()

    def _follow(self, column: str, name: str, owner: str, owner_id: int) -> None:
        rows = sql(
            f"UPDATE builds SET {column} = ? WHERE {owner} = ? AND {column} <> ? RETURNING id", (name, owner_id, name)
        )
        self.changed.update(dict.fromkeys(sorted(row[0] for row in rows.fetchall())))

    def _take_over(self, loser_id: int, winner_id: int, name_key: str) -> None:
        loser, winner = self._repos.get(loser_id), self._repos.get(winner_id)
        if loser is None or winner is None:
            return
        winner = self._repos.bearer(winner, name_key)  # of one batch, several may have taken the name in turn
        nameless = loser.external_id is None
        for stored in groups.load_told_by_name(loser_id):
            if nameless or stored.state.key.repo.lower() == name_key:
                key = stored.state.key
                theirs = groups.load(winner.id, key.external_id, key.attempt, key)
                groups.set_aside(stored)
                self._write_group(winner, [*theirs, stored], [])
        if nameless:
            self._repos.merge_into(loser, winner)
            self._pipelines.adopt(loser_id, winner)
            self._pipelines.tidy()
            self._pipelines.drop_of_repo(loser_id)
            sql("DELETE FROM repos WHERE id = ?", (loser_id,))
            self._repos.forget()
