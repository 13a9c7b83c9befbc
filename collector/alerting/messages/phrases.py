"""The words that messages are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from collector.alerting.messages.model import Link
from collector.domain import grouping as g
from collector.domain.alert_states import MERGED
from collector.domain.logs import clean_text
from collector.domain.masking import mask
from collector.domain.payload import AlertFacts, BuildFacts

NAME_CHARS = 120
LINE_CHARS = 300
URL_CHARS = 2000
_RAW_CHARS = 8192
_SHA = re.compile(r"[0-9a-f]{7,64}")
_URL_SAFE = "%/:?#[]@!$&()*+,;=~-._"
_GLYPHS = {"success": "✓", "failure": "✗", "cancelled": "–", "skipped": "–"}
_UNITS = ((86400, "day", "days"), (3600, "h", "h"), (60, "min", "min"), (1, "s", "s"))
MARKS = {
    g.FIXED: "✓", g.FAILED_AND_FIXED: "✓", g.CLOSED: "○", g.FLAPPING: "≈", g.FLAPPING_OVER: "≈",
}  # fmt: skip
TROUBLE = "✗"
LATE_AFTER = timedelta(minutes=10)


class Words:
    """Outside text to one clean line: without controls, secrets and lone surrogates, and not longer than wanted."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(secrets)
        self._lines: dict[tuple[str, int], str] = {}
        """What was cleaned already: hundreds of alerts share most of their words."""

    def line(self, text: str | None, limit: int = LINE_CHARS) -> str:
        """Masked before cleaning (a line break may run through a secret) and after (an escape code may)."""
        if not text:
            return ""
        key = (text[:_RAW_CHARS], limit)
        if key not in self._lines:
            self._lines[key] = self._cleaned(*key)
        return self._lines[key]

    def _cleaned(self, text: str, limit: int) -> str:
        once = clean_text(mask(text, self._secrets), _RAW_CHARS // 2)
        return clean_text(mask(once, self._secrets), limit)

    def name(self, text: str | None) -> str:
        return self.line(text, NAME_CHARS)

    def place(self, facts: AlertFacts) -> str:
        """``acme/web › CI``."""
        parts = [self.name(facts.repo), self.name(facts.pipeline)]
        return " › ".join(part for part in parts if part) or "a pipeline without a name"

    def on_branch(self, facts: AlertFacts) -> str:
        branch = self.name(facts.branch)
        return f" on {branch}" if branch else ""


def length(seconds: float) -> str:
    """A length of time in at most two units: ``40 s``, ``3 h 20 min``, ``2 days``."""
    left, parts = max(0, int(seconds)), []
    for size, one, many in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {one if count == 1 else many}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def between(since: datetime, until: datetime) -> str:
    return length((until - since).total_seconds())


def counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def strip(statuses: Iterable[str]) -> str:
    """The last builds, oldest first: ✓ passed, ✗ failed, – neither, · not finished."""
    return "".join(_GLYPHS.get(status, "·") for status in statuses)


def title(item: g.Item, facts: AlertFacts, words: Words, now: datetime) -> str:
    """What happened to which pipeline, in one line."""
    said = _failure(item, facts, now) if facts.when == "failure" else _other(item, facts, words, now)
    return f"{words.place(facts)}{words.on_branch(facts)} {said}{_late(item, facts, now)}"


def _failure(item: g.Item, facts: AlertFacts, now: datetime) -> str:
    streak = f"{facts.streak} in a row" if facts.streak > 1 else ""
    match item.kind:
        case g.FAILING:
            return f"is failing ({streak})" if streak else "failed"
        case g.AGAIN:
            return f"failed again ({streak})" if streak else "failed again"
        case g.REMINDER:
            since = f"is still failing after {between(facts.since, now)}"
            return f"{since} ({streak})" if streak else since
    return _ended(item, facts, now)


def _other(item: g.Item, facts: AlertFacts, words: Words, now: datetime) -> str:
    match item.kind:
        case g.FAILING | g.AGAIN:
            return f"– {words.line(facts.text) or facts.when}"
        case g.REMINDER:
            return f"– for {between(facts.since, now)}: {words.line(facts.text) or facts.when}"
    return _ended(item, facts, now)


def _ended(item: g.Item, facts: AlertFacts, now: datetime) -> str:
    lasted = between(facts.since, facts.resolved_at or now)
    failure = facts.when == "failure"
    match item.kind:
        case g.FIXED:
            return f"is fixed after {lasted}" if failure else f"is back to normal after {lasted}"
        case g.FAILED_AND_FIXED:
            return (
                f"failed and was fixed within {lasted}" if failure else f"was in trouble for {lasted} and is well again"
            )
        case g.FLAPPING:
            return "is flapping: it keeps changing between passing and failing"
        case g.FLAPPING_OVER:
            return f"has stopped flapping and is {'failing' if _is_open(item) else 'passing'}"
    if facts.reason == MERGED:
        return "goes on as another alert: its builds were found to be another pipeline's"
    return "is watched no more; its alert was closed, nobody saw it pass"


def _is_open(item: g.Item) -> bool:
    return item.newest.state != "resolved"


def _late(item: g.Item, facts: AlertFacts, now: datetime) -> str:
    build = facts.last or facts.first_bad
    if not item.late or build is None or build.started_at is None or now - build.started_at < LATE_AFTER:
        return ""
    return f" (told late: it ran {between(build.started_at, now)} ago)"


def details(item: g.Item, facts: AlertFacts, words: Words) -> tuple[str, ...]:
    """What one needs to know about it, a line each; the first says most."""
    if item.kind == g.CLOSED:
        return _lines(words.line(facts.text), _before(facts))
    if item.kind == g.FIXED or (item.kind == g.FLAPPING_OVER and not _is_open(item)):
        return _lines(_by(facts.last, words, "Green with"), _before(facts))
    return _lines(
        _step(facts.last or facts.first_bad, words),
        _error(facts.last or facts.first_bad, words),
        words.line(facts.text) if facts.when == "failure" and not facts.first_bad else "",
        _by(facts.first_bad, words, "First red" if facts.when == "failure" else "Since"),
        _flaky(facts),
        _before(facts),
        f"Rule {words.name(facts.rule)}, {words.name(facts.severity)}" if facts.rule else "",
    )


def _lines(*found: str) -> tuple[str, ...]:
    return tuple(line for line in found if line)


def _step(build: BuildFacts | None, words: Words) -> str:
    step = words.line(build.failing_step) if build else ""
    conclusion = words.name(build.conclusion) if build else ""
    said = f" ({conclusion.lower()})" if conclusion and conclusion.lower() not in ("failure", "success") else ""
    return f"Failed in {step}{said}" if step else f"Ended as {conclusion.lower()}" if said else ""


def _error(build: BuildFacts | None, words: Words) -> str:
    return words.line(build.error_line) if build else ""


def _by(build: BuildFacts | None, words: Words, label: str) -> str:
    """``First red: c0ffee1 by mira: Fix the till``."""
    if build is None:
        return ""
    who, what = words.name(build.actor), words.line(_first_line(build.message), 160)
    commit = short_commit(build.commit)
    said = f"{commit}{f' by {who}' if who else ''}{f': {what}' if what else ''}".strip()
    return f"{label}: {said}" if said else ""


def _first_line(message: str | None) -> str:
    return next((line for line in (message or "").splitlines() if line.strip()), "")


def short_commit(commit: str | None) -> str:
    return commit[:8] if commit and _SHA.fullmatch(commit) else ""


def _flaky(facts: AlertFacts) -> str:
    if facts.flaky is None:
        return ""
    return "Flaky: the same commit also passed" if facts.flaky else "New: this commit has not passed here"


def _before(facts: AlertFacts) -> str:
    return f"Last {len(facts.strip)}: {strip(facts.strip)}" if facts.strip else ""


def links(facts: AlertFacts, public_url: str | None) -> tuple[Link, ...]:
    """To the build here, the run at its provider, and what changed between the last green and the first red."""
    build = facts.last or facts.first_bad
    found = [
        Link("Build", f"{public_url}/ui/build/{build.id}") if public_url and build and build.id else None,
        _run(build),
        _compare(facts),
    ]
    return tuple(link for link in found if link)


def _run(build: BuildFacts | None) -> Link | None:
    url = safe_url(build.url) if build else None
    return Link(f"Run on {urlsplit(url).hostname}", url) if url else None


def _compare(facts: AlertFacts) -> Link | None:
    good, bad = facts.last_good, facts.first_bad
    url = safe_url(bad.url) if bad else None
    if facts.provider != "github" or not good or not bad or not url or good.commit == bad.commit:
        return None
    parts = urlsplit(url)
    known = short_commit(good.commit) and short_commit(bad.commit) and parts.netloc.lower() == facts.instance.lower()
    made = safe_url(f"{parts.scheme}://{parts.netloc}/{facts.repo}/compare/{good.commit}...{bad.commit}")
    return Link("What changed", made) if known and made else None


def safe_url(url: str | None) -> str | None:
    """The address as it may stand in any medium; None for what is no http(s) address, or holds a user."""
    if not url or len(url) > URL_CHARS:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
        named = re.fullmatch(r"[A-Za-z0-9.\-:\[\]_]{1,255}", parts.netloc)
        return quote(url, safe=_URL_SAFE) if usable and named and (parts.port is None or parts.port > 0) else None
    except (ValueError, UnicodeError):
        return None
