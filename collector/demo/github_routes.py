"""What the demo's GitHub answers at which path."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from collector.demo import homes, rendering
from collector.demo.faults import Answer
from collector.demo.github_call import Call, Params, Refused, json_answer, token_of
from collector.demo.plans import Repo, Run, Workflow, job_status
from collector.demo.selection import SEARCH_WORDS, BadQuery, page_of, selected

Route = Callable[[Call, Params], Answer]


def _repo(call: Call, params: Params) -> Answer:
    return json_answer(homes.full_repo(call.at, call.repo(params), call.now))


def _workflows(call: Call, params: Params) -> Answer:
    repo = call.repo(params)
    rows = call.view.workflows(repo.id)
    return call.listed(
        "workflows", rows, page_of(call.request.query), repo, lambda w: rendering.workflow(call.at, repo, w)
    )


def _find_workflow(call: Call, repo: Repo, name: str) -> Workflow:
    if name.isdigit():
        return call.workflow(repo, int(name))
    for item in call.view.workflows(repo.id):
        if item.path.rpartition("/")[2] == name:
            return item
    raise Refused(404, "Not Found")


def _workflow(call: Call, params: Params) -> Answer:
    repo = call.repo(params)
    return json_answer(rendering.workflow(call.at, repo, _find_workflow(call, repo, params["workflow"])))


def _runs(call: Call, params: Params) -> Answer:
    repo, query = call.repo(params), call.request.query
    rows: Sequence[Run] = call.view.runs(repo.id)
    if "workflow" in params:
        wanted = _find_workflow(call, repo, params["workflow"]).id
        rows = [run for run in rows if run.workflow_id == wanted]
    try:
        rows = selected(rows, query, call.now)
    except BadQuery as exc:
        raise Refused(422, str(exc)) from exc
    page = page_of(query, capped=any(word in query for word in SEARCH_WORDS))
    items = {w.id: w for w in call.view.workflows(repo.id)}

    def draw(run: Run) -> Any:
        return rendering.run(call.at, repo, items[run.workflow_id], run, run.attempt_at(call.now), call.now)

    return call.listed("workflow_runs", rows, page, repo, draw)


def _run(call: Call, params: Params) -> Answer:
    repo = call.repo(params)
    run = call.run(repo, params)
    item = call.workflow(repo, run.workflow_id)
    attempt = call.attempt(run, params)
    return json_answer(
        rendering.run(call.at, repo, item, run, attempt, call.now, own_birth="attempt" in params)
    )  # fmt: skip


def _jobs(call: Call, params: Params) -> Answer:
    repo = call.repo(params)
    run = call.run(repo, params)
    item = call.workflow(repo, run.workflow_id)
    attempts = [call.attempt(run, params)]
    if call.request.query.get("filter") == "all" and "attempt" not in params:
        attempts = [attempt for attempt in run.attempts if attempt.created_at <= call.now]
    rows = [job for attempt in attempts for job in rendering.jobs(call.at, repo, item, run, attempt, call.now)]
    return call.listed("jobs", rows, page_of(call.request.query), repo, lambda row: row)


def _job(call: Call, params: Params) -> Answer:
    repo = call.repo(params)
    found = call.view.job(int(params["job"]))
    if found is None or found[0].repo_id != repo.id:
        raise Refused(404, "Not Found")
    run, attempt, job = found
    item = call.workflow(repo, run.workflow_id)
    return json_answer(rendering.job(call.at, repo, item, run, attempt, job, call.now))


def _job_logs(call: Call, params: Params) -> Answer:
    repo = call.repo(params)
    found = call.view.job(int(params["job"]))
    if found is None or found[0].repo_id != repo.id or job_status(found[2], call.now) != "completed":
        raise Refused(404, "Not Found")
    return Answer(302, {"Location": call.server.blobs.sign(int(params["job"])), "Content-Type": "text/html"})


def _timing(call: Call, params: Params) -> Answer:
    run = call.run(call.repo(params), params)
    attempt = run.attempt_at(call.now)
    if attempt.ends_at is None or attempt.ends_at > call.now:
        return json_answer({"billable": {}})
    length = attempt.ends_at - attempt.started_at
    return json_answer({"billable": {}, "run_duration_ms": round(length.total_seconds() * 1000)})


def _org_repos(call: Call, params: Params) -> Answer:
    repos = [r for r in call.view.repos() if r.owner.lower() == params["owner"].lower()]
    if not repos:
        raise Refused(404, "Not Found")
    page = page_of(call.request.query)
    rows = [homes.full_repo(call.at, repo, call.now) for repo in page.cut(repos)]
    return json_answer(rows, call.links(len(repos), page, None))


def _installation(call: Call, params: Params) -> Answer:
    page = page_of(call.request.query)
    return call.listed(
        "repositories", call.view.repos(), page, None, lambda repo: homes.full_repo(call.at, repo, call.now)
    )


def _org(call: Call, params: Params) -> Answer:
    if not any(r.owner.lower() == params["owner"].lower() for r in call.view.repos()):
        raise Refused(404, "Not Found")
    return json_answer(homes.organization(call.at, params["owner"]))


def _user(call: Call, params: Params) -> Answer:
    return json_answer(homes.user(call.at, call.server.person))


def _rate_limit(call: Call, params: Params) -> Answer:
    quota = call.server.limits.look(token_of(call.request), call.now).as_json()
    return json_answer({"resources": {"core": quota}, "rate": quota})


def _app_token(call: Call, params: Params) -> Answer:
    """An App's installation token for its JWT, as ``POST /app/installations/{id}/access_tokens`` gives it."""
    if (token_of(call.request) or "").count(".") != 2:
        raise Refused(401, "A JSON web token could not be decoded")
    token, ends = call.server.issue_token(), call.now + timedelta(hours=1)
    body = {"token": token, "expires_at": homes.instant(ends), "permissions": {"actions": "read"}}
    return json_answer(body, status=201)


