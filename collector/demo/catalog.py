"""The made-up company: its teams, repos and pipelines, how often these run, how long they take, how they fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from collector.demo.plans import FREESTYLE, MATRIX, MULTIBRANCH, PIPELINE

ORG = "acme"
HOSTED = ("ubuntu-latest",)
MAC = ("macos-15",)
IOS = ("self-hosted", "macOS", "ios-m2")


@dataclass(frozen=True, slots=True)
class Part:
    """A job of a GitHub pipeline, or a stage of a Jenkins one. ``share`` of the pipeline's median length."""

    name: str
    share: float
    labels: tuple[str, ...] = HOSTED
    after: tuple[str, ...] = ()
    steps: tuple[str, ...] = ("Set up job", "Checkout", "Install dependencies", "Unit tests", "Complete job")
    queue_seconds: float = 6.0


@dataclass(frozen=True, slots=True)
class Pipeline:
    """``per_day`` on a working day; ``hour``: a schedule instead, daily at this hour (-1: every hour)."""

    key: str
    home: str
    """GitHub: owner/name. Jenkins: the job's full name."""
    name: str
    median_seconds: float
    per_day: float = 0.0
    parts: tuple[Part, ...] = ()
    events: Mapping[str, int] = field(default_factory=dict)
    """GitHub: what starts it, by weight."""
    hour: int | None = None
    sigma: float = 0.22
    failing: float = 0.05
    flaky: float = 0.0
    """Share of builds whose failure goes away with a re-run of the same commit."""
    skipped: float = 0.0
    cls: str | None = None
    """Jenkins' class of the job; None: a GitHub workflow."""
    label: str = "linux"
    remote: str | None = None
    axis: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return f".github/workflows/{self.key.split(':')[1]}.yml"


_PUSHES = {"push": 5, "pull_request": 7}
_MAIN = {"push": 1}
_DAILY = {"schedule": 1}
_BUILD = ("Set up job", "Checkout", "Install dependencies", "Build", "Upload artifact", "Complete job")
_LINT = ("Set up job", "Checkout", "Install dependencies", "Lint", "Complete job")
_E2E = ("Set up job", "Checkout", "Install dependencies", "Start services", "End-to-end tests", "Complete job")
_DEPLOY = ("Set up job", "Checkout", "Configure credentials", "Deploy", "Smoke test", "Complete job")


def _tests(kind: str, values: tuple[str, ...], share: float, after: tuple[str, ...] = ()) -> tuple[Part, ...]:
    return tuple(Part(f"test ({kind} {value})", share, after=after) for value in values)


GITHUB: tuple[Pipeline, ...] = (
    Pipeline("storefront:ci", "acme/storefront", "CI", 280, 16, (
        Part("lint", 0.2, steps=_LINT), *_tests("node", ("20", "22"), 0.45),
        Part("e2e (chromium)", 0.55, after=("test (node 22)",), steps=_E2E),
    ), _PUSHES, failing=0.05, flaky=0.09),
    Pipeline("storefront:deploy", "acme/storefront", "Deploy", 150, 6, (Part("deploy", 1.0, steps=_DEPLOY),), _MAIN),
    Pipeline("storefront:lighthouse", "acme/storefront", "Lighthouse", 340, 0, (
        Part("audit", 1.0, steps=_E2E),), _DAILY, hour=3),
    Pipeline("storefront:automerge", "acme/storefront", "Dependabot auto-merge", 25, 5, (
        Part("merge", 1.0),), {"pull_request": 1}, skipped=0.9, failing=0.01),
    Pipeline("design-system:ci", "acme/design-system", "CI", 130, 6, (
        Part("lint", 0.4, steps=_LINT), Part("build", 1.0, steps=_BUILD)), _PUSHES),
    Pipeline("design-system:release", "acme/design-system", "Release", 210, 0.8, (
        Part("publish", 1.0, steps=_BUILD),), {"workflow_dispatch": 1}, failing=0.1),
    Pipeline("payments-api:ci", "acme/payments-api", "CI", 240, 14, (
        Part("lint", 0.15, steps=_LINT), *_tests("py", ("3.11", "3.12", "3.13"), 0.7),
        Part("image", 0.3, after=("test (py 3.13)",), steps=_BUILD)), _PUSHES, failing=0.04),
    Pipeline("payments-api:deploy-staging", "acme/payments-api", "Deploy to staging", 190, 6, (
        Part("deploy", 1.0, steps=_DEPLOY),), _MAIN, failing=0.07),
    Pipeline("payments-api:load-test", "acme/payments-api", "Nightly load test", 1500, 0, (
        Part("load", 1.0, steps=_E2E),), _DAILY, hour=1, failing=0.1),
    Pipeline("gateway:ci", "acme/gateway", "CI", 170, 9, (
        Part("vet", 0.3, steps=_LINT), Part("build", 0.9, steps=_BUILD), Part("race", 0.7)), _PUSHES, failing=0.03),
    Pipeline("gateway:codeql", "acme/gateway", "CodeQL", 420, 0, (Part("analyze (go)", 1.0, steps=_BUILD),), _DAILY,
             hour=5, failing=0.01),
    Pipeline("mobile-app:ci", "acme/mobile-app", "CI", 520, 7, (
        Part("android", 0.7, steps=_BUILD), Part("ios", 0.9, IOS, steps=_BUILD, queue_seconds=150)), _PUSHES,
        failing=0.08, sigma=0.3),
    Pipeline("mobile-app:release", "acme/mobile-app", "Release", 900, 0.6, (
        Part("archive", 1.0, MAC, steps=_BUILD, queue_seconds=60),), {"workflow_dispatch": 1}, failing=0.12),
    Pipeline("etl-jobs:ci", "acme/etl-jobs", "CI", 110, 5, (
        Part("lint", 0.3, steps=_LINT), *_tests("py", ("3.12",), 1.0)), _PUSHES),
    Pipeline("etl-jobs:import", "acme/etl-jobs", "Nightly import", 640, 0, (
        Part("import", 1.0, steps=_E2E),), _DAILY, hour=2, failing=0.06),
)  # fmt: skip

