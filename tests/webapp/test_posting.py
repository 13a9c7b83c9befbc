from __future__ import annotations

import hashlib
import hmac

import pytest

from config.model import Config
from config.secrets import SecretError
from webapp.posting import Denied, Posting, Presented, Sender

BODY = b'{"a": 1}'


def config(**keys: object) -> Config:
    return Config.model_validate(
        {
            "sources": [
                {"name": "acme", "provider": "github", "repos": ["acme/web"], "webhook_secrets": ["${ONE}", "${TWO}"]},
                {"name": "other", "provider": "github", "repos": ["other/x"], "webhook_secrets": ["${TWO}"]},
                {
                    "name": "box",
                    "provider": "jenkins",
                    "url": "https://jenkins.acme.com",
                    "webhook_tokens": ["${JENKINS}"],
                },
            ],
            **keys,
        }
    )


ENVIRON = {"ONE": "first secret", "TWO": "second", "JENKINS": "tök€n", "INGEST": "for all"}


def signed(secret: str, body: bytes = BODY) -> Presented:
    return Presented(signature="sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest())


def names(sender: Sender | Denied) -> tuple[list[str], bool]:
    assert isinstance(sender, Sender)
    return [source.name for source in sender.sources], sender.bound


def ask(posting: Posting, provider: str, presented: Presented, *, open_here: bool = True) -> Sender | Denied:
    return posting.sender(provider, presented, BODY, open_here=open_here)


def test_a_signature_speaks_for_the_sources_that_have_its_secret() -> None:
    posting = Posting(config(), ENVIRON)
    assert names(ask(posting, "github", signed("first secret"))) == (["acme"], True)
    assert names(ask(posting, "github", signed("second"))) == (["acme", "other"], True)


@pytest.mark.parametrize(
    "presented",
    [
        Presented(),
        Presented(signature=""),
        Presented(signature="sha256="),
        Presented(signature="sha256=" + "0" * 64),
        Presented(signature="sha1=" + "0" * 40),
        Presented(signature="sha256=" + "é" * 64),
        Presented(signature="sha256=" + "0" * 10_000),
        Presented(signature=(signed("first secret").signature or "").upper()),
        Presented(signature=signed("first secret", b"another body").signature),
        Presented(token=b""),
        Presented(token=b"wrong"),
        Presented(signature="sha256=" + "0" * 64, token=b"first secret"),
        signed("tök€n"),
    ],
)
def test_nothing_else_is_taken_once_secrets_are_configured(presented: Presented) -> None:
    denied = ask(Posting(config(), ENVIRON), "github", presented)
    assert isinstance(denied, Denied)
    assert denied.status == 401


def test_a_token_is_compared_in_the_bytes_that_came() -> None:
    posting = Posting(config(), ENVIRON)
    assert names(ask(posting, "jenkins", Presented(token="tök€n".encode()))) == (["box"], True)
    assert names(ask(posting, "github", Presented(token=b"first secret"))) == (["acme"], True)


def test_an_ingest_token_speaks_for_every_provider_and_is_bound_to_no_source() -> None:
    posting = Posting(config(ingest_tokens=["${INGEST}"]), ENVIRON)
    assert names(ask(posting, "github", Presented(token=b"for all"))) == (["acme", "other"], False)
    assert names(ask(posting, "woodpecker", Presented(token=b"for all"))) == ([], False)
    assert isinstance(ask(posting, "woodpecker", Presented(token=b"second")), Denied)


def test_without_any_secret_posting_is_open_on_loopback_only() -> None:
    posting = Posting(config(), ENVIRON)
    assert not posting.asks("woodpecker")
    assert names(ask(posting, "woodpecker", Presented())) == ([], False)
    denied = ask(posting, "woodpecker", Presented(), open_here=False)
    assert isinstance(denied, Denied)
    assert denied.status == 403


def test_a_secret_that_cannot_be_had_stops_the_start_naming_it() -> None:
    with pytest.raises(SecretError, match="JENKINS"):
        Posting(config(), {"ONE": "1", "TWO": "2"})


def test_a_credential_never_shows_its_value() -> None:
    posting = Posting(config(), ENVIRON)
    assert "first secret" not in repr(posting._own)
