"""POST /ingest/<provider>: native webhooks and plain bodies are verified, parsed, chosen and stored; no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from apiflask import APIBlueprint
from flask import Response, current_app, request

from collector.domain.errors import MappingError
from collector.domain.model import JobWord, PlainWord, RepoWord, RunWord, Word
from collector.domain.times import to_api
from collector.ingest import Context
from collector.providers import plain
from collector.providers.base import Batch, NotForUs
from collector.providers.github import webhook as github
from collector.providers.github.selection import pushed_mark
from collector.providers.jenkins import webhook as jenkins
from collector.providers.jenkins.controllers import instance_for
from config.model import GithubSource, JenkinsSource
from webapp import store
from webapp.answers import answer
from webapp.auth import basic_password, bearer_token, check_host, policy
from webapp.body import parse_json, read_body
from webapp.choosing import Chosen, choose_github, choose_plain, github_instance
from webapp.errors import Refused, Unavailable
from webapp.posted import Ingested
from webapp.posting import Denied, Posting, Presented, Sender, Source
from webapp.services import services
from webapp.throttle import Throttle
from webapp.writer import Item

log = structlog.get_logger(__name__)
blueprint = APIBlueprint("ingest", __name__, tag="Ingest")
POSTING = "cihealth-posting"
_JSON = ("application/json", "text/plain", "")
_FORM = "application/x-www-form-urlencoded"
_said = Throttle(limit=1, period_seconds=60.0)


@dataclass(frozen=True, slots=True)
class Understood:
    """What is to be stored, and under whose name. ``ignored``: keys of a plain body that mean nothing here."""

    batch: Batch
    source: Source | None
    ignored: tuple[str, ...] = ()


@blueprint.post("/ingest/<provider:provider>")
@blueprint.output(Ingested, 201)
@policy("ingest")
def ingest(provider: str) -> Response:
    """Tell of a build: a plain body, or GitHub's or Jenkins' own webhook.

    201: a build that was not known. 200: known, changed or not. 202: understood, not for us; `reason` says why.
    """
    try:
        outcome = _outcome(provider)
    except Refused as exc:
        _count(provider, "refused")
        _say(provider, exc)
        raise
    except Unavailable:
        _count(provider, "unavailable")
        raise
    if isinstance(outcome, NotForUs):
        _count(provider, "ignored")
        return answer({"stored": False, "created": 0, "changed": 0, "ids": [], "reason": outcome.reason}, 202)
    _count(provider, "stored")
    stored = services().recorder.record(_item(outcome))
    told = {"stored": True, "created": len(stored.created), "changed": len(stored.changed), "ids": list(stored.changed)}
    ignored = {"ignored": outcome.ignored} if outcome.ignored else {}
    return answer({**told, "reason": None, **ignored}, 201 if stored.created else 200)


def _item(told: Understood) -> Item:
    source = told.source
    context = Context(source.name, source.default_branch) if source else Context(None)
    return Item(told.batch, context, services().options.clock())


def _outcome(provider: str) -> Understood | NotForUs:
    for name in request.args:
        raise Refused(422, f"{name}: this address takes no parameters", field=name)
    raw_body = read_body(request)
    sender = _sender(provider, raw_body)
    try:
        return _understand(provider, raw_body, sender)
    except (MappingError, plain.PlainError) as exc:
        raise Refused(422, str(exc)[:1000], field=exc.field) from exc


def _sender(provider: str, raw_body: bytes) -> Sender:
    posting: Posting = current_app.extensions[POSTING]
    if not posting.asks(provider):
        check_host()
    presented = Presented(request.headers.get("X-Hub-Signature-256"), bearer_token() or basic_password())
    sender = posting.sender(provider, presented, raw_body, open_here=services().options.posting_open)
    if isinstance(sender, Denied):
        headers = {"WWW-Authenticate": 'Bearer realm="CI Health ingest"'} if sender.status == 401 else {}
        raise Refused(sender.status, sender.message, headers=headers)
    return sender


def _understand(provider: str, raw_body: bytes, sender: Sender) -> Understood | NotForUs:
    event = request.headers.get("X-GitHub-Event")
    body = _decoded(raw_body, form=provider == "github")
    if provider == "github" and event is not None:
        return _github(event, body, sender)
    if provider == "jenkins" and jenkins.is_native(body):
        return _jenkins(body, sender)
    return _plain(provider, body, sender)


def _decoded(raw_body: bytes, *, form: bool) -> Any:
    """The JSON of a body, whichever of the ways senders label it in. curl says form for any -d."""
    kind = request.mimetype
    if kind == _FORM:
        if form and raw_body.lstrip()[:1] != b"{":
            return parse_json(github.form_payload(raw_body))
        return parse_json(raw_body)
    if kind not in _JSON and not kind.endswith("+json"):
        raise Refused(415, f"Content-Type: {kind[:100]} is not taken; send application/json", field="Content-Type")
    return parse_json(raw_body)


def _github(event: str, body: Any, sender: Sender) -> Understood | NotForUs:
    words = github.parse(event, body)
    return words if isinstance(words, NotForUs) else _arrived(_kept(_chosen(words, sender)))


def _chosen(words: Sequence[Word], sender: Sender) -> Chosen | NotForUs:
    """A repo that no source names as it is called now may be one that was renamed: its lasting id tells."""
    chosen = choose_github(words, sender)
    repo = next((word for word in words if isinstance(word, RepoWord)), None)
    if repo is None or repo.external_id is None or _has_source(chosen):
        return chosen
    database, identity = services().database, (repo.provider, repo.instance, repo.external_id)
    former = services().lanes.read(store.names_borne, database, *identity)
    if not former and isinstance(chosen, Chosen) and words == (repo,):
        return NotForUs("nothing is known of the repository, and no source watches it")
    return choose_github(words, sender, former) if former else chosen


def _has_source(chosen: Chosen | NotForUs) -> bool:
    return isinstance(chosen, Chosen) and chosen.source is not None


def _arrived(told: Understood | NotForUs) -> Understood | NotForUs:
    """With the note that lets the collector ask rarer for what webhooks tell it anyway."""
    if isinstance(told, NotForUs) or told.source is None:
        return told
    repos = {word.key.repo for word in told.batch.words if isinstance(word, RunWord | JobWord)}
    now = to_api(services().options.clock())
    return replace(told, batch=replace(told.batch, marks={pushed_mark(repo): now for repo in repos}))


def _kept(chosen: Chosen | NotForUs) -> Understood | NotForUs:
    if isinstance(chosen, NotForUs):
        return chosen
    return Understood(Batch(words=chosen.words), chosen.source)


def _jenkins(body: Any, sender: Sender) -> Understood | NotForUs:
    """The first of the sender's sources that takes it; unbound, the source whose controller it is of."""
    sources = jenkins_sources(sender)
    outcome: Understood | NotForUs = NotForUs("no source takes this")
    for signed in sources if sender.bound else (None,):
        pushed = services().lanes.read(store.parse_jenkins, services().database, body, sources, signed)
        if not isinstance(pushed, NotForUs):
            return Understood(pushed.batch, pushed.source)
        outcome = pushed
    return outcome