_STAGES = (Part("Checkout", 0.05), Part("Build", 0.35), Part("Unit tests", 0.4), Part("Deploy", 0.2))
_GIT = "https://git.acme.example"
JENKINS: tuple[Pipeline, ...] = (
    Pipeline("payments-batch", "platform/payments-batch", "payments-batch", 200, 26, _STAGES, cls=MULTIBRANCH,
             failing=0.06, remote=f"{_GIT}/acme/payments-batch.git"),
    Pipeline("infra-terraform", "platform/infra-terraform", "infra-terraform", 95, 14, (
        Part("Checkout", 0.1), Part("Plan", 0.5), Part("Deploy", 0.4)), cls=PIPELINE, failing=0.05,
        remote=f"{_GIT}/acme/infra.git"),
    Pipeline("warehouse", "data/nightly-warehouse", "nightly-warehouse", 420, 0, (
        Part("Checkout", 0.05), Part("Extract", 0.45), Part("Load", 0.5)), hour=-1, cls=PIPELINE, failing=0.03,
        remote=f"{_GIT}/acme/warehouse.git"),
    Pipeline("model-training", "data/model-training", "model-training", 1300, 4, cls=FREESTYLE, failing=0.1,
             label="gpu", remote=f"{_GIT}/acme/models.git"),
    Pipeline("browser-matrix", "qa/browser-matrix", "browser-matrix", 260, 12, cls=MATRIX, failing=0.08,
             axis=("browser=chrome", "browser=firefox", "browser=safari", "browser=edge"),
             remote=f"{_GIT}/acme/storefront.git"),
    Pipeline("legacy-billing", "legacy-billing", "legacy-billing", 310, 18, cls=FREESTYLE, failing=0.09,
             label="windows", remote=f"{_GIT}/acme/legacy-billing.git"),
    Pipeline("image-builder", "web/image-builder", "image-builder", 75, 16, (
        Part("Checkout", 0.1), Part("Build", 0.9)), cls=PIPELINE, failing=0.03, remote=f"{_GIT}/acme/images.git"),
)  # fmt: skip

REPO_MAP = {
    "platform/payments-batch": "acme/payments-batch",
    "platform/infra-terraform": "acme/infra",
    "data/nightly-warehouse": "acme/warehouse",
    "data/model-training": "acme/models",
    "legacy-billing": "acme/legacy-billing",
    "qa/browser-matrix": "acme/storefront",
    "web/image-builder": "acme/images",
}
TEAMS = {
    "web-team": ("acme/storefront", "acme/design-system", "acme/images"),
    "platform-team": ("acme/payments-*", "acme/gateway", "acme/infra"),
    "mobile-team": ("acme/mobile-app",),
    "data-team": ("acme/etl-jobs", "acme/warehouse", "acme/models", "acme/legacy-billing"),
}
