"""What lies beside the database's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.storage.beside import shared_folder


def test_processes_share_a_folder_beside_their_database_however_they_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ci.db").touch()
    monkeypatch.chdir(tmp_path)
    assert shared_folder(f"sqlite:///{tmp_path / 'ci.db'}") == tmp_path / "ci.db-shared"
    assert shared_folder("sqlite:///ci.db") == tmp_path / "ci.db-shared"
    (tmp_path / "link.db").symlink_to(tmp_path / "ci.db")
    assert shared_folder("sqlite:///link.db") == tmp_path / "ci.db-shared"


@pytest.mark.parametrize("url", ["sqlite:///none.db", "sqlite:///", "sqlite:///:memory:"])
def test_without_a_database_file_nothing_is_shared_and_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shared_folder(url) is None
    assert list(tmp_path.iterdir()) == []
