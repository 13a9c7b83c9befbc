"""``config`` and ``collector`` are also names of other packages: never run with somebody else's."""

from __future__ import annotations

from pathlib import Path


def shadow_refusal(name: str, imported_file: str | None, collector_folder: Path) -> str | None:
    """Why not to start: ``import <name>`` found another package than the one beside our ``collector``.

    ``imported_file`` is the imported module's ``__file__`` (None for a namespace package). None: it is ours.
    """
    ours = (collector_folder.resolve().parent / name / "__init__.py").resolve()
    found = Path(imported_file).resolve() if imported_file else None
    if found == ours:
        return None
    return (
        f"the package {name!r} that Python found is not CI Health's own: found {found or 'a folder without a file'}, "
        f"ours is {ours}. Run cihealth in a virtual environment of its own, outside folders that hold a {name!r}"
    )
