from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.webapp.harness import Web

MakeWeb = Callable[..., Web]


@pytest.fixture
def make_web(tmp_path: Path) -> Iterator[MakeWeb]:
    """Makes apps on databases of their own, and closes them."""
    made: list[Web] = []

    def make(**kwargs: Any) -> Web:
        folder = tmp_path / str(len(made))
        folder.mkdir(exist_ok=True)
        made.append(Web(folder, **kwargs))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def web(make_web: MakeWeb) -> Web:
    """An app as it comes: loopback, no password, no sources."""
    return make_web()
