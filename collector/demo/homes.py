"""GitHub's users, organisations and repositories as JSON, and the small words all its objects share."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha1
from typing import Any
from urllib.parse import quote

from collector.demo.plans import Person, Repo

Json = dict[str, Any]

_REPO_LINKS = (
    ("forks_url", "/forks"), ("keys_url", "/keys{/key_id}"), ("collaborators_url", "/collaborators{/collaborator}"),
    ("teams_url", "/teams"), ("hooks_url", "/hooks"), ("issue_events_url", "/issues/events{/number}"),
    ("events_url", "/events"), ("assignees_url", "/assignees{/user}"), ("branches_url", "/branches{/branch}"),
    ("tags_url", "/tags"), ("blobs_url", "/git/blobs{/sha}"), ("git_tags_url", "/git/tags{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"), ("trees_url", "/git/trees{/sha}"), ("statuses_url", "/statuses/{sha}"),
    ("languages_url", "/languages"), ("stargazers_url", "/stargazers"), ("contributors_url", "/contributors"),
    ("subscribers_url", "/subscribers"), ("subscription_url", "/subscription"), ("commits_url", "/commits{/sha}"),
    ("git_commits_url", "/git/commits{/sha}"), ("comments_url", "/comments{/number}"),
    ("issue_comment_url", "/issues/comments{/number}"), ("contents_url", "/contents/{+path}"),
    ("compare_url", "/compare/{base}...{head}"), ("merges_url", "/merges"),
    ("archive_url", "/{archive_format}{/ref}"), ("downloads_url", "/downloads"), ("issues_url", "/issues{/number}"),
    ("pulls_url", "/pulls{/number}"), ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"), ("labels_url", "/labels{/name}"),
    ("releases_url", "/releases{/id}"), ("deployments_url", "/deployments"),
)  # fmt: skip
_USER_LINKS = (
    ("followers_url", "/followers"), ("following_url", "/following{/other_user}"), ("gists_url", "/gists{/gist_id}"),
    ("starred_url", "/starred{/owner}{/repo}"), ("subscriptions_url", "/subscriptions"),
    ("organizations_url", "/orgs"), ("repos_url", "/repos"), ("events_url", "/events{/privacy}"),
    ("received_events_url", "/received_events"),
)  # fmt: skip


def instant(value: datetime | None) -> str | None:
    """As GitHub writes instants: whole seconds and a Z."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(kind: str, number: int) -> str:
    return f"{kind}_{base64.urlsafe_b64encode(number.to_bytes(9, 'big')).decode()}"


def number_of(text: str) -> int:
    """A lasting number for a name: users and check suites need ids, and nothing hangs on their value."""
    return int.from_bytes(sha1(text.encode(), usedforsecurity=False).digest()[:4], "big")


@dataclass(frozen=True, slots=True)
class Addresses:
    """``api``: base of API addresses; ``web``: base of html_url, on its own host unless it is an Enterprise server."""

    api: str
    web: str


@lru_cache(maxsize=512)
def _user(at: Addresses, login: str, kind: str) -> Json:
    base = f"{at.api}/users/{quote(login)}"
    return {
        "login": login,
        "id": number_of(login),
        "node_id": node_id("U", number_of(login)),
        "avatar_url": f"{at.web}/avatars/{number_of(login)}?v=4",
        "gravatar_id": "",
        "url": base,
        "html_url": f"{at.web}/{'apps/' if kind == 'Bot' else ''}{login.removesuffix('[bot]')}",
        **{name: base + tail for name, tail in _USER_LINKS},
        "type": kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def user(at: Addresses, person: Person) -> Json:
    return _user(at, person.login, "Bot" if person.bot else "User")


def organization(at: Addresses, login: str) -> Json:
    return _user(at, login, "Organization")


@lru_cache(maxsize=512)
def minimal_repo(at: Addresses, repo_id: int, full_name: str, private: bool, fork: bool = False) -> Json:
    """The repository as runs carry it (no default branch in it)."""
    owner, name = full_name.split("/", 1)
    base = f"{at.api}/repos/{full_name}"
    return {
        "id": repo_id,
        "node_id": node_id("R", repo_id),
        "name": name,
        "full_name": full_name,
        "private": private,
        "owner": _user(at, owner, "User" if fork else "Organization"),
        "html_url": f"{at.web}/{full_name}",
        "description": f"Made up for the demo: {name}",
        "fork": fork,
        "url": base,
        **{key: base + tail for key, tail in _REPO_LINKS},
    }


def full_repo(at: Addresses, repo: Repo, now: datetime) -> Json:
    """The repository as ``GET /repos/{owner}/{repo}`` and webhooks have it."""
    clone = f"{at.web}/{repo.full_name}"
    pushed_at = now.replace(minute=0, second=0, microsecond=0)
    return {
        **minimal_repo(at, repo.id, repo.full_name, repo.private),
        "created_at": instant(repo.created_at),
        "updated_at": instant(repo.renamed_at or repo.created_at),
        "pushed_at": instant(max(pushed_at, repo.created_at)),
        "git_url": clone.replace("http://", "git://") + ".git",
        "ssh_url": f"git@{clone.partition('://')[2].partition('/')[0]}:{repo.full_name}.git",
        "clone_url": clone + ".git",
        "svn_url": clone,
        "homepage": None,
        "size": 13674,
        "stargazers_count": 12,
        "watchers_count": 12,
        "language": "TypeScript",
        **{f"has_{what}": what in ("issues", "projects") for what in
           ("issues", "projects", "downloads", "wiki", "pages", "discussions")},
        "forks_count": 2,
        "mirror_url": None,
        "archived": False,
        "disabled": False,
        "open_issues_count": 7,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private" if repo.private else "public",
        "forks": 2,
        "open_issues": 7,
        "watchers": 12,
        "default_branch": repo.default_branch,
    }  # fmt: skip
