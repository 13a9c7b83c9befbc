"""What lies beside the database's file, for processes that use it at the same time."""

from __future__ import annotations

from pathlib import Path


def shared_folder(url: str) -> Path | None:
    """Where they agree on what each asks of a provider; made by the first that does. None: there is no database yet."""
    file = Path(url.removeprefix("sqlite:///")).resolve()
    return file.with_name(f"{file.name}-shared") if file.is_file() else None
