"""How branches, hosts and identities are written, so that poll and push write them alike."""

from __future__ import annotations

from urllib.parse import urlsplit


def clean_branch(branch: str | None) -> str | None:
    """The branch without ``refs/heads/`` and ``origin/``; None for nothing.

    >>> clean_branch("refs/heads/main"), clean_branch("origin/release/1.2"), clean_branch("")
    ('main', 'release/1.2', None)
    """
    if branch is None:
        return None
    for prefix in ("refs/heads/", "refs/remotes/", "origin/"):
        branch = branch.removeprefix(prefix)
    return branch or None


def fork_branch(branch: str | None, head_repo: str | None, repo: str) -> str | None:
    """``owner:branch`` when the head repository is another than the run's own, else the branch."""
    cleaned = clean_branch(branch)
    if cleaned is None or head_repo is None or head_repo.lower() == repo.lower():
        return cleaned
    return f"{head_repo.split('/', 1)[0]}:{cleaned}"


def host_of(url: str) -> str:
    """host[:port] in lower case, default ports left out.

    >>> host_of("https://GitHub.com:443/acme/web"), host_of("http://127.0.0.1:8080/x")
    ('github.com', '127.0.0.1:8080')
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return host if parts.port in (None, default) else f"{host}:{parts.port}"


def controller_of(url: str) -> str:
    """A Jenkins controller's instance: host[:port][/path] in lower case host, without a trailing slash.

    >>> controller_of("https://Jenkins.acme.com/ci/")
    'jenkins.acme.com/ci'
    """
    return host_of(url) + urlsplit(url).path.rstrip("/")


def github_instance_of_api(api_url: str) -> str:
    """The web host that belongs to an API address: api.github.com is github.com's, Enterprise's is its own host.

    >>> github_instance_of_api("https://api.acme.ghe.com"), github_instance_of_api("https://ghe.acme.com/api/v3")
    ('acme.ghe.com', 'ghe.acme.com')
    """
    host = host_of(api_url)
    data_residency = host.startswith("api.") and host.endswith(".ghe.com")
    return host.removeprefix("api.") if host == "api.github.com" or data_residency else host


def github_instances_of_api(api_url: str) -> tuple[str, ...]:
    """The web hosts whose runs an API address may tell of, the likeliest first.

    api.github.com tells of github.com, Enterprise's ``/api/v3`` of its own host. Any other address (a proxy, a
    stand-in) may tell of either.

    >>> github_instances_of_api("https://ghe.acme.com/api/v3"), github_instances_of_api("http://127.0.0.1:9000")
    (('ghe.acme.com',), ('127.0.0.1:9000', 'github.com'))
    """
    own = github_instance_of_api(api_url)
    known = own == "github.com" or urlsplit(api_url).path.rstrip("/").endswith("/api/v3")
    return (own,) if known else (own, "github.com")


def watch_key(provider: str, instance: str, repo: str, pipeline: str | None) -> str:
    """What is watched as one: of Jenkins each pipeline (a job, a multibranch project), of others the whole repo.

    >>> watch_key("github", "github.com", "Acme/Web", "7")
    'github|github.com|acme/web'
    >>> watch_key("jenkins", "ci.acme.com", "acme/web", "platform/web")
    'jenkins|ci.acme.com|platform/web'
    """
    name = pipeline if provider == "jenkins" and pipeline else repo.lower()
    return watch_prefix(provider, instance) + name


def workflow_key(repo_key: str, workflow: str) -> str:
    """The key of one workflow (by its id) of a repo that is watched under ``repo_key``.

    >>> workflow_key("github|github.com|acme/web", "7")
    'github|github.com|acme/web|7'
    """
    return f"{repo_key}|{workflow}"


def repo_and_workflow(name: str) -> tuple[str, str | None]:
    """What a key of GitHub names after its instance: the repo, and the workflow's id in a ``workflow_key``."""
    repo, _, workflow = name.partition("|")
    return repo, workflow or None


def watch_prefix(provider: str, instance: str) -> str:
    """What the ``watch_key`` of all that is watched on an instance begins with."""
    return f"{provider}|{instance}|"


def is_switched_off(state: str | None) -> bool:
    """Whether a pipeline's state says that no builds are to come: disabled, deleted, or watched no more.

    >>> is_switched_off("disabled_manually"), is_switched_off("active"), is_switched_off(None)
    (True, False, False)
    """
    return state is not None and state.startswith(("disabled", "deleted", "unwatched"))


def why_switched_off(state: str | None) -> str:
    """The same in words."""
    if (state or "").startswith("deleted"):
        return "It was deleted."
    return "No source watches it any more." if state == "unwatched" else "Somebody has disabled it."
