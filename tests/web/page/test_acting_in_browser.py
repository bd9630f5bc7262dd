"""What people do on the page in a real browser, by keyboard alone; and that all its views can be read."""

import json
from collections.abc import Callable

import pytest
from own_account import CREATE
from page.conftest import PHONE, SCREEN
from page.looking import axe_findings, spoken_faults, wider_than_window
from playwright.sync_api import Page, expect
from stepping import Flow
from support import brief, eventually

from config import keys
from config.accounts.names import DEFAULT
from worker.callers.tokens import Role
from worker.ledger.records import brief_subject
from worker.ledger.transition import Answer, Transition
from worker.operations import actions, picking
from worker.operations.limit_changes import change
from worker.orders.order import What
from worker.orders.orders import Orders
from worker.selection.language import parse
from worker.views import account_reading

pytestmark = pytest.mark.story

Browsing = Callable[..., Page]
Tokens = Callable[..., str]
NAMES = ("ada", "bob", "cleo")
HUNDRED = 100


@pytest.fixture
def waiting(heard: Flow) -> Flow:
    """Three briefs that wait for a choice among their drafts."""
    for name in NAMES:
        heard.accept(brief_id=name, choose="manual", batch="spring")
    for name in NAMES:
        heard.until(name, "choosing")
    return heard


@pytest.fixture
def hundred(heard: Flow) -> Flow:
    """One that went its way, and copies of its record."""
    heard.accept(brief_id="b0", choose="manual")
    heard.until("b0", "choosing")
    record = heard.client.hgetall(keys.RECORD(brief_subject("b0")))
    with heard.client.pipeline(transaction=False) as pipe:
        for number in range(1, HUNDRED):
            pipe.hset(keys.RECORD(brief_subject(f"b{number}")), mapping=record)
            pipe.zadd(keys.UNFINISHED(), {f"b{number}": int(record["accepted_at"]) + number})
        pipe.execute()
    return heard


def failed(flow: Flow, *names: str) -> None:
    for name in names:
        flow.accept(brief_id=name)
        flow.ledger.apply(flow.brief(name), Transition("failed", fields={"error": "503"}))


def drafts(flow: Flow, name: str) -> list[int]:
    return [draft["image_result_id"] for draft in flow.brief(name).json("drafts")]


def chosen(flow: Flow, name: str) -> int:
    eventually(flow.client, lambda: flow.client.exists(f"identity:promotion:{name}#0"))
    return int(flow.promotion(name).json("candidates")[0]["image_result_id"])


def test_a_gallery_is_gone_through_by_keyboard_alone(
    browsing: Browsing, waiting: Flow, token: Tokens
) -> None:
    page = browsing(token())
    page.goto("/gallery?batch=spring")
    order = [each.get_attribute("aria-label") for each in page.locator("[data-pick]").all()]
    first, second, third = (str(each).removeprefix("Drafts of ") for each in order)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator(".picked")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator(".picked")).to_have_count(2)
    page.keyboard.press("2")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".picked")).to_have_count(3)
    assert chosen(waiting, first) == drafts(waiting, first)[1]
    assert chosen(waiting, second) == drafts(waiting, second)[0]
    assert chosen(waiting, third) == drafts(waiting, third)[0]


def test_a_hundred_are_chosen_for_by_two_keys_each(browsing: Browsing, hundred: Flow, token: Tokens) -> None:
    page = browsing(token())
    page.goto("/gallery")
    expect(page.locator("[data-pick]")).to_have_count(HUNDRED)
    for done in range(1, HUNDRED + 1):
        page.keyboard.press(str(1 + done % 2))
        page.keyboard.press("Enter")
        expect(page.locator(".picked")).to_have_count(done)
    states = [hundred.brief(f"b{number}").state for number in range(HUNDRED)]
    assert set(states) == {"promoting"}
    drafts = [draft["image_result_id"] for draft in hundred.brief("b0").json("drafts")]
    chosen = [hundred.promotion(f"b{n}").json("candidates")[0]["image_result_id"] for n in range(HUNDRED)]
    assert chosen == [drafts[(number + 1) % 2] for number in range(HUNDRED)]


def test_a_brief_is_chosen_for_by_a_key(browsing: Browsing, waiting: Flow, token: Tokens) -> None:
    page = browsing(token(), quiet=True)
    page.goto("/briefs/ada")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("figure.chosen")).to_have_count(1)
    assert chosen(waiting, "ada") == drafts(waiting, "ada")[1]
    page.goto("/gallery")
    waiting.ledger.apply(waiting.brief("bob"), Transition("failed", fields={"error": "lost"}))
    page.get_by_role("form", name="Drafts of bob").get_by_role("radio").first.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text("only drafts of a brief that is choosing")


