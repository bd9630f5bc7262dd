"""The page in a real browser: each view in both themes, on a phone and a wide screen, by keyboard alone."""

from collections.abc import Callable

import pytest
from page.conftest import PHONE, SCREEN
from page.looking import axe_findings, focused, spoken_faults, wider_than_window
from playwright.sync_api import Page, expect
from stepping import Flow

from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.operations import halts

pytestmark = pytest.mark.story

Browsing = Callable[..., Page]
VIEWS = ("/", "/briefs", "/briefs?filter=state:done", "/page/sign-in")


@pytest.fixture
def shown(flow: Flow, ledger: Ledger) -> Flow:
    """An installation with something in each view: more briefs than jobs, long names, a pause."""
    long = "a-name-of-a-batch-that-is-longer-than-any-phone-is-wide-" * 2
    for number in range(7):
        flow.accept(brief_id=f"brief-{number}", batch=long if number == 0 else "spring", name="N" * 90)
    halts.halt(ledger, commands.Halted("default", None), "bea", "a fair")
    return flow


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, SCREEN])
def test_each_view_can_be_read_by_all(browsing: Browsing, shown: Flow, width: int, theme: str) -> None:
    page = browsing(width=width, theme=theme)
    for view in VIEWS:
        page.goto(view)
        assert axe_findings(page) == []
        assert wider_than_window(page) == 0, view
        assert spoken_faults(page) == [], view


def test_the_theme_is_switched_and_kept(browsing: Browsing, flow: Flow) -> None:
    page = browsing()
    page.goto("/")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("button", name="Theme").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_one_signs_in_by_keyboard_alone(browsing: Browsing, flow: Flow, token: Callable[..., str]) -> None:
    given, page = token(), browsing(quiet=True)
    page.goto("/")
    page.keyboard.insert_text(given)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    assert focused(page).startswith("Overview")


def test_what_happens_is_shown_without_loading_again(browsing: Browsing, flow: Flow) -> None:
    flow.accept(brief_id="ada")
    page = browsing()
    page.goto("/")
    expect(page.locator("#live")).to_have_text("live")
    page.evaluate("window.stays = true")
    flow.accept(brief_id="bob")
    expect(page.locator("#overview")).to_contain_text("2 of 5")
    assert page.evaluate("window.stays")


def test_a_button_acts_and_the_view_shows_it(
    browsing: Browsing, shown: Flow, token: Callable[..., str]
) -> None:
    page = browsing(token())
    page.get_by_role("button", name="Let it go on account default").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("paused by bea")).to_have_count(0)
    assert halts.of_accounts(shown.client, ["default"]) == {}


def test_a_filter_is_typed_completed_and_sent_by_keyboard(browsing: Browsing, shown: Flow) -> None:
    page = browsing(quiet=True)
    page.goto("/briefs")
    page.locator("#filter").focus()
    page.keyboard.type("batch:s")
    expect(page.locator("#words option[value='batch:spring']")).to_have_count(1)
    page.keyboard.type("pring")
    page.keyboard.press("Enter")
    expect(page.get_by_text("6 briefs")).to_be_visible()
    assert page.url.endswith("/briefs?filter=batch%3Aspring")
    expect(page.locator("tbody tr")).to_have_count(6)
    expect(page.locator(".waits").last).to_contain_text("somebody to let it go on")
    page.goto("/briefs?filter=meta.sku:1")
    expect(page.locator("#totals")).to_have_text("0 briefs")
    page.goto("/briefs?filter=state:holding")
    expect(page.get_by_role("alert")).to_contain_text("must be one of")
    assert axe_findings(page) == []
