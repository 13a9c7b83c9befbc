"""What the keyboard alone can do: the palette, the sheets, going about, and what a reader chose."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.watching import SOON, builds, violations
from tests.product import Product


@pytest.fixture
def opened(page: Page, product: Product) -> Page:
    page.goto(product.url)
    expect(page.get_by_role("region", name="What is broken")).to_be_visible(timeout=SOON)
    return page


def test_the_palette_finds_a_pipeline_and_gives_the_focus_back(opened: Page) -> None:
    opened.get_by_role("searchbox").focus()
    opened.keyboard.press("Control+k")
    field = opened.get_by_role("combobox")
    expect(field).to_be_focused()
    opened.keyboard.type("web ci")
    expect(opened.get_by_role("option", name="acme/web ci").first).to_have_attribute("aria-selected", "true")
    opened.keyboard.press("Escape")
    expect(field).to_have_count(0)
    expect(opened.get_by_role("searchbox")).to_be_focused()
    opened.keyboard.press("Control+k")
    opened.keyboard.type("web ci")
    expect(opened.get_by_role("option").first).to_contain_text("ci")
    opened.keyboard.press("Enter")
    expect(opened).to_have_url(re.compile("/ui/pipeline/"))


def test_a_key_pressed_the_moment_the_page_shows_is_not_lost(page: Page, product: Product) -> None:
    page.add_init_script(
        """new MutationObserver((_, watching) => {
             if (document.querySelector("main section, main form") === null) return;
             watching.disconnect();
             document.body.dispatchEvent(new KeyboardEvent("keydown", { key: ",", bubbles: true, cancelable: true }));
           }).observe(document, { childList: true, subtree: true });"""
    )
    page.goto(product.url)
    expect(page.get_by_role("dialog", name="Preferences")).to_be_visible(timeout=SOON)


def test_what_is_typed_at_once_after_opening_goes_nowhere_else(opened: Page) -> None:
    opened.keyboard.press("Control+k")
    opened.keyboard.press("g")
    opened.keyboard.press("s")
    expect(opened.get_by_role("combobox")).to_have_value("gs", timeout=SOON)
    assert opened.url.rstrip("/").count("/") == 2


def test_the_palette_finds_a_build_by_commit_and_by_number(opened: Page, product: Product) -> None:
    opened.keyboard.press("Control+k")
    opened.keyboard.type("bad0001")
    expect(opened.get_by_role("option").filter(has_text="mira").first).to_be_visible(timeout=SOON)
    number = builds(product)[0]["id"]
    opened.get_by_role("combobox").fill(str(number))
    expect(opened.get_by_role("option").first).to_contain_text("Build", timeout=SOON)
    opened.get_by_role("combobox").fill("nothing is called so")
    expect(opened.get_by_text("Nothing is called like")).to_be_visible(timeout=SOON)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("key", "name"),
    [("Control+k", "Find a pipeline, repo or build"), ("?", "Keyboard shortcuts"), (",", "Preferences")],
)
def test_what_opens_over_the_page_breaks_no_rule_of_axe(opened: Page, key: str, name: str, scheme: str) -> None:
    opened.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    opened.keyboard.press(key)
    expect(opened.get_by_role("dialog", name=name)).to_be_visible(timeout=SOON)
    opened.wait_for_timeout(500)
    assert violations(opened) == []
    opened.keyboard.press("Escape")
    expect(opened.get_by_role("dialog")).to_have_count(0)


def test_two_keys_go_to_each_page_and_none_while_typing(opened: Page) -> None:
    for key, path in (("g", "/ui/grid"), ("w", "/ui/waiting"), ("s", "/ui/sources"), ("l", "/ui/wall"), ("o", "/")):
        opened.keyboard.press("g")
        opened.keyboard.press(key)
        expect(opened).to_have_url(re.compile(re.escape(path) + r"(\?.*)?$"), timeout=SOON)
    opened.keyboard.press("/")
    expect(opened.get_by_role("searchbox")).to_be_focused()
    opened.keyboard.type("gs?")
    expect(opened.get_by_role("dialog")).to_have_count(0)
    expect(opened).to_have_url(re.compile(r"q=gs%3F"))


def test_rows_are_walked_and_opened(opened: Page) -> None:
    expect(opened.get_by_role("region", name="Latest builds").get_by_role("row").nth(1)).to_be_visible(timeout=SOON)
    opened.keyboard.press("j")
    opened.keyboard.press("j")
    first = opened.evaluate("document.activeElement.href")
    opened.keyboard.press("k")
    assert opened.evaluate("document.activeElement.href") != first
    opened.keyboard.press("Enter")
    expect(opened).to_have_url(re.compile("/ui/(pipeline|build)/"), timeout=SOON)


def test_the_skip_link_leads_past_the_header(opened: Page) -> None:
    opened.keyboard.press("Tab")
    expect(opened.get_by_role("link", name="Skip to the page")).to_be_focused()
    opened.keyboard.press("Enter")
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.closest('main') !== null")


def test_preferences_are_kept_and_hold_at_once(opened: Page) -> None:
    opened.keyboard.press(",")
    dialog = opened.get_by_role("dialog", name="Preferences")
    dialog.get_by_text("Dark", exact=True).click()
    dialog.get_by_text("Compact", exact=True).click()
    dialog.get_by_role("combobox", name="Time zone").select_option("Asia/Tokyo")
    dialog.get_by_label("web-team").check()
    opened.keyboard.press("Escape")
    expect(opened).to_have_url(re.compile("group=web-team"))
    opened.reload()
    assert opened.evaluate("document.documentElement.dataset.theme") == "dark"
    assert opened.evaluate("document.documentElement.dataset.density") == "compact"
    row = opened.get_by_role("region", name="Latest builds").get_by_role("row").nth(1)
    expect(row.locator("time")).to_have_attribute("title", re.compile("Asia/Tokyo"), timeout=SOON)
    expect(opened.get_by_role("contentinfo")).to_contain_text("Asia/Tokyo")


def test_my_groups_can_be_left_for_all_of_them(opened: Page, product: Product) -> None:
    opened.evaluate("localStorage.setItem('prefs', JSON.stringify({groups: ['api-team']}))")
    opened.goto(product.url)
    expect(opened).to_have_url(re.compile("group=api-team"), timeout=SOON)
    opened.get_by_role("button", name="groups: api-team").click()
    opened.get_by_role("radio", name="All groups").check()
    expect(opened).to_have_url(re.compile(r"group=\*"))
    expect(opened.get_by_role("region", name="What is broken")).to_contain_text("acme/web ci", timeout=SOON)


def test_printing_leaves_out_what_only_a_screen_needs(opened: Page) -> None:
    opened.emulate_media(media="print")
    expect(opened.get_by_role("navigation", name="Pages")).to_be_hidden()
    expect(opened.get_by_role("region", name="Latest builds")).to_be_visible()
