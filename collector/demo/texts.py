"""Names, commit messages and logs of the made-up world. Nobody and nothing in here is real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from collector.demo.plans import Build, Job, Person, Run, Stage, Step

PEOPLE = (
    Person("ines-k", "Inés Kovač"),
    Person("tomasz-w", "Tomasz Wójcik"),
    Person("adaeze", "Adaeze Obi"),
    Person("liam-h", "Liam Hart"),
    Person("yuki-t", "Yuki Tanaka"),
    Person("noor-a", "Noor Ahmadi"),
    Person("marta-s", "Marta Silva"),
    Person("jonas-b", "Jonas Berg"),
)
DEPENDABOT = Person("dependabot[bot]", "dependabot[bot]", bot=True)
FORKER = Person("sparetime-dev", "Spare Time")

_VERBS = ("Fix", "Add", "Rework", "Speed up", "Remove", "Document", "Retry", "Validate", "Cache", "Split")
_THINGS = (
    "rounding of partial refunds",
    "basket totals for gift cards",
    "the login redirect loop",
    "time-outs when the ledger is slow",
    "pagination of the order list",
    "dark mode for the date picker",
    "currency formatting in Safari",
    "the flaky session test",
    "export of late invoices",
    "retry on 409 from the vault",
    "image sizes on small screens",
    "the address form's postcode check",
    "metrics for queue depth",
    "feature flag for express checkout",
)
_BUMPS = ("react-query", "pydantic", "gradle", "urllib3", "eslint", "terraform-aws", "postgres")
_TOPICS = ("refunds", "gift-cards", "login-loop", "dark-mode", "order-list", "queue-metrics", "vault-retry", "postcode")


def commit_message(rng: Random, author: Person) -> str:
    """A commit message; the first line is what GitHub shows as the run's title."""
    if author.bot:
        major = rng.randint(1, 9)
        return f"Bump {rng.choice(_BUMPS)} from {major}.{rng.randint(0, 4)}.0 to {major}.{rng.randint(5, 9)}.1"
    first = f"{rng.choice(_VERBS)} {rng.choice(_THINGS)}"
    if rng.random() < 0.3:
        return f"{first} (#{rng.randint(180, 2400)})\n\nCo-authored-by: {rng.choice(PEOPLE).name} <dev@acme.example>"
    return first


def branch_name(rng: Random, author: Person) -> str:
    if author.bot:
        return f"dependabot/npm/{rng.choice(_BUMPS)}-{rng.randint(2, 19)}"
    return f"{rng.choice(('feat', 'fix', 'chore'))}/{rng.choice(_TOPICS)}-{rng.randint(1, 40)}"


def sha(rng: Random) -> str:
    return f"{rng.getrandbits(160):040x}"


