"""Providers are loaded when they are used, and no more of them than is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from collector.providers.registry import PROVIDERS, make_reader
from config.model import Config, GithubSource
from config.secrets import SecretError


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_provider_has_the_files_that_the_rest_calls(name: str) -> None:
    provider = PROVIDERS[name]
    assert callable(provider.client.make_reader)
    assert callable(provider.webhook.parse)
    assert callable(provider.webhook.verify)
    assert callable(provider.selection.selects)


def test_a_source_gets_the_reader_of_its_provider() -> None:
    source = GithubSource.model_validate({"name": "x", "provider": "github"})
    reader = make_reader(source, Config(), {})
    assert reader.instance == "github.com"
    assert reader.budget() is None
    reader.close()


def test_a_token_that_is_missing_is_told_when_the_reader_is_made() -> None:
    source = GithubSource.model_validate({"name": "x", "provider": "github", "token": "${NOT_THERE}"})
    with pytest.raises(SecretError, match="NOT_THERE"):
        make_reader(source, Config(), {})


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_webhooks_and_selection_load_no_client_library(name: str) -> None:
    code = (
        "import sys; from collector.providers.registry import PROVIDERS; "
        f"PROVIDERS[{name!r}].webhook; PROVIDERS[{name!r}].selection; "
        "print([name for name in ('github', 'jenkins', 'requests') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.strip() == "[]"
