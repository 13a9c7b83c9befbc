"""Words to repo rows. A repo is its provider's lasting id where that is told, else its name without regard to case.

Order must not matter: the name with the greatest ``seen_at`` is shown, whenever it comes. A word without an id belongs
to the id that bore its name last; until an id shows up, to a row of the name alone, which the id then takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from collector.storage.tables import sql
from collector.storage.texts import clean

_COLUMNS = (
    "id, provider, instance, external_id, name, seen_at, told_branch, told_at, configured_branch, main_seen,"
    " default_branch"
)


@dataclass(slots=True)
class RepoRow:
    id: int
    provider: str
    instance: str
    external_id: str | None
    name: str
    seen_at: str
    """Order of the name: greatest wins. Empty: told without a time."""
    told_branch: str | None
    told_at: str
    configured_branch: str | None
    main_seen: bool
    default_branch: str

    def effective_branch(self) -> str:
        """Told by the provider, else configured by the source, else main if it was ever seen, else master."""
        return self.told_branch or self.configured_branch or ("main" if self.main_seen else "master")


class Takeover(NamedTuple):
    """Builds told under ``name_key`` alone move from the row ``loser`` to the row ``winner``."""

    loser: int
    winner: int
    name_key: str


class Repos:
    """The repos of one transaction."""

    def __init__(self) -> None:
        self.renamed: list[RepoRow] = []
        self.takeovers: list[Takeover] = []
        self.left: set[int] = set()
        """Repos that a build on main was moved away from: perhaps it was the only one."""
        self._seen: dict[tuple[str, str, str, str | None], tuple[RepoRow, str]] = {}
        self._rows: dict[int, RepoRow] = {}

    def resolve(self, provider: str, instance: str, name: str, external_id: str | None, seen_at: str) -> RepoRow:
        """The row that a word speaks of, made or renamed where needed."""
        provider, instance, name = clean(provider), clean(instance), clean(name)
        external_id = clean(external_id) if external_id else None
        cached = self._seen.get((provider, instance, name, external_id))
        if cached and cached[1] >= seen_at:
            return cached[0]
        if external_id is None:
            row = self._by_name(provider, instance, name)
        else:
            row = self._by_id(provider, instance, name, external_id, seen_at)
        self._seen[(provider, instance, name, external_id)] = (row, seen_at)
        return row

    def forget(self) -> None:
        """After rows were taken over, what was looked up before may be gone."""
        self._seen.clear()

    def get(self, repo_id: int) -> RepoRow | None:
        return self._the(get(repo_id))

    def bearer(self, row: RepoRow, name_key: str) -> RepoRow:
        """Whom the name stands for now, of the row's instance; the row itself when nobody bore it."""
        return self._the(named(row.provider, row.instance, name_key)) or row

    def _the(self, row: RepoRow | None) -> RepoRow | None:
        """One object a row: a repo may be met under several names, and each must know what the others learned."""
        return None if row is None else self._rows.setdefault(row.id, row)

    def tell_branch(self, repo: RepoRow, branch: str, at: str) -> None:
        """The provider's word about the default branch; the latest wins, whenever it comes."""
        if (at, branch) > (repo.told_at, repo.told_branch or ""):
            repo.told_branch, repo.told_at = clean(branch), at
            self._save(repo)

    def configure_branch(self, repo: RepoRow, branch: str) -> None:
        if branch != repo.configured_branch:
            repo.configured_branch = branch
            self._save(repo)

    def see_branch(self, repo: RepoRow, branch: str | None) -> None:
        if branch == "main" and not repo.main_seen:
            repo.main_seen = True
            self._save(repo)

    def merge_into(self, loser: RepoRow, winner: RepoRow) -> None:
        """What the vanishing row knew about branches goes over to the other."""
        winner.configured_branch = winner.configured_branch or loser.configured_branch
        if loser.told_branch:
            self.tell_branch(winner, loser.told_branch, loser.told_at)
        self._save(winner)

    def tidy(self) -> None:
        """Asks again whether the repos that were left have builds on main."""
        for row in [self.get(repo_id) for repo_id in sorted(self.left)]:
            if row is not None:
                on_main = sql(
                    "SELECT 1 FROM builds WHERE repo_id = ? AND branch = 'main' LIMIT 1", (row.id,)
                ).fetchone()
                row.main_seen = on_main is not None
                self._save(row)
        self.left.clear()

    def _save(self, repo: RepoRow) -> None:
        repo.default_branch = repo.effective_branch()
        sql(
            "UPDATE repos SET told_branch = ?, told_at = ?, configured_branch = ?, main_seen = ?, default_branch = ?"
            " WHERE id = ?",
            (repo.told_branch, repo.told_at, repo.configured_branch, repo.main_seen, repo.default_branch, repo.id),
        )

    def _by_name(self, provider: str, instance: str, name: str) -> RepoRow:
        row = self._the(named(provider, instance, name))
        if row is None:
            row = _insert(provider, instance, None, name, "")
            self._rows[row.id] = row
        if row.external_id is None and name > row.name:  # the same but for its case: the greatest text is shown
            self._rename(row, name)
        return row

    def _by_id(self, provider: str, instance: str, name: str, external_id: str, seen_at: str) -> RepoRow:
        row = self._the(_one("provider = ? AND instance = ? AND external_id = ?", (provider, instance, external_id)))
        if row is None:
            row = _insert(provider, instance, external_id, name, seen_at)
            self._rows[row.id] = row
        elif (seen_at, name) > (row.seen_at, row.name):
            row.seen_at = seen_at
            if name != row.name:
                self._rename(row, name)
            sql("UPDATE repos SET seen_at = ? WHERE id = ?", (seen_at, row.id))
        self._bear(row, name.lower(), seen_at)
        return row

    def _rename(self, row: RepoRow, name: str) -> None:
        row.name = name
        sql("UPDATE repos SET name = ?, name_key = ? WHERE id = ?", (name, name.lower(), row.id))
        self.renamed.append(row)

    def _bear(self, row: RepoRow, name_key: str, seen_at: str) -> None:
        """Keeps that the id bore the name, and notes whose words the name alone takes over by that."""
        before = _bearers(row.provider, row.instance, name_key)
        known_at = next((at for at, _, repo_id in before if repo_id == row.id), None)
        if known_at is not None and known_at >= seen_at:
            return
        sql(
            "INSERT INTO repo_names (repo_id, provider, instance, name_key, seen_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (provider, instance, name_key, repo_id) DO UPDATE SET seen_at = excluded.seen_at",
            (row.id, row.provider, row.instance, name_key, seen_at),
        )
        mine = (seen_at, row.external_id or "", row.id)
        if before and max(before) > mine:
            return
        loser = (before and max(before)[2]) or _nameless(row.provider, row.instance, name_key)
        if loser and loser != row.id:
            self.takeovers.append(Takeover(loser, row.id, name_key))


