"""What people do on the page: to a brief, to all of a filter, to accounts; who may, and that it is logged."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import redis
from page.conftest import Person
from stepping import Flow
from support import DEADLINE, eventually

from config import durations
from config.accounts.names import DEFAULT
from worker.callers.tokens import Role
from worker.ledger.transition import Transition
from worker.operations import actions, halts
from worker.orders.order import State, under_way
from worker.orders.orders import Orders
from worker.views import account_reading

People = Callable[..., Person]
Tokens = Callable[..., str]


def failed(flow: Flow, *brief_ids: str, **fields: Any) -> None:
    for brief_id in brief_ids:
        flow.accept(brief_id=brief_id, **fields)
        flow.ledger.apply(flow.brief(brief_id), Transition("failed", fields={"error": "503: <later>"}))


def last(client: "redis.Redis") -> tuple[str, str, str]:
    """What, who and why of the last action."""
    action = actions.actions(client, 1)[0]
    return action["what"], action["by"], action["why"]


def test_a_brief_tells_what_happened_to_it_and_what_it_costs(person: People, heard: Flow) -> None:
    heard.accept(brief_id="ada", name="<b>Ada</b>")
    heard.finish("ada")
    shown = person().get("/briefs/ada").text
    for told in ("brief.accepted", "create intended", "promote intended", "identity 1"):
        assert told in shown
    assert "&lt;b&gt;Ada" in shown
    assert "<b>Ada" not in shown
    assert re.search(r"<dt>Cost</dt><dd>\d+ credits: ", shown)
    assert person().get("/briefs/none").status_code == 404


def test_a_brief_is_retried_cancelled_and_given_a_priority(
    person: People, flow: Flow, token: Tokens, client: "redis.Redis"
) -> None:
    failed(flow, "a")
    anna = person(token())
    assert anna.send("/brief/act", brief="a", what="retry", why="mended").status_code == 303
    assert last(client) == ("retry", "anna by the page", "mended")
    assert anna.send("/brief/act", brief="a", what="update", priority="7").status_code == 303
    assert (flow.brief("a").state, flow.brief("a").fields["priority"]) == ("waiting", "7")
    assert anna.send("/brief/act", brief="a", what="update", priority="x").status_code == 400
    assert anna.send("/brief/act", brief="a", what="retry").status_code == 409
    assert anna.send("/brief/act", brief="a", what="destroy").status_code == 400
    assert anna.send("/brief/act", brief="a", what="cancel").status_code == 303
    assert flow.brief("a").state == "cancelled"


@pytest.mark.parametrize(
    "path", ["/brief/act", "/gallery/pick", "/order/give", "/order/begin", "/order/stop"]
)
def test_only_operators_act_on_briefs(person: People, flow: Flow, token: Tokens, path: str) -> None:
    failed(flow, "a")
    sent = {"brief": "a", "what": "retry", "filter": "state:failed", "order": "x"}
    assert person(token(Role.VIEWER)).send(path, **sent).status_code == 403
    assert person().send(path, **sent).status_code == 401
    assert flow.brief("a").state == "failed"
    other = person(token(name="bea", accounts=("elsewhere",)))
    assert other.send("/brief/act", **sent).status_code == 404


def test_drafts_are_picked_on_the_brief_and_in_the_gallery(
    person: People, heard: Flow, token: Tokens, client: "redis.Redis"
) -> None:
    for brief_id in ("a", "b"):
        heard.accept(brief_id=brief_id, choose="manual", batch="spring")
        heard.until(brief_id, "choosing")
    anna = person(token())
    shown = anna.get("/gallery?batch=spring").text
    assert shown.count("data-pick") == 2
    assert "/gallery?batch=spring" in shown
    assert "<kbd>1</kbd>" in shown
    draft = str(re.findall(r'name="draft-0" value="(\d+)"', anna.get("/briefs/a").text)[1])
    assert anna.send("/brief/act", brief="a", what="pick", **{"draft-0": draft}).status_code == 303
    assert last(client)[:2] == ("pick", "anna by the page")
    assert heard.promotion("a").json("candidates")[0]["image_result_id"] == int(draft)
    assert anna.get("/gallery?batch=spring").text.count("data-pick") == 1
    assert anna.send("/gallery/pick", brief="b").status_code == 409, "nothing was picked"
    draft = str(re.findall(r'name="draft-0" value="(\d+)"', anna.get("/gallery").text)[0])
    assert anna.send("/gallery/pick", brief="b", **{"draft-0": draft}).status_code == 303
    assert "No brief waits for a choice" in anna.get("/gallery").text
    assert anna.get("/gallery?after=x").status_code == 400


def test_all_matches_are_done_after_a_word_and_told_of(
    person: People, flow: Flow, token: Tokens, client: "redis.Redis"
) -> None:
    failed(flow, "a", "b")
    flow.accept(brief_id="c")
    anna = person(token())
    assert "See how many first" in anna.get("/briefs?filter=state:failed").text
    given = anna.send("/order/give", what="retry", filter="state:failed", why="mended")
    assert given.status_code == 303
    where = given.headers["location"]
    shown = anna.get(where).text
    for told in (
        "retry 2 briefs",
        "2 failed",
        "0 credits paid so far",
        "at least 100 more",
        "Nothing has been done yet",
    ):
        assert told in shown
    assert flow.brief("a").state == "failed"
    order = where.rpartition("/")[2]
    assert anna.send("/order/begin", order=order).status_code == 303
    assert Orders(client, flow.settings).get(order).state is State.DONE
    assert [flow.brief(each).state for each in ("a", "b", "c")] == ["waiting"] * 3
    assert "2 of 2" in anna.get(f"/order/part?order={order}").text
    assert last(client) == ("retry", "anna by the page", "mended")
    assert f"/orders/{order}" in anna.get("/log").text
    assert under_way(client) == []


@pytest.fixture
def rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have orders looked for so rarely that none is found within a test, unless its watch is told."""
    monkeypatch.setattr(durations, "ORDER_LOOK_SECONDS", 10 * DEADLINE)