_SMALL_TALK = {
    "Install": ("Resolved 1204 packages in 2.1s", "\x1b[32m✔\x1b[0m 1204 packages are in the lock file"),
    "Lint": ("Checked 412 files in 3.4s", "\x1b[32mno findings\x1b[0m"),
    "Build": ("> compile", "\x1b[1mBUILD\x1b[0m 318 modules"),
    "Unit tests": ("\x1b[32m PASS \x1b[0m src/cart/total.test.ts", "Tests: 482 passed, 482 total"),
    "Deploy": ("Rolling out revision 214", "deployment \x1b[36mweb\x1b[0m successfully rolled out"),
}
_TOKEN = "ghp_" + "0123456789" + "abcdefghijABCDEFGHIJ" + "012345"
"""Looks like a secret and is none: put together here, so that no scanner takes this file for a leak."""
_FAILURES = {
    "Install": (
        "npm ERR! code E503",
        "npm ERR! 503 Service Unavailable - GET https://packages.acme.example/left-pad",
        "##[error]The package registry did not answer",
    ),
    "Build": (
        "src/routes/limits.go:88:17: undefined: windowSize",
        "\x1b[31mFAIL\x1b[0m\tgateway/routes [build failed]",
        "##[error]undefined: windowSize",
    ),
    "Checkout": (
        "fatal: unable to access 'https://git.acme.example/acme/': The requested URL returned error: 503",
        "##[error]The process '/usr/bin/git' failed with exit code 128",
    ),
    "Configure": ("##[error]Could not assume the role: the request's token has expired",),
    "Smoke": ("curl: (22) The requested URL returned error: 502", "##[error]/healthz did not answer 200 within 60s"),
    "Start services": ("\x1b[31mError\x1b[0m: port 5432 is already allocated", "##[error]postgres did not start"),
    "Plan": ("\x1b[31m╷\x1b[0m Error: Invalid for_each argument", "##[error]terraform plan failed"),
    "Extract": ("ORA-01555: snapshot too old: rollback segment number 9", "##[error]orders: 0 of 48 files extracted"),
    "Load": ("psql: error: deadlock detected", "##[error]fact_orders was not loaded"),
    "Upload": ("##[error]Failed to create the artifact: quota exceeded",),
    "Lint": ("src/cart/total.ts", "\x1b[31m  14:7  error\x1b[0m  'sum' is never reassigned", "##[error]1 problem"),
    "Deploy": (
        f'curl -H "Authorization: Bearer {_TOKEN}" https://deploy.acme.example/roll',
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
        "\x1b[31merror:\x1b[0m deployment \"web\" exceeded its progress deadline",
        "##[error]Rollout timed out after 600s",
    ),
}
_TEST_FAILURE = (
    "\x1b[31m FAIL \x1b[0m src/checkout/session.test.ts",
    "  ● session › survives a slow ledger",
    "    expect(received).toBe(expected) // Object.is equality",
    "    Expected: \x1b[32m200\x1b[39m",
    "    Received: \x1b[31m504\x1b[39m",
    "    DATABASE_URL=postgres://ci:hunter2-not-real@db.acme.example/orders",
    "##[error]1 test failed: session survives a slow ledger",
)


def _family(step: str, lines: Mapping[str, tuple[str, ...]], otherwise: tuple[str, ...]) -> tuple[str, ...]:
    return next((text for name, text in lines.items() if step.startswith(name)), otherwise)


def small_talk(step: str) -> tuple[str, ...]:
    return _family(step, _SMALL_TALK, ("ok",))


def failure_lines(step: str) -> tuple[str, ...]:
    return _family(step, _FAILURES, _TEST_FAILURE)


def job_log(run: Run, job: Job, steps: Sequence[Step]) -> str:
    """A GitHub job's log as GitHub sends it: a byte order mark, an instant before each line, groups, escape codes."""
    if job.log is not None:
        return job.log
    lines: list[str] = []
    for step in steps:
        if step.conclusion == "skipped":
            continue
        end = step.ends_at or step.starts_at
        body = failure_lines(step.name) if step.conclusion == "failure" else small_talk(step.name)
        closing = ("##[error]Process completed with exit code 1.",) if step.conclusion == "failure" else ()
        texts = (f"##[group]Run {step.name}", f"commit {run.sha[:12]}", "##[endgroup]", *body, *closing)
        span = (end - step.starts_at) / max(len(texts), 1)
        lines += [f"{_stamp(step.starts_at + span * i)} {text}" for i, text in enumerate(texts)]
    return "\ufeff" + "\n".join(lines) + "\n"


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def build_log(build: Build, stages: Sequence[Stage], now: datetime) -> str:
    """A Jenkins build's console text as far as it is written at ``now``."""
    if build.log is not None:
        return build.log
    lines = [build.cause, f"Checking out Revision {build.sha or 'unknown'} ({build.branch or 'detached'})"]
    for stage in stages or (Stage("1", "Build", build.starts_at or build.queued_at, build.ends_at),):
        if stage.starts_at > now:
            break
        failing = build.failing_stage == stage.name or (not stages and build.result == "FAILURE")
        lines += [f"[Pipeline] stage ({stage.name})", *small_talk(stage.name)]
        if failing and stage.ends_at is not None and stage.ends_at <= now:
            lines += [*failure_lines(stage.name), "ERROR: script returned exit code 1"]
    if build.ends_at is not None and build.ends_at <= now:
        lines.append(f"Finished: {build.result}")
    return "\n".join(lines) + "\n"
