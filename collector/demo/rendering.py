"""GitHub's JSON objects from plans: the field sets of its REST answers and webhooks, API version 2022-11-28."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha1
from typing import Any
from urllib.parse import quote

from collector.demo.layout import steps_of
from collector.demo.plans import (
    Attempt,
    Job,
    Person,
    Repo,
    Run,
    Workflow,
    attempt_status,
    attempt_updated_at,
    job_status,
    visible_jobs,
)

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


def workflow(at: Addresses, repo: Repo, item: Workflow) -> Json:
    file = f"{at.web}/{repo.full_name}/blob/{repo.default_branch}/{item.path}"
    return {
        "id": item.id,
        "node_id": node_id("W", item.id),
        "name": item.name,
        "path": item.path,
        "state": item.state,
        "created_at": instant(item.created_at),
        "updated_at": instant(item.updated_at or item.created_at),
        "url": f"{at.api}/repos/{repo.full_name}/actions/workflows/{item.id}",
        "html_url": file,
        "badge_url": f"{at.web}/{repo.full_name}/workflows/{quote(item.name)}/badge.svg",
    }


def _head_commit(entry: Run, attempt: Attempt) -> Json:
    who = {"name": entry.actor.name, "email": f"{entry.actor.login}@users.acme.example"}
    return {
        "id": entry.sha,
        "tree_id": sha1(entry.sha.encode(), usedforsecurity=False).hexdigest(),
        "message": entry.message,
        "timestamp": instant(attempt.created_at - timedelta(minutes=2)),
        "author": who,
        "committer": who,
    }


def _pull_requests(at: Addresses, repo: Repo, entry: Run) -> list[Json]:
    if entry.pull_number is None or entry.fork is not None:
        return []
    ends = {"id": repo.id, "url": f"{at.api}/repos/{repo.full_name}", "name": repo.name}
    return [
        {
            "url": f"{at.api}/repos/{repo.full_name}/pulls/{entry.pull_number}",
            "id": number_of(f"{repo.id}/{entry.pull_number}"),
            "number": entry.pull_number,
            "head": {"ref": entry.branch, "sha": entry.sha, "repo": ends},
            "base": {"ref": repo.default_branch, "sha": entry.sha[::-1], "repo": ends},
        }
    ]


def _run_links(base: str, web: str, attempt: int) -> Json:
    return {
        "jobs_url": f"{base}/jobs",
        "logs_url": f"{base}/logs",
        "artifacts_url": f"{base}/artifacts",
        "cancel_url": f"{base}/cancel",
        "rerun_url": f"{base}/rerun",
        "previous_attempt_url": f"{base}/attempts/{attempt - 1}" if attempt > 1 else None,
        "url": base,
        "html_url": web,
    }


def run(
    at: Addresses, repo: Repo, item: Workflow, entry: Run, attempt: Attempt, now: datetime, *, own_birth: bool = False
) -> Json:
    """A run at ``attempt`` as of ``now``. ``own_birth``: created_at is the attempt's, as ``/attempts/{n}`` tells it."""
    base = f"{at.api}/repos/{repo.full_name}/actions/runs/{entry.id}"
    web = f"{at.web}/{repo.full_name}/actions/runs/{entry.id}"
    status = attempt_status(attempt, now)
    suite = 10_000_000_000 + entry.id
    home = minimal_repo(at, repo.id, repo.full_name, repo.private)
    head = home if entry.fork is None else minimal_repo(at, number_of(entry.fork), entry.fork, False, True)
    return {
        "id": entry.id,
        "name": item.name if entry.name is None else entry.name,
        "node_id": node_id("WFR", entry.id),
        "head_branch": entry.branch,
        "head_sha": entry.sha,
        "path": item.path,
        "display_title": entry.title,
        "run_number": entry.number,
        "event": entry.event,
        "status": status,
        "conclusion": attempt.conclusion if status == "completed" else None,
        "workflow_id": item.id,
        "check_suite_id": suite,
        "check_suite_node_id": node_id("CS", suite),
        "pull_requests": _pull_requests(at, repo, entry),
        "created_at": instant(attempt.created_at if own_birth else entry.created_at),
        "updated_at": instant(attempt_updated_at(attempt, now)),
        "actor": user(at, entry.actor),
        "run_attempt": attempt.number,
        "referenced_workflows": [],
        "run_started_at": instant(attempt.started_at),
        "triggering_actor": user(at, attempt.actor),
        "check_suite_url": f"{at.api}/repos/{repo.full_name}/check-suites/{suite}",
        "workflow_url": f"{at.api}/repos/{repo.full_name}/actions/workflows/{item.id}",
        "head_commit": _head_commit(entry, entry.attempts[0]),
        "repository": home,
        "head_repository": head,
        **_run_links(base, web, attempt.number),
    }


def steps(entry: Job, now: datetime) -> list[Json]:
    rows = []
    for step in steps_of(entry, now):
        ended = step.ends_at is not None and step.ends_at <= now
        started = step.starts_at <= now
        rows.append(
            {
                "name": step.name,
                "status": "completed" if ended else "in_progress" if started else "queued",
                "conclusion": step.conclusion if ended else None,
                "number": step.number,
                "started_at": instant(step.starts_at) if started else None,
                "completed_at": instant(step.ends_at) if ended else None,
            }
        )
    return rows


def job(at: Addresses, repo: Repo, item: Workflow, entry: Run, attempt: int, part: Job, now: datetime) -> Json:
    base = f"{at.api}/repos/{repo.full_name}"
    status = job_status(part, now)
    runner = part.runner if status != "queued" and part.runner else None
    number = number_of(runner) % 100_000 if runner else 0
    begun = status in ("in_progress", "completed")
    group = "" if part.carried_over else "GitHub Actions" if runner else None
    return {
        "id": part.id,
        "run_id": entry.id,
        "workflow_name": item.name,
        "head_branch": entry.branch,
        "run_url": f"{base}/actions/runs/{entry.id}",
        "run_attempt": attempt,
        "node_id": node_id("CR", part.id),
        "head_sha": entry.sha,
        "url": f"{base}/actions/jobs/{part.id}",
        "html_url": f"{at.web}/{repo.full_name}/actions/runs/{entry.id}/job/{part.id}",
        "status": status,
        "conclusion": part.conclusion if status == "completed" else None,
        "created_at": instant(part.created_at),
        # A waiting job tells its birth as its start: started_at proves no start.
        "started_at": instant(part.starts_at if begun and part.starts_at else part.created_at),
        "completed_at": instant(part.ends_at) if status == "completed" else None,
        "name": part.name,
        "steps": steps(part, now),
        "check_run_url": f"{base}/check-runs/{part.id}",
        "labels": list(part.labels),
        "runner_id": 0 if part.carried_over else number if runner else None,
        "runner_name": "" if part.carried_over else runner,
        "runner_group_id": 0 if part.carried_over else 2 if runner else None,
        "runner_group_name": group,
    }


def jobs(at: Addresses, repo: Repo, item: Workflow, entry: Run, attempt: Attempt, now: datetime) -> list[Json]:
    return [job(at, repo, item, entry, attempt.number, part, now) for part in visible_jobs(attempt, now)]