@pytest.mark.usefixtures("rarely")  # before the process of the page starts
def test_what_a_request_leaves_of_an_order_is_done_at_once(
    person: People, flow: Flow, token: Tokens, client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(flow, *(f"b{number}" for number in range(45)))
    monkeypatch.setattr("web.page.views.orders._SECONDS", 0.0)
    monkeypatch.setattr("worker.orders.collecting.PAGE", 10)
    anna, orders = person(token()), Orders(client, flow.settings)
    where = anna.send("/order/give", what="retry", filter="state:failed").headers["location"]
    order = where.rpartition("/")[2]
    assert eventually(client, lambda: orders.get(order).state is State.READY)
    anna.send("/order/begin", order=order)
    assert eventually(client, lambda: orders.get(order).state is State.DONE)


def test_what_is_given_may_be_left_undone_or_stopped(
    person: People, flow: Flow, token: Tokens, client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(flow, *(f"b{number}" for number in range(45)))
    anna = person(token())
    where = anna.send("/order/give", what="retry", filter="state:failed").headers["location"]
    order = where.rpartition("/")[2]
    monkeypatch.setattr("web.page.views.orders._SECONDS", 0.0)
    monkeypatch.setattr("actors.process.orders_watch.OrdersWatch._look", lambda *_: False)
    anna.send("/order/begin", order=order)
    anna.send("/order/stop", order=order, why="wrong ones")
    stopped = Orders(client, flow.settings).get(order)
    assert (stopped.state, 0 < stopped.done < 45, stopped.ended_by) == (
        State.STOPPED,
        True,
        "anna by the page",
    )
    assert last(client) == ("order.stop", "anna by the page", "wrong ones")
    assert anna.send("/order/begin", order=order).status_code == 409
    assert anna.send("/order/give", what="retry", filter="").status_code == 400
    assert anna.send("/order/give", what="retry", filter="state:holding").status_code == 400
    assert anna.send("/order/give", what="update", filter="state:open", priority="101").status_code == 400
    assert anna.get("/orders/none").status_code == 404


def test_an_admin_changes_limits_with_a_reason_and_undoes_it(
    person: People, flow: Flow, token: Tokens, client: "redis.Redis"
) -> None:
    flow.accept(brief_id="a")
    anna, bea = person(token(Role.ADMIN)), person(token(name="bea"))
    given = {"account": DEFAULT, "what": "limits", "jobs": "3"}
    assert bea.send("/account/act", **given, why="a fair").status_code == 403
    assert anna.send("/account/act", **given).status_code == 400, "a reason is asked for"
    assert anna.send("/account/act", **given, why="a fair").status_code == 303
    assert account_reading.report(client, DEFAULT).limits["jobs"] == 3
    assert last(client) == ("limits", "anna by the page", "a fair")
    shown = anna.get(f"/accounts/{DEFAULT}").text
    assert "jobs 5 → 3" in shown or "jobs not set → 3" in shown
    at = re.findall(r'name="at" value="(\d+)"', shown)[0]
    assert 'name="at"' not in bea.get(f"/accounts/{DEFAULT}").text
    assert anna.send("/account/act", account=DEFAULT, what="undo", at=at).status_code == 303
    assert account_reading.report(client, DEFAULT).limits["jobs"] == 5
    assert last(client)[:2] == ("limits.undo", "anna by the page")
    assert anna.send("/account/act", **given | {"jobs": "many"}, why="x").status_code == 400
    assert anna.send("/account/act", account="nobody", what="pause").status_code == 404


def test_an_operator_pauses_an_account_and_lets_it_go_on(
    person: People, flow: Flow, token: Tokens, client: "redis.Redis"
) -> None:
    """As from the overview; what it may use is an admin's."""
    flow.accept(brief_id="a")
    anna, cleo = person(token()), person(token(Role.VIEWER, name="cleo"))
    assert cleo.send("/account/act", account=DEFAULT, what="pause").status_code == 403
    assert "Pause it" not in cleo.get(f"/accounts/{DEFAULT}").text
    assert "Pause it" in anna.get(f"/accounts/{DEFAULT}").text
    anna.send("/account/act", account=DEFAULT, what="pause", why="a fair")
    assert halts.of_accounts(client, [DEFAULT])[DEFAULT].by == "anna by the page"
    assert "a fair" in anna.get("/accounts").text
    anna.send("/account/act", account=DEFAULT, what="unpause")
    assert halts.of_accounts(client, [DEFAULT]) == {}
    assert [each["what"] for each in actions.actions(client)] == ["unpause", "pause"]


def test_the_log_is_not_for_who_may_use_some_accounts(person: People, flow: Flow, token: Tokens) -> None:
    assert person(token(Role.VIEWER)).get("/log").status_code == 200
    other = person(token(Role.VIEWER, name="bea", accounts=("elsewhere",)))
    assert other.get("/log").status_code == 403
    assert person(token(Role.VIEWER, name="cleo")).get("/log?after=x").status_code == 400


def test_an_admin_makes_a_token_that_is_shown_once(
    person: People, flow: Flow, token: Tokens, client: "redis.Redis"
) -> None:
    anna, bea = person(token(Role.ADMIN)), person(token(name="bea"))
    assert bea.get("/access").status_code == 403
    shown = anna.send("/access/token", what="make", name="cleo", role="viewer").text
    made = re.findall(r"<code>(idw_[^<]*)</code>", shown)[0]
    assert person(made).get("/").status_code == 200
    assert made not in anna.get("/access").text
    assert last(client)[:2] == ("token.make", "anna by the page")
    assert anna.send("/access/token", what="revoke", name="cleo").status_code == 303
    assert last(client)[:2] == ("token.revoke", "anna by the page")
    assert anna.send("/access/token", what="make", name="no name", role="viewer").status_code == 400
    assert anna.send("/access/hook", what="pause", name="none").status_code == 404
