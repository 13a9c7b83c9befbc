from __future__ import annotations

from dataclasses import replace

from collector.domain.model import BuildKey, JobWord, PipelineRef, PlainWord, RepoWord, RunWord, Status
from collector.providers.base import NotForUs
from config.model import Config
from webapp.choosing import Chosen, choose_github, choose_plain, github_instance
from webapp.posting import Sender

CONFIG = Config.model_validate(
    {
        "sources": [
            {
                "name": "acme",
                "provider": "github",
                "repos": ["acme/web"],
                "workflows": ["CI"],
                "exclude": ["acme/old*"],
            },
            {"name": "everything", "provider": "github", "branches": ["main"]},
            {
                "name": "box",
                "provider": "jenkins",
                "url": "https://jenkins.acme.com",
                "aliases": ["http://jenkins.internal:8080"],
                "folders": ["platform"],
            },
        ]
    }
)
ACME, EVERYTHING, BOX = CONFIG.sources
KEY = BuildKey("github", "github.com", "acme/web", "1")
RUN = RunWord(KEY, PipelineRef(name="CI"), Status.SUCCESS, branch="main")
REPO = RepoWord("github", "github.com", "acme/web")
PLAIN = PlainWord(KEY, PipelineRef(name="CI"), Status.SUCCESS, branch="main")


def bound(*sources: object) -> Sender:
    return Sender(tuple(sources), bound=True)  # type: ignore[arg-type]


def free(*sources: object) -> Sender:
    return Sender(tuple(sources), bound=False)  # type: ignore[arg-type]


def reason(chosen: Chosen | NotForUs) -> str:
    assert isinstance(chosen, NotForUs)
    return chosen.reason


def test_a_secret_brings_what_its_source_watches_and_the_words_about_it() -> None:
    assert choose_github((REPO, RUN), bound(ACME)) == Chosen((REPO, RUN), ACME)


def test_a_secret_brings_nothing_that_its_source_does_not_watch() -> None:
    other = replace(RUN, key=replace(KEY, repo="acme/api"))
    assert "acme/api" in reason(choose_github((other,), bound(ACME)))
    assert "workflow" in reason(choose_github((replace(RUN, pipeline=PipelineRef(name="Deploy")),), bound(ACME)))
    elsewhere = replace(RUN, key=replace(KEY, instance="ghe.acme.com"))
    assert "github.com" in reason(choose_github((elsewhere,), bound(ACME)))


def test_a_source_without_repos_takes_every_repo_that_its_secret_signs() -> None:
    other = replace(RUN, key=replace(KEY, repo="somebody/else"))
    assert choose_github((other,), bound(EVERYTHING)) == Chosen((other,), EVERYTHING)
    assert "branch" in reason(choose_github((replace(other, branch="topic"),), bound(EVERYTHING)))


def test_the_default_branch_is_the_one_that_the_deliverys_repository_tells() -> None:
    source = EVERYTHING.model_copy(update={"branches": ("@default",)})
    repo = replace(REPO, default_branch="trunk")
    on_trunk, job = replace(RUN, branch="trunk"), JobWord(KEY, "1", "test", Status.SUCCESS, branch="trunk")
    assert choose_github((repo, on_trunk), bound(source)) == Chosen((repo, on_trunk), source)
    assert choose_github((repo, job), bound(source)) == Chosen((repo, job), source)
    assert "branch main" in reason(choose_github((repo, RUN), bound(source)))


def test_of_two_sources_with_one_secret_the_one_that_watches_it_gets_it() -> None:
    other = replace(RUN, key=replace(KEY, repo="somebody/else"))
    assert choose_github((other,), bound(ACME, EVERYTHING)) == Chosen((other,), EVERYTHING)


def test_without_a_secret_a_repo_that_nobody_watches_is_kept_under_no_name() -> None:
    other = replace(RUN, key=replace(KEY, repo="acme/api"))
    assert choose_github((other,), free(ACME)) == Chosen((other,), None)
    assert choose_github((RUN,), free()) == Chosen((RUN,), None)


def test_without_a_secret_a_watched_repo_still_keeps_to_its_sources_selection() -> None:
    assert "workflow" in reason(choose_github((replace(RUN, pipeline=PipelineRef(name="Deploy")),), free(ACME)))
    excluded = replace(RUN, key=replace(KEY, repo="acme/old-web"))
    assert "acme/old-web" in reason(choose_github((excluded,), free(ACME)))


def test_plain_bodies_keep_to_the_same_selection() -> None:
    assert choose_plain(PLAIN, bound(ACME), {}) == Chosen((PLAIN,), ACME)
    assert "branch" in reason(choose_plain(replace(PLAIN, branch="topic"), bound(EVERYTHING), {}))
    other = replace(PLAIN, key=replace(KEY, repo="acme/api"))
    assert choose_plain(other, free(ACME), {}) == Chosen((other,), None)


def test_a_plain_jenkins_build_is_of_the_job_its_address_names() -> None:
    key = BuildKey("jenkins", "jenkins.acme.com", "acme/web", "platform/web#12")
    told = PlainWord(
        key, PipelineRef(name="web"), Status.FAILURE, url="https://jenkins.acme.com/job/platform/job/web/12/"
    )
    assert choose_plain(told, bound(BOX), {}) == Chosen((told,), BOX)
    outside = replace(told, key=replace(key, external_id="tools/web#12"))
    assert "tools/web" in reason(choose_plain(outside, bound(BOX), {}))


def test_a_controllers_aliases_and_its_own_root_are_the_controller() -> None:
    key = BuildKey("jenkins", "jenkins.internal:8080", "acme/web", "platform/web#12")
    told = PlainWord(
        key, PipelineRef(name="web"), Status.FAILURE, url="http://jenkins.internal:8080/job/platform/job/web/12/"
    )
    assert isinstance(choose_plain(told, bound(BOX), {}), Chosen)
    by_root = replace(told, key=replace(key, instance="ci.local"))
    assert isinstance(choose_plain(by_root, bound(BOX), {"box": "http://ci.local/"}), Chosen)
    assert "not for ci.local" in reason(choose_plain(by_root, bound(BOX), {}))


def test_a_plain_body_without_a_url_is_of_where_its_repo_is_known_or_looked_for() -> None:
    raw = [
        {"name": "proxy", "provider": "github", "url": "http://127.0.0.1:9000", "repos": ["acme/web"]},
        {"name": "ghe", "provider": "github", "url": "https://ghe.acme.com/api/v3", "repos": ["acme/core"]},
    ]
    sender = free(*Config.model_validate({"sources": raw}).sources)
    assert github_instance("acme/web", sender, []) == "github.com"
    assert github_instance("acme/web", sender, ["127.0.0.1:9000"]) == "127.0.0.1:9000"
    assert github_instance("acme/core", sender, []) == "ghe.acme.com"
    assert github_instance("other/repo", free(), ["ghe.acme.com"]) == "ghe.acme.com"
    assert github_instance("other/repo", free(), []) == "github.com"


def test_a_source_that_names_no_repos_says_nothing_of_what_its_secret_did_not_sign() -> None:
    raw = [
        {"name": "acme", "provider": "github", "repos": ["acme/web"]},
        {"name": "ghe", "provider": "github", "url": "https://ghe.acme.com/api/v3", "webhook_secrets": ["${S}"]},
    ]
    _, ghe = sources = Config.model_validate({"sources": raw}).sources
    assert github_instance("other/repo", free(*sources), []) == "github.com"
    assert github_instance("other/repo", bound(ghe), []) == "ghe.acme.com"
