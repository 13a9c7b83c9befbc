"""What each page shows while its data is on its way, refused, or the server is away, and that it goes on by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.watching import SOON, builds, pipeline_id, push, violations
from tests.product import Product

SLOW = 2 * SOON
LOCKED = {"error": {"code": "internal", "message": "The database is locked by another program."}}


@dataclass(frozen=True)
class Place:
    """A page, the part of the API that it stands on, and a text that it shows once it is there."""

    path: str
    asked: str
    shown: str


@pytest.fixture(scope="module")
def places(product: Product) -> dict[str, Place]:
    failed = next(one["id"] for one in builds(product, status="failure") if one["external_id"] == "b1")
    ci = pipeline_id(product, "ci")
    return {
        "overview": Place("/", "/metrics/summary", "1 broken"),
        "pipeline": Place(f"/ui/pipeline/{ci}", f"/pipelines/{ci}", "2 failures in a row"),
        "build": Place(f"/ui/build/{failed}", f"/builds/{failed}", "Refund twice"),
        "grid": Place("/ui/grid?repo=acme/web", "/grid", "bad0001"),
        "waiting": Place("/ui/waiting", "/waiting", "1 waiting"),
        "wall": Place("/ui/wall", "/pipelines", "web-team"),
        "alerts": Place("/ui/alerts", "/alerts", "Nothing is firing."),
        "sources": Place("/ui/sources", "/sources", "No sources yet"),
    }


NAMES = ("overview", "pipeline", "build", "grid", "waiting", "wall", "alerts", "sources")


def part_of(product: Product, place: Place) -> re.Pattern[str]:
    return re.compile(re.escape(product.url + place.asked) + r"(\?|$)")


def shown(page: Page, place: Place) -> None:
    expect(page.get_by_role("main").get_by_text(place.shown).first).to_be_visible(timeout=SLOW)


def test_a_program_that_does_not_come_is_told_instead_of_an_empty_page(page: Page, product: Product) -> None:
    page.route("**/assets/start-*.js", lambda route: route.fulfill(status=503))
    page.goto(product.url)
    expect(page.get_by_text("The dashboard could not be loaded. Reload the page to try again.")).to_be_visible()
    page.unroute("**/assets/start-*.js")
    page.reload()
    expect(page.get_by_role("region", name="What is broken")).to_be_visible(timeout=SOON)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_on_its_way_has_its_place_kept(
    page: Page, product: Product, places: dict[str, Place], name: str
) -> None:
    held: list[Route] = []
    released: list[bool] = []
    page.route(part_of(product, places[name]), lambda route: route.continue_() if released else held.append(route))
    page.goto(product.url + places[name].path)
    expect(page.get_by_role("main").get_by_label("loading").first).to_be_visible(timeout=SOON)
    assert violations(page) == []
    released.append(True)
    for route in held:
        route.continue_()
    shown(page, places[name])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_refused_says_why_and_comes_with_another_try(
    page: Page, product: Product, places: dict[str, Place], name: str
) -> None:
    part = part_of(product, places[name])
    page.route(part, lambda route: route.fulfill(status=503, json=LOCKED))
    page.goto(product.url + places[name].path)
    refusal = page.get_by_role("main").get_by_role("alert").first
    expect(refusal).to_contain_text("locked by another program", timeout=SLOW)
    assert violations(page) == []
    page.unroute(part)
    refusal.get_by_role("button", name="Try again").click()
    shown(page, places[name])
    expect(page.get_by_text("locked by another program")).to_have_count(0, timeout=SOON)


def test_a_page_that_loses_the_server_says_how_old_it_is_and_catches_up(page: Page, product: Product) -> None:
    page.goto(product.url)
    latest = page.get_by_role("region", name="Latest builds")
    expect(latest.get_by_role("row").nth(1)).to_be_visible(timeout=SOON)
    page.evaluate("window.notReloaded = true")
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("What you see is from", timeout=SOON)
    expect(latest.get_by_role("row").nth(1)).to_be_visible()
    assert violations(page) == []
    push(product, pipeline="meanwhile", external_id="m1")
    page.context.set_offline(False)
    expect(latest.get_by_text("meanwhile")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("alert")).to_have_count(0, timeout=SOON)
    assert page.evaluate("window.notReloaded") is True


def test_a_wall_that_loses_the_server_says_so_in_large_and_catches_up(page: Page, product: Product) -> None:
    page.goto(product.url + "/ui/wall")
    tile = page.get_by_role("main").get_by_role("listitem").filter(has_text="api-team")
    expect(tile).to_contain_text("healthy", timeout=SOON)
    page.evaluate("window.notReloaded = true")
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached", timeout=SOON)
    push(product, pipeline="build", repo="acme/api", status="failure", commit="c0ffef", external_id="a8", actor="jon")
    page.context.set_offline(False)
    expect(tile).to_contain_text("broken", timeout=SOON)
    expect(page.get_by_role("alert")).to_have_count(0, timeout=SOON)
    push(product, pipeline="build", repo="acme/api", commit="c0fff0", external_id="a9")
    expect(tile).to_contain_text("healthy", timeout=SOON)
    assert page.evaluate("window.notReloaded") is True


def test_rows_that_arrive_do_not_move_what_one_reads(page: Page, product: Product) -> None:
    page.goto(product.url + "/?branch=*")
    rows = page.get_by_role("region", name="Latest builds").get_by_role("row")
    expect(rows.nth(1)).to_be_visible(timeout=SOON)
    rows.nth(3).hover()
    read = rows.nth(3).inner_text()
    for number in range(3):
        push(product, pipeline="arriving", external_id=f"r{number}")
    pill = page.get_by_role("button", name="3 new")
    expect(pill).to_be_visible(timeout=SOON)
    assert rows.nth(3).inner_text().split("\n")[:2] == read.split("\n")[:2]
    page.keyboard.press("n")
    expect(rows.nth(1)).to_contain_text("arriving", timeout=SOON)
    expect(pill).to_have_count(0)


def test_relative_times_show_both_clocks_on_hover(page: Page, product: Product) -> None:
    page.goto(product.url)
    expect(page.locator("tr[data-build] time").first).to_be_visible(timeout=SOON)
    titles = page.eval_on_selector_all("main time", "times => times.map((time) => time.title)")
    assert titles
    assert [title for title in titles if " UTC" not in title] == []
