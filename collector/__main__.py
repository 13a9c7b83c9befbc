"""``cihealth`` and ``python -m collector``: nothing of ours is imported before it is certain that it is ours."""

from __future__ import annotations

import importlib.util
import signal
import sys
from pathlib import Path
from types import FrameType, ModuleType
from typing import NoReturn

_FOLDER = Path(__file__).parent
WRONG_USE = 2


def _shadow() -> ModuleType:
    """Our ``config.shadow``, by its place: ``import config`` is what is in doubt."""
    spec = importlib.util.spec_from_file_location("_cihealth_shadow", _FOLDER.parent / "config" / "shadow.py")
    if spec is None or spec.loader is None:
        raise ImportError("config/shadow.py is not beside the collector package; install CI Health again")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def foreign_packages() -> list[str]:
    """Why not to start, one line for each of our packages that Python would take from somewhere else."""
    shadow = _shadow()
    found = {name: importlib.util.find_spec(name) for name in ("config", "webapp")}
    refusals = [shadow.shadow_refusal(name, spec.origin if spec else None, _FOLDER) for name, spec in found.items()]
    return [refusal for refusal in refusals if refusal]


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    print(f"cihealth: told to end by {signal.Signals(number).name}", file=sys.stderr)
    sys.exit(0)


def main() -> NoReturn:
    """Exit codes: 0 done, 1 failed, 2 wrong use or wrong config. TERM and Ctrl-C end with 0 from the first moment."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    refusals = foreign_packages()
    if refusals:
        print("\n".join(f"cihealth: {refusal}" for refusal in refusals), file=sys.stderr)
        sys.exit(WRONG_USE)
    from collector.cli import cli

    cli(prog_name="cihealth")
    raise AssertionError("click ends the program")


if __name__ == "__main__":
    main()
