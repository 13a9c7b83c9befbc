"""What is allowed in a config and yet unwise: secrets in the open, mail passwords without encryption."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from config.model import Config
from config.problems import Problem, key_path
from config.secrets import Secret, SecretUse
from config.yamltree import Tree


def warnings_of(
    config: Config, uses: Iterable[SecretUse], environ: Mapping[str, str], tree: Tree, file: Path
) -> Iterator[Problem]:
    """In the order of the file; ``uses`` are the config's secrets with their places in the file."""
    told: set[Path] = set()
    for use in uses:
        line, place = tree.line_of(use.path), key_path(use.path)
        if isinstance(use.secret, Secret) and use.secret.is_literal:
            message = "holds the secret itself; write ${NAME} and set NAME in the environment, or NAME_FILE to a file"
            yield Problem(str(file), line, place, message)
            if file not in told and _readable_by_all(file):
                yield Problem(str(file), None, "", _exposed(file))
            told.add(file)
        for path in _files(use, environ):
            if path not in told and _readable_by_all(path):
                yield Problem(str(file), line, place, _exposed(path))
            told.add(path)
    yield from _mail_in_the_clear(config, tree, file)


def _mail_in_the_clear(config: Config, tree: Tree, file: Path) -> Iterator[Problem]:
    for index, receiver in enumerate(config.receivers):
        if receiver.email and receiver.email.tls == "none" and receiver.email.password:
            place = ("receivers", index, "email", "tls")
            message = "sends the password unprotected; use starttls or ssl unless the server is on this machine"
            yield Problem(str(file), tree.line_of(place), key_path(place), message)


def _files(use: SecretUse, environ: Mapping[str, str]) -> Iterator[Path]:
    if isinstance(use.secret, Path):
        yield use.secret
        return
    for name in sorted(use.secret.names()):
        if name not in environ and environ.get(f"{name}_FILE"):
            yield Path(environ[f"{name}_FILE"])


def _exposed(path: Path) -> str:
    return f"{path} holds a secret and every user of this machine can read it; chmod 600 it"


def _readable_by_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except (OSError, ValueError):
        return False