def test_more_than_one_draft_is_picked_by_keys(browsing: Browsing, waiting: Flow, token: Tokens) -> None:
    page = browsing(token(), width=PHONE)
    page.goto("/gallery?batch=spring")
    name = str(page.locator("[data-pick]").first.get_attribute("aria-label")).removeprefix("Drafts of ")
    page.keyboard.press("m")
    expect(page.locator("[data-costs]:visible")).to_contain_text("50 credits and a slot")
    page.keyboard.press("1")
    page.keyboard.press("2")
    assert axe_findings(page) == []
    page.keyboard.press("Enter")
    expect(page.locator(".picked")).to_have_count(1)
    assert waiting.brief(name).fields["promotions"] == "2"
    page.get_by_role("button", name="More than one each").first.click()
    page.get_by_role("button", name="More than one each").first.click()
    expect(page.get_by_role("checkbox")).to_have_count(0)


def test_all_matches_are_retried_after_they_were_shown(browsing: Browsing, flow: Flow, token: Tokens) -> None:
    failed(flow, *NAMES)
    page = browsing(token())
    page.goto("/briefs?filter=state:failed")
    page.get_by_text("Do something to all of these").press("Enter")
    page.get_by_label("Why").fill("mended")
    page.get_by_role("button", name="See how many first").press("Enter")
    page.get_by_role("button", name="Do it: retry 3 briefs").press("Enter")
    expect(page.locator("#order")).to_contain_text("3 of 3")
    assert {flow.brief(name).state for name in NAMES} == {"waiting"}
    assert actions.actions(flow.client, 1)[0]["why"] == "mended"


def test_limits_are_changed_and_undone_by_keyboard(browsing: Browsing, flow: Flow, token: Tokens) -> None:
    flow.accept(brief_id="ada")
    page = browsing(token(Role.ADMIN))
    page.goto(f"/accounts/{DEFAULT}")
    page.get_by_label("jobs", exact=True).fill("2")
    page.locator("#limit-why").fill("a fair")
    page.keyboard.press("Enter")
    expect(page.get_by_text("(a fair)")).to_be_visible()
    assert account_reading.report(flow.client, DEFAULT).limits["jobs"] == 2
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("undoes that of")).to_be_visible()
    assert account_reading.report(flow.client, DEFAULT).limits["jobs"] != 2


def test_what_can_not_be_undone_is_asked_for_first(browsing: Browsing, flow: Flow, token: Tokens) -> None:
    flow.accept(brief_id="ada")
    flow.broker.enqueue_briefs([json.dumps(brief(brief_id="ada", priority=3))])
    flow.steps.run(keys.INLET)
    token(Role.CALLER, name="shop")
    page = browsing(token(Role.ADMIN))
    answers = iter([False, True] * 2)
    page.on("dialog", lambda asked: asked.accept() if next(answers) else asked.dismiss())
    for view, name in (("/", "Throw it away"), ("/access", "Revoke the token of shop")):
        page.goto(view)
        button = page.get_by_role("button", name=name)
        button.press("Enter")
        button.press("Enter")
        expect(button).to_have_count(0)
    assert next(answers, None) is None, "each was asked for"


def test_what_costs_or_ends_a_brief_is_asked_for_first(
    browsing: Browsing, waiting: Flow, token: Tokens
) -> None:
    waiting.pause_promotes()
    picking.pick(waiting.ledger, "ada", drafts(waiting, "ada")[:1], leave_rest=False)
    waiting.api.fault("drop_response", path=CREATE)
    waiting.accept(brief_id="dora")
    waiting.steps.until(lambda: waiting.brief("dora").state == "uncertain")
    held = Transition("held", fields={"question": "did it arrive?"})
    assert waiting.ledger.apply(waiting.brief("dora"), held) is Answer.APPLIED
    before = {name: waiting.brief(name).fields for name in (*NAMES, "dora")}
    page, asked = browsing(token()), []
    page.on("dialog", lambda dialog: asked.append(dialog.message) or dialog.dismiss())
    acts = (("ada", "One more"), ("dora", "Make the call"), ("dora", "Give it up"), ("cleo", "Cancel"))
    for name, act in acts:
        asked.clear()
        page.goto(f"/briefs/{name}")
        # The view may be drawn anew just then, and the key be lost.
        for _ in range(10):
            if not asked:
                page.get_by_role("button", name=act).first.press("Enter")
        assert asked, act
    assert {name: waiting.brief(name).fields for name in before} == before


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "dark"), (SCREEN, "light")])
def test_each_acting_view_can_be_read_by_all(
    browsing: Browsing, waiting: Flow, token: Tokens, width: int, theme: str
) -> None:
    failed(waiting, "dora")
    change(waiting.ledger, DEFAULT, {"jobs": "4"}, "ada", "a fair")
    order = Orders(waiting.client, waiting.settings).give(What.RETRY, parse("state:failed"), "ada")
    page = browsing(token(Role.ADMIN), width=width, theme=theme)
    views = ["/briefs/ada", "/gallery", f"/accounts/{DEFAULT}", f"/orders/{order.order_id}"]
    if width == PHONE:
        views += ["/briefs/dora", "/briefs?filter=state:failed", "/accounts", "/log", "/access"]
    for view in views:
        page.goto(view)
        assert axe_findings(page) == [], view
        assert wider_than_window(page) == 0, view
        assert spoken_faults(page) == [], view
