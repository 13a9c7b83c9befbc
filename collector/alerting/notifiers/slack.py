"""Slack: an incoming webhook, or a bot that keeps one thread an alert. slack-sdk sends; the outbox retries."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http.client import HTTPException, InvalidURL
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient, WebhookClient
from slack_sdk.errors import SlackApiError, SlackClientError

from collector.alerting.messages.model import Limits, Message
from collector.alerting.notifiers.base import (
    TIMEOUT_SECONDS,
    Broken,
    NotSent,
    Refused,
    TryLater,
    of_status,
    retry_after,
)
from collector.alerting.rendering import slack

LIMITS = Limits(cards=5, briefs=40)
_GONE = frozenset(
    {
        "access_denied", "account_inactive", "action_prohibited", "app_missing_action_url", "channel_is_archived",
        "channel_not_found", "ekm_access_denied", "invalid_auth", "invalid_token", "is_archived", "missing_scope",
        "no_active_hooks", "no_permission", "no_service", "no_service_id", "no_team", "not_allowed_token_type",
        "not_authed", "not_in_channel", "org_login_required", "posting_to_general_channel_denied",
        "restricted_action", "team_access_not_granted", "team_disabled", "token_expired", "token_revoked",
    }
)  # fmt: skip
_PASSING = frozenset(
    {
        "accesslimited", "fatal_error", "internal_error", "message_limit_exceeded", "rate_limited", "ratelimited",
        "request_timeout", "rollup_error", "service_unavailable", "team_added_to_org",
    }
)  # fmt: skip
_THREAD_IS_GONE = frozenset({"thread_not_found", "cannot_reply_to_message", "message_not_found"})
_ADVICE = "check the webhook's address or the bot's token and channel; then try: cihealth test-alert NAME"


def _quiet() -> logging.Logger:
    """slack-sdk logs every failure with its cause, and whole bodies when its logger has no level."""
    quiet = logging.getLogger("cihealth.slack_sdk")
    quiet.setLevel(logging.CRITICAL)
    return quiet


class SlackWebhook:
    """An incoming webhook: it has no threads."""

    limits = LIMITS

    def __init__(self, url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._client = WebhookClient(
            url,
            timeout=timeout_seconds,  # type: ignore[arg-type]  # urllib takes parts of seconds
            retry_handlers=[],
            logger=_quiet(),
        )

    def send(self, message: Message, conversations: Sequence[str], *, plain: bool = False) -> str | None:
        body = slack.plainer(message) if plain else slack.payload(message)
        try:
            answer = self._client.send_dict({**body, "unfurl_links": False, "unfurl_media": False})
        except (OSError, HTTPException, SlackClientError, ValueError, LookupError) as exc:
            raise _unanswered(exc) from exc
        if answer.status_code != 200:
            raise _refusal(answer.status_code, answer.body, answer.headers)
        if not _is_yes(answer.body):
            raise TryLater(
                "something other than Slack answered",
                advice="check the webhook's address, and whether a proxy or log-in page stands in between",
            )
        return None

    def close(self) -> None:
        """Each message has a connection of its own."""


class SlackBot:
    """A bot's token and a channel. A message about one alert, or several told together, goes on in their thread."""

    limits = LIMITS

    def __init__(self, token: str, channel: str, api_url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._channel = channel
        self._client = WebClient(
            token,
            base_url=api_url.rstrip("/") + "/",
            timeout=timeout_seconds,  # type: ignore[arg-type]
            retry_handlers=[],
            logger=_quiet(),
        )

    def send(self, message: Message, conversations: Sequence[str], *, plain: bool = False) -> str | None:
        body = slack.plainer(message) if plain else slack.payload(message)
        thread = conversations[0] if len(set(conversations)) == 1 else None
        try:
            return self._reply(body, thread, message) if thread else self._post(body)
        except (OSError, HTTPException, SlackClientError, ValueError, LookupError) as exc:
            raise _unanswered(exc) from exc

    def _reply(self, body: Mapping[str, Any], thread: str, message: Message) -> str:
        """A thread that somebody deleted is begun anew."""
        try:
            self._post({**body, "thread_ts": thread, "reply_broadcast": not message.is_aside})
            return thread
        except SlackApiError as exc:
            if str(exc.response.get("error")) not in _THREAD_IS_GONE:
                raise
            return self._post(body)

    def _post(self, body: Mapping[str, Any]) -> str:
        given = {**body, "channel": self._channel, "unfurl_links": False, "unfurl_media": False}
        answer = self._client.api_call("chat.postMessage", json={**given, "link_names": False, "parse": "none"})
        return str(answer.get("ts") or "")

    def close(self) -> None:
        """Each message has a connection of its own."""


def _is_yes(body: str) -> bool:
    """Slack says ``ok``; what speaks its language says nothing or JSON."""
    said = body.strip()
    return said in ("", "ok") or (said.startswith("{") and '"ok":false' not in said.replace(" ", ""))


def _unanswered(exc: Exception) -> NotSent:
    if isinstance(exc, NotSent):
        return exc
    if isinstance(exc, SlackApiError):
        answer = exc.response
        return _refusal(answer.status_code, str(answer.get("error") or ""), answer.headers)
    cause = exc.reason if isinstance(exc, URLError) else exc
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Broken("its certificate is not trusted here", advice="add its authority with SSL_CERT_FILE")
    if isinstance(exc, SlackClientError | ValueError | InvalidURL) and not isinstance(exc, OSError | UnicodeError):
        return Broken("its address is none that can be posted to", advice=_ADVICE)
    return TryLater(f"it did not answer ({type(cause).__name__}: {cause})")


def _refusal(status: int, said: str, headers: Mapping[str, Any]) -> NotSent:
    """What Slack's own word means, else what the status does. Slack's API says 200 with ``ok: false`` too."""
    word = said.strip()[:100]
    wait = retry_after(_header(headers, "retry-after"), datetime.now(UTC))
    if word in _GONE:
        return Broken(f"Slack says {word}", advice=_ADVICE)
    if word in _PASSING:
        return TryLater(f"Slack says {word}", retry_after_seconds=wait)
    return Refused(f"Slack says {word}") if status == 200 else of_status(status, word, wait)


def _header(headers: Mapping[str, Any], name: str) -> str | None:
    return next((str(value) for key, value in headers.items() if key.lower() == name), None)
