"""The page in a real browser: each view in both themes, on a phone and a wide screen, by keyboard alone."""

from collections.abc import Callable

import pytest
from page.conftest import PHONE, SCREEN
from page.looking import axe_findings, focused, wider_than_window
from playwright.sync_api import Page, expect
from stepping import Flow

Browsing = Callable[..., Page]
VIEWS = ("/", "/briefs", "/page/sign-in")


@pytest.fixture
def shown(flow: Flow) -> Flow:
    """An installation with something in each view."""
    flow.accept(brief_id="ada", batch="spring")
    return flow


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, SCREEN])
def test_each_view_can_be_read_by_all(browsing: Browsing, shown: Flow, width: int, theme: str) -> None:
    page = browsing(width=width, theme=theme)
    for view in VIEWS:
        page.goto(view)
        assert axe_findings(page) == []
        assert wider_than_window(page) == 0, view


def test_the_theme_is_switched_and_kept(browsing: Browsing, shown: Flow) -> None:
    page = browsing()
    page.goto("/")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("button", name="Theme").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_one_signs_in_by_keyboard_alone(browsing: Browsing, shown: Flow, token: Callable[..., str]) -> None:
    given, page = token(), browsing(quiet=True)
    page.goto("/")
    page.keyboard.insert_text(given)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    assert focused(page).startswith("Overview")


def test_what_happens_is_shown_without_loading_again(browsing: Browsing, shown: Flow) -> None:
    page = browsing()
    page.goto("/")
    expect(page.locator("#live")).to_have_text("live")
    shown.accept(brief_id="bob")
    expect(page.locator("#overview")).to_contain_text("2 of 5")
