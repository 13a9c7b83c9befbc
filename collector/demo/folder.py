"""The folder that a demo is kept in: what an earlier demo left is replaced, what is anybody else's is never touched."""

from __future__ import annotations

import os
from pathlib import Path

from collector.domain.errors import CIHealthError

DATABASE_FILE = "cihealth-demo.db"
CONFIG_FILE = "collectors.yaml"
ALERTS_FILE = "alerts.txt"
"""Where the demo's notifications go."""
FIRST_LINE = (
    "# Written by `cihealth demo`: a made-up GitHub and Jenkins on this machine. It is written anew each time.\n"
)
"""By this line a folder's files are known to be an earlier demo's."""
_REPLACED_FILES = (DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm", ALERTS_FILE)


class ForeignFolder(CIHealthError):
    """The folder holds files, of the names that the demo writes, which no demo wrote."""


def check_folder(folder: Path) -> None:
    """Raises ForeignFolder when a demo in ``folder`` would replace what no demo wrote. Changes nothing."""
    taken = [name for name in (CONFIG_FILE, *_REPLACED_FILES) if os.path.lexists(folder / name)]
    if taken and not _is_a_demos(folder / CONFIG_FILE):
        raise ForeignFolder(
            f"{folder} holds {', '.join(taken)}, not written by a demo, which the demo would replace; nothing was "
            "changed. Name another folder (--folder), or move these files away"
        )


def clear_folder(folder: Path) -> None:
    """Makes the folder, and deletes what an earlier demo wrote into it. Raises ForeignFolder, OSError."""
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in _REPLACED_FILES:
        (folder / name).unlink(missing_ok=True)


def _is_a_demos(config: Path) -> bool:
    """Whether it begins with the demo's line; a link is followed by writing, so it is nobody's but the linker's."""
    first_line = FIRST_LINE.encode()
    try:
        if config.is_symlink():
            return False
        with config.open("rb") as stream:
            return stream.read(len(first_line)) == first_line
    except OSError:
        return False