def jenkins_sources(sender: Sender) -> tuple[JenkinsSource, ...]:
    return tuple(source for source in sender.sources if isinstance(source, JenkinsSource))


def _plain(provider: str, body: Any, sender: Sender) -> Understood | NotForUs:
    posting: Posting = current_app.extensions[POSTING]
    default = sender.sources[0].instance if provider == "jenkins" and sender.sources else ""
    word = plain.parse(provider, body, default_instance=default, known=posting.secrets())
    roots: dict[str, str] = {}
    if provider == "github" and not word.key.instance:
        known = services().lanes.read(store.instances_of_repo, services().database, provider, word.key.repo)
        instance = github_instance(word.key.repo, sender, known)
        word = replace(word, key=replace(word.key, instance=instance))
    if provider == "jenkins":
        roots = services().lanes.read(store.jenkins_roots, services().database, jenkins_sources(sender))
        word = _of_its_controller(word, jenkins_sources(sender), roots)
    told = _kept(_chosen_plain(word, sender, roots))
    return told if isinstance(told, NotForUs) else replace(told, ignored=plain.ignored_keys(body))


def _chosen_plain(word: PlainWord, sender: Sender, roots: dict[str, str]) -> Chosen | NotForUs:
    """As ``_chosen``, where the lasting id of the repo of this name is known."""
    chosen = choose_plain(word, sender, roots)
    if _has_source(chosen) or not any(isinstance(source, GithubSource) for source in sender.sources):
        return chosen
    former = services().lanes.read(store.former_names, services().database, word.key.instance, word.key.repo)
    return choose_plain(word, sender, roots, former) if former else chosen


def _of_its_controller(word: PlainWord, sources: tuple[JenkinsSource, ...], roots: dict[str, str]) -> PlainWord:
    """A controller has one instance, whichever of its addresses the body's url has."""
    found = instance_for(word.url, sources, None, roots) if word.url else None
    return word if found is None else replace(word, key=replace(word.key, instance=found))


def _count(provider: str, outcome: str) -> None:
    """Only names of providers that are ours: a label for every name that strangers think of would have no end."""
    label = provider if provider in ("github", "jenkins") else "other"
    services().measures.ingests.labels(label, outcome).inc()


def _say(provider: str, refusal: Refused) -> None:
    """A post turned away is worth a line, once a minute and reason: somebody's webhook is set up wrongly."""
    key = f"{provider} {refusal.status}"
    if _said.wait_seconds(key) > 0:
        return
    _said.count(key)
    log.warning(
        "a posted build was refused",
        provider=provider,
        status=refusal.status,
        reason=refusal.message,
        address=request.remote_addr,
        done="nothing was stored; the next lines of this kind are held back for a minute",
        advice="compare the sender's secret, address and body with docs/http.md",
    )