_HOME = r"(?:/repos/(?P<repo>[^/]+/[^/]+)|/repositories/(?P<repo_id>\d+))"
_RUN = _HOME + r"/actions/runs/(?P<run>\d+)"
_ROUTES: tuple[tuple[str, str, Route], ...] = (
    ("GET", _HOME, _repo),
    ("GET", _HOME + r"/actions/workflows", _workflows),
    ("GET", _HOME + r"/actions/workflows/(?P<workflow>[^/]+)", _workflow),
    ("GET", _HOME + r"/actions/workflows/(?P<workflow>[^/]+)/runs", _runs),
    ("GET", _HOME + r"/actions/runs", _runs),
    ("GET", _RUN, _run),
    ("GET", _RUN + r"/attempts/(?P<attempt>\d+)", _run),
    ("GET", _RUN + r"/jobs", _jobs),
    ("GET", _RUN + r"/attempts/(?P<attempt>\d+)/jobs", _jobs),
    ("GET", _RUN + r"/timing", _timing),
    ("GET", _HOME + r"/actions/jobs/(?P<job>\d+)", _job),
    ("GET", _HOME + r"/actions/jobs/(?P<job>\d+)/logs", _job_logs),
    ("GET", r"/orgs/(?P<owner>[^/]+)", _org),
    ("GET", r"/orgs/(?P<owner>[^/]+)/repos", _org_repos),
    ("GET", r"/installation/repositories", _installation),
    ("GET", r"/user", _user),
    ("GET", r"/rate_limit", _rate_limit),
    ("POST", r"/app/installations/(?P<installation>\d+)/access_tokens", _app_token),
)
_COMPILED = tuple((method, re.compile(pattern), route) for method, pattern, route in _ROUTES)


def route(call: Call) -> Answer:
    """The answer for the call's method and path. Raises Refused."""
    asked = "GET" if call.request.method == "HEAD" else call.request.method
    for method, pattern, handler in _COMPILED:
        match = pattern.fullmatch(call.path)
        if match is not None and method == asked:
            return handler(call, {name: value for name, value in match.groupdict().items() if value is not None})
    raise Refused(404, "Not Found")
