"""collectors.yaml to a ``Config``: everything is validated at start, and every error told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from config.crosschecks import cross_problems
from config.model import Config
from config.problems import ConfigErrors, Problem, key_path
from config.problems import Path as Path_
from config.refusals import problems_of
from config.secrets import Need, Secret, SecretError, SecretUse
from config.secretuses import written_uses
from config.settings import unknown_variables
from config.texts import Context
from config.warn import warnings_of
from config.yamltree import NOTHING, Tree, read

DEFAULT_PATH = Path("collectors.yaml")
MAX_BYTES = 1024 * 1024
EVERYTHING: frozenset[Need] = frozenset(Need)
"""For check-config: every secret must be there."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """``path`` is None when there is no file. ``warnings`` are for the operator to read, ``notes`` to know."""

    config: Config
    path: Path | None
    warnings: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def load(path: Path | None, environ: Mapping[str, str], *, need: frozenset[Need]) -> Loaded:
    """Read and validate ``path``; None: collectors.yaml in the working folder, and no file is a config without sources.

    ``need`` says whose secrets must be there. Raises ConfigErrors with all that is wrong.
    """
    if path is None and not DEFAULT_PATH.exists():
        return Loaded(Config(), None, tuple(unknown_variables(environ, frozenset())), _notes(Config()))
    file = path if path is not None else DEFAULT_PATH
    tree = read(_text(file), str(file))
    context = Context(environ, file.absolute().parent)
    problems = [*tree.problems, *_nulls(tree, str(file))]
    config, refused = _validated(tree, context, str(file))
    problems += refused
    problems += cross_problems(tree, str(file))
    uses = list(written_uses(tree.value, context.folder))
    problems += _missing(uses, environ, need, tree, str(file))
    if problems:
        raise ConfigErrors(dict.fromkeys(problems))
    warnings = [*unknown_variables(environ, _named(config, uses)), *warnings_of(config, uses, environ, tree, file)]
    return Loaded(config, file, tuple(warnings), _notes(config))


def _named(config: Config, uses: list[SecretUse]) -> Set[str]:
    """The variables that the file names, in text and as secrets."""
    return config.text_names.union(*(use.secret.names() for use in uses if isinstance(use.secret, Secret)))


def _text(file: Path) -> str:
    def refused(message: str) -> ConfigErrors:
        return ConfigErrors([Problem(str(file), None, "", message)])

    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as exc:
        raise refused("does not exist; check the path given with --config or CIHEALTH_CONFIG") from exc
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise refused(f"cannot be read ({reason}); check what it is and who may read it") from exc
    if len(raw) > MAX_BYTES:
        raise refused("is larger than 1 MiB; a config is much smaller, check that it is the right file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw.count(b"\n", 0, exc.start) + 1
        raise ConfigErrors([Problem(str(file), line, "", "is not UTF-8 text; save it as UTF-8")]) from exc


def _nulls(tree: Tree, file: str) -> Iterator[Problem]:
    """A top key with nothing is left out; a null further down is a problem, as ``token:`` must not mean anonymous."""
    if tree.value is not None and not isinstance(tree.value, dict):
        yield Problem(file, tree.line_of(()), "", "must be a mapping of keys, as sources: and rules:")
    for path, spot in tree.spots.items():
        if spot.read_as == NOTHING and len(path) > 1:
            yield Problem(file, spot.line, key_path(path), "has no value; give it one, or leave the line out")


def _validated(tree: Tree, context: Context, file: str) -> tuple[Config, list[Problem]]:
    """The config of all valid entries, and what is wrong with the others."""
    value = tree.value if isinstance(tree.value, dict) else {}
    value = {key: item for key, item in value.items() if item is not None}
    try:
        config = Config.model_validate(value, context=context)
        problems: list[Problem] = []
    except ValidationError as exc:
        nulls = {key_path(path) for path, spot in tree.spots.items() if spot.read_as == NOTHING}
        problems = [problem for problem in problems_of(exc, Config, tree, file) if problem.key_path not in nulls]
        bad = {tuple(details["loc"]) for details in exc.errors()}
        config = Config.model_validate(_without(value, bad), context=context)
    return config.with_text_names(frozenset(context.names)), problems


def _without(value: dict[str, object], refused: set[Path_]) -> dict[str, object]:
    """The file without the refused entries of its lists, and without its other refused keys."""
    rest: dict[str, object] = {}
    for key, item in value.items():
        places = {loc[1:2] for loc in refused if loc[0] == key}
        if isinstance(item, list) and () not in places:
            rest[key] = [entry for index, entry in enumerate(item) if (index,) not in places]
        elif not places:
            rest[key] = item
    return rest


def _missing(
    uses: list[SecretUse], environ: Mapping[str, str], need: frozenset[Need], tree: Tree, file: str
) -> Iterator[Problem]:
    for use in uses:
        if use.need in need:
            try:
                use.resolve(environ)
            except SecretError as exc:
                yield Problem(file, tree.line_of(use.path), key_path(use.path), str(exc))


def _notes(config: Config) -> tuple[str, ...]:
    notes = []
    if not config.sources:
        notes.append("no sources are configured: builds come by push only; add an entry to sources: in collectors.yaml")
    if config.effective_rules != config.rules:
        notes.append(
            "no rules are configured: every failed build on every branch is told to every receiver; "
            'narrow it with rules: [{name: broken, when: failure, branches: ["@default"], remind: never}]'
        )
    return tuple(notes)
