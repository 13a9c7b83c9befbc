"""Which commit and branch a build is of: its git data, where that of a shared library comes first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from collector.domain.names import clean_branch
from collector.providers.jenkins.fields import Fields, objects


@dataclass(frozen=True, slots=True)
class Revision:
    """A checkout of a build; ``remotes`` are where it came from, normalised by ``remote_of``."""

    commit: str
    branch: str | None
    remotes: frozenset[str]


def revision_of(actions: Iterable[Fields], remotes: frozenset[str], branch: str | None) -> Revision | None:
    """The checkout of the job's own source code; None when the build failed before it, or has none.

    The shared library's checkout comes first, so of several the job's remote decides, then the branch of a
    multibranch job, then the place: the last.
    """
    found = list(_revisions(actions))
    own = [one for one in found if one.remotes & remotes]
    of_branch = [one for one in found if branch is not None and one.branch == branch]
    candidates = own or of_branch or found
    return candidates[-1] if candidates else None


def remote_of(url: str) -> str:
    """A remote's address in one spelling, so that ssh and https are the same place.

    >>> remote_of("git@github.com:Acme/web.git") == remote_of("https://github.com/acme/web/")
    True
    """
    text = re.sub(r"^[a-z+]+://", "", url.strip().lower()).rpartition("@")[2]
    host, _, path = text.replace(":", "/", 1).partition("/")
    return f"{host}/{path.strip('/').removesuffix('.git')}"


def remotes_of(urls: Sequence[object]) -> frozenset[str]:
    return frozenset(remote_of(url) for url in urls if isinstance(url, str) and url)


def _revisions(actions: Iterable[Fields]) -> Iterator[Revision]:
    for action in actions:
        built = action.child("lastBuiltRevision")
        commit = (built and built.text("SHA1")) or action.text("mercurialRevisionNumber")
        if commit:
            yield Revision(commit, _branch(built), remotes_of(action.items("remoteUrls")))


def _branch(built: Fields | None) -> str | None:
    """The first named branch; a commit that was checked out by its hash is on the branch ``detached``: none."""
    for branch in objects(built, "branch") if built else []:
        name = branch.text("name")
        if name and name != "detached":
            return clean_branch(name)
    return None