def named(provider: str, instance: str, name: str) -> RepoRow | None:
    """The repo that a name alone stands for."""
    key = name.lower()
    bearers = _bearers(provider, instance, key)
    if bearers:
        return get(max(bearers)[2])
    return _one("provider = ? AND instance = ? AND name_key = ? AND external_id IS NULL", (provider, instance, key))


def names_borne(provider: str, instance: str, external_id: str) -> list[str]:
    """In lower case, the names that the repo has or had and that no other has taken since."""
    rows = sql(
        "SELECT n.repo_id, n.name_key FROM repo_names n JOIN repos r ON r.id = n.repo_id"
        " WHERE r.provider = ? AND r.instance = ? AND r.external_id = ?",
        (provider, clean(instance), clean(external_id)),
    ).fetchall()
    return [name for repo_id, name in rows if (bearer := named(provider, instance, name)) and bearer.id == repo_id]


def instances_of(provider: str, name: str) -> list[str]:
    """The instances on which a repo of this name is known."""
    rows = sql(
        "SELECT DISTINCT instance FROM repos WHERE provider = ? AND name_key = ?", (provider, clean(name).lower())
    )
    return [row[0] for row in rows]


def get(repo_id: int) -> RepoRow | None:
    return _one("id = ?", (repo_id,))


def ids_named(names: tuple[str, ...]) -> list[int]:
    """Ids of all repos, on any instance, that bear one of the names now."""
    marks = ", ".join("?" * len(names))
    rows = sql(f"SELECT id FROM repos WHERE name_key IN ({marks})", [clean(name).lower() for name in names])
    return [row[0] for row in rows]


def _bearers(provider: str, instance: str, name_key: str) -> list[tuple[str, str, int]]:
    """(seen_at, lasting id, row id) of those that ever bore the name; the greatest stands for it."""
    rows = sql(
        "SELECT n.seen_at, r.external_id, n.repo_id FROM repo_names n JOIN repos r ON r.id = n.repo_id"
        " WHERE n.provider = ? AND n.instance = ? AND n.name_key = ?",
        (provider, instance, name_key),
    )
    return rows.fetchall()  # type: ignore[no-any-return]


def _nameless(provider: str, instance: str, name_key: str) -> int | None:
    row = sql(
        "SELECT id FROM repos WHERE provider = ? AND instance = ? AND name_key = ? AND external_id IS NULL",
        (provider, instance, name_key),
    ).fetchone()
    return row[0] if row else None


def _one(where: str, params: tuple[object, ...]) -> RepoRow | None:
    row = sql(f"SELECT {_COLUMNS} FROM repos WHERE {where}", params).fetchone()
    return RepoRow(*row) if row else None


def _insert(provider: str, instance: str, external_id: str | None, name: str, seen_at: str) -> RepoRow:
    row = sql(
        "INSERT INTO repos (provider, instance, external_id, name, name_key, seen_at, told_at, main_seen,"
        f" default_branch) VALUES (?, ?, ?, ?, ?, ?, '', 0, 'master') RETURNING {_COLUMNS}",
        (provider, instance, external_id, name, name.lower(), seen_at),
    ).fetchone()
    return RepoRow(*row)
