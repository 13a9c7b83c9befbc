"""Every page and state of the dashboard in a real browser, over the real program."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.watching import SOON, ago, builds, pipeline_id, push, violations
from tests.product import Product


@pytest.fixture(scope="module")
def paths(product: Product) -> dict[str, str]:
    failed = next(one for one in builds(product, status="failure") if one["external_id"] == "b1")
    return {
        "overview": "/",
        "pipeline": f"/ui/pipeline/{pipeline_id(product, 'ci')}",
        "build": f"/ui/build/{failed['id']}",
        "grid": "/ui/grid?repo=acme/web",
        "waiting": "/ui/waiting",
        "wall": "/ui/wall",
        "alerts": "/ui/alerts",
        "sources": "/ui/sources",
    }


NAMES = ("overview", "pipeline", "build", "grid", "waiting", "wall", "alerts", "sources")


def settle(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    expect(page.get_by_label("loading")).to_have_count(0, timeout=SOON)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_breaks_a_rule_of_axe(
    page: Page, product: Product, paths: dict[str, str], name: str, scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(product.url + paths[name])
    settle(page)
    assert violations(page) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_scrolls_down_and_never_sideways(
    browser: Browser, product: Product, paths: dict[str, str], name: str
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(product.url + paths[name])
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert violations(page) == []
    context.close()


@pytest.mark.parametrize(("label", "says"), [("Success rate", "100 × success"), ("branches: Default branches", "main")])
def test_what_hangs_on_a_button_is_found_in_the_page_and_breaks_no_rule_of_axe(
    page: Page, product: Product, label: str, says: str
) -> None:
    page.goto(product.url)
    settle(page)
    page.get_by_role("button", name=label).click()
    expect(page.get_by_role("main").locator(".tip, .menu").get_by_text(says)).to_be_visible(timeout=SOON)
    assert violations(page) == []


LONG = "a-name-that-never-ends/" + "without_any_blank_" * 24


def test_names_as_long_as_they_may_be_break_no_page(browser: Browser, tmp_path: Path) -> None:
    named = {"pipeline": LONG, "repo": f"acme/{LONG[23:]}", "actor": LONG[:200], "message": LONG, "commit": "c" * 40}
    with Product(tmp_path) as running:
        for branch in (LONG, "main"):
            push(running, **named, branch=branch, status="queued", duration_seconds=None, external_id=f"q{branch}")
            push(running, **named, branch=branch, status="failure", logs=f"error: {LONG}\n", external_id=f"f{branch}")
        pipeline = f"/ui/pipeline/{pipeline_id(running, LONG)}?branch=*"
        build = f"/ui/build/{builds(running, status='failure')[0]['id']}"
        for width in (1440, 1024, 390):
            page = browser.new_page(viewport={"width": width, "height": 900})
            for path in ("/?branch=*", pipeline, build, "/ui/grid", "/ui/waiting", "/ui/wall"):
                page.goto(running.url + path)
                settle(page)
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert (width, path, wide) == (width, path, 0)
            page.close()


def test_the_first_line_tells_what_is_broken_and_by_whom(page: Page, product: Product) -> None:
    page.goto(product.url)
    line = page.get_by_role("region", name="What is broken")
    expect(line).to_contain_text("1 broken", timeout=SOON)
    expect(line).to_contain_text("acme/web ci")
    expect(line).to_contain_text("first bad commit bad0001 by mira")


def test_a_pipeline_tells_its_outage_what_fails_and_what_flaked(
    page: Page, product: Product, paths: dict[str, str]
) -> None:
    page.goto(product.url + paths["pipeline"])
    head = page.get_by_role("region", name="Pipeline", exact=True)
    expect(head).to_contain_text("2 failures in a row", timeout=SOON)
    expect(head).to_contain_text("last green f1a4e")
    expect(page.get_by_role("region", name="What fails").get_by_role("listitem").first).to_contain_text("assert 2 == 1")
    expect(page.get_by_role("region", name="Flaky builds")).to_contain_text("f1a4e")
    outages = page.get_by_role("region", name="Outages and recoveries").get_by_role("listitem")
    expect(outages.first).to_contain_text("open")
    expect(outages.nth(1)).to_contain_text("recovered")
    page.get_by_text("Success rate", exact=True).last.click()
    expect(page.get_by_role("region", name="Success rate over time")).to_be_visible()


def test_a_build_tells_what_failed_whether_it_is_new_and_marks_the_line(
    page: Page, product: Product, paths: dict[str, str]
) -> None:
    page.goto(product.url + paths["build"])
    expect(page.get_by_role("heading", name="Refund twice")).to_be_visible(timeout=SOON)
    expect(page.locator(".log mark").filter(has_text="assert 2 == 1")).to_be_in_viewport(timeout=SOON)
    around = page.get_by_role("region", name="Is it me?")
    expect(around).to_contain_text("First failure here")
    expect(around).to_contain_text("1 other build of this pipeline did")
    expect(page.get_by_text("on the critical path")).to_have_count(2)


def test_the_grid_tells_which_commit_broke_it(page: Page, product: Product) -> None:
    page.goto(product.url + "/ui/grid")
    broke = page.get_by_role("link", name="broke here")
    expect(broke).to_have_count(1, timeout=SOON)
    expect(page.get_by_role("row").filter(has=broke)).to_contain_text("bad0001")
    expect(page.get_by_role("link", name="flaky: failed, then passed on this commit")).to_have_count(1)
    broke.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Refund twice")).to_be_visible(timeout=SOON)


def test_what_waits_is_told_with_how_long(page: Page, product: Product) -> None:
    page.goto(product.url + "/ui/waiting")
    expect(page.get_by_role("region", name="What waits longest")).to_contain_text("1 waiting", timeout=SOON)
    expect(page.get_by_role("region", name="What waits now")).to_contain_text("acme/web deploy")


def test_the_wall_shows_groups_worst_first_and_hides_the_healthy(page: Page, product: Product) -> None:
    page.goto(product.url + "/ui/wall")
    tiles = page.get_by_role("main").get_by_role("listitem")
    expect(tiles).to_have_count(2, timeout=SOON)
    expect(tiles.first).to_contain_text("web-team")
    expect(tiles.first).to_contain_text("mira")
    page.keyboard.press("h")
    expect(tiles).to_have_count(1)
    page.reload()
    expect(tiles).to_have_count(1, timeout=SOON)


def test_the_wall_turns_by_itself_when_something_breaks(page: Page, product: Product) -> None:
    page.goto(product.url + "/ui/wall")
    tile = page.get_by_role("main").get_by_role("listitem").filter(has_text="api-team")
    expect(tile).to_contain_text("healthy", timeout=SOON)
    page.evaluate("window.notReloaded = true")
    push(product, pipeline="build", repo="acme/api", status="failure", commit="c0ffef", external_id="a2", actor="jon")
    expect(tile).to_contain_text("broken", timeout=SOON)
    push(product, pipeline="build", repo="acme/api", commit="c0fff0", external_id="a3")
    expect(tile).not_to_contain_text("broken", timeout=SOON)
    assert page.evaluate("window.notReloaded") is True


def test_a_part_that_fails_says_why_and_leaves_the_rest(browser: Browser, product: Product) -> None:
    page = browser.new_page()
    refused = {"error": {"code": "internal", "message": "The database is locked by another program."}}
    answers = [500]

    def series(route: Route) -> None:
        if answers[0] == 500:
            route.fulfill(status=500, json=refused)
        else:
            route.continue_()

    page.route("**/series*", series)
    page.goto(product.url)
    panel = page.get_by_role("region", name="Build durations")
    expect(panel.get_by_role("alert")).to_contain_text("locked by another program", timeout=SOON)
    expect(page.get_by_role("region", name="Latest builds").get_by_role("row").nth(1)).to_be_visible()
    answers[0] = 200
    panel.get_by_role("button", name="Try again").click()
    expect(panel.get_by_role("img")).to_be_visible(timeout=SOON)
    page.close()


def test_filters_that_match_nothing_say_so_and_can_be_cleared(page: Page, product: Product) -> None:
    page.goto(product.url + "/?q=nothing-like-this")
    expect(page.get_by_text("No build matches these filters")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_role("region", name="Latest builds").get_by_text("ci", exact=True).first).to_be_visible()


def test_the_table_is_sorted_by_the_server_and_the_address_says_so(page: Page, product: Product) -> None:
    push(product, pipeline="slow", duration_seconds=4000, started_at=ago(hours=5), external_id="slow1")
    page.goto(product.url)
    latest = page.get_by_role("region", name="Latest builds")
    latest.get_by_role("button", name="Duration").click()
    expect(latest.get_by_role("row").nth(1)).to_contain_text("slow", timeout=SOON)
    assert "sort=-duration_seconds" in page.url
    page.go_back()
    expect(latest.get_by_role("row").nth(1)).not_to_contain_text("slow", timeout=SOON)


def test_a_newcomer_sees_what_to_write_and_the_line_that_pushes_a_build(page: Page, tmp_path: Path) -> None:
    with Product(tmp_path) as empty:
        page.goto(empty.url)
        expect(page.get_by_text("collectors.yaml", exact=True).last).to_be_visible(timeout=SOON)
        expect(page.get_by_text(f"curl {empty.url}/ingest/github")).to_be_visible()
        assert violations(page) == []
        page.goto(empty.url + "/ui/grid")
        expect(page.get_by_text("No build is kept yet")).to_be_visible(timeout=SOON)
        page.goto(empty.url + "/ui/waiting")
        expect(page.get_by_text("Nothing waits now")).to_be_visible(timeout=SOON)
        page.goto(empty.url + "/ui/wall")
        expect(page.get_by_text("No builds yet")).to_be_visible(timeout=SOON)
