"""When a brief is promised a start, and what stands in the way where it is not."""

import re
from typing import Any

import pytest
from own_account import CREATE
from standings import blockers, fill, limit, standing
from stepping import Flow

from cli.commands.briefs.why import lines_of
from config import keys
from worker.forecast.why import Waiting, why

ACCOUNT = keys.RECORD("account:default")
LEASE = keys.LEASE("default")
NO_CREDITS = {"error": "Insufficient credits", "required_credits": 10.0, "user_credits": 1.5}


def start(flow: Flow, brief_id: str) -> Waiting:
    """What is told of its start."""
    waiting = standing(flow, brief_id).waiting
    assert waiting is not None
    return waiting


def text_of(flow: Flow, brief_id: str) -> str:
    """What people are told."""
    found = why(flow.client, flow.settings, brief_id)
    assert found is not None
    return "\n".join([*lines_of(found), ""])


def test_without_a_worker_no_start_is_promised(flow: Flow) -> None:
    flow.accept(brief_id="granted")
    limit(flow, jobs=1)
    flow.accept(brief_id="waits")
    flow.client.delete(keys.WORKERS())
    for brief_id in ("granted", "waits"):
        assert blockers(flow, brief_id)[0] == {"what": "worker"}
        waiting = start(flow, brief_id)
        assert (waiting.starts_at, waiting.not_known) == (None, "no worker runs that would start it")
        text = text_of(flow, brief_id)
        assert "  missing:  a worker: none runs; start `identity-worker work`\n" in text
        assert "as soon as" not in text


def test_without_a_listener_no_start_is_promised(flow: Flow) -> None:
    limit(flow, jobs=1)
    fill(flow, 1)
    flow.accept(brief_id="a")
    flow.client.delete(LEASE)
    assert [each["what"] for each in blockers(flow, "a")] == ["listener", "job"]
    assert start(flow, "a").starts_at is None
    text = text_of(flow, "a")
    assert (
        "a listener: none follows account default; start `identity-worker listen` with a token of it\n"
        in text
    )
    assert "  start:    not known: no listener follows the account" in text
    assert "  but:      a listener: none follows account default" in text_of(flow, "job-0")


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (402, NO_CREDITS, "402: Insufficient credits (credits: required 10, balance 1.5)"),
        (503, {"error": "Identity creation is off"}, "503: Identity creation is off"),
        (401, {"error": "no"}, "401: no"),
    ],
)
def test_after_a_refusal_it_is_told_when_what_may_start(
    flow: Flow, status: int, body: dict[str, Any], says: str
) -> None:
    flow.api.refuse(CREATE, status, body, count=10)
    flow.accept(brief_id="a")
    flow.steps.until(lambda: bool(flow.pauses()))
    flow.client.hincrby(ACCOUNT, "pause_until" if status == 401 else "create_until", 600_000)
    (pause,) = blockers(flow, "a")
    assert (pause["what"], pause["refusals"]) == ("pause", 1)
    assert says in pause["reason"]
    waiting = start(flow, "a")
    assert (waiting.starts_at, waiting.not_before) == (None, pause["till"])
    text = text_of(flow, "a")
    assert re.search(
        r"\n  start:    not before \d{4}-[-0-9: ]+, in \d+m: the API has to accept it then, ", text
    )
    assert says in text


def test_while_one_goes_first_nobody_else_is_promised_a_start(flow: Flow) -> None:
    flow.api.refuse(CREATE, 503, {"error": "off"})
    flow.accept(brief_id="a")
    flow.steps.until(lambda: bool(flow.pauses()))
    flow.end_pauses()
    flow.accept(brief_id="b")
    assert [each["what"] for each in blockers(flow, "b")] == ["probe"]
    assert "goes first after a refusal has to come through" in str(start(flow, "b").not_known)


def test_drafts_that_are_drawn_are_told_what_their_promotion_will_meet(flow: Flow) -> None:
    fill(flow, 1)
    until = flow.ledger.now() + 600_000
    seen = {"slots_seen": 0, "slots_seen_at": 1, "slots_seen_reason": "429: Maximum identities reached."}
    paused = {"promote_until": until, "promote_count": 2, "promote_reason": "402: no credits"}
    flow.client.hset(ACCOUNT, mapping=seen | paused)
    pause, slots = blockers(flow, "job-0")
    assert (pause["of"], pause["till"], pause["reason"]) == ("promote", until, "402: no credits")
    assert [slots[each] for each in ("what", "cap", "seen", "limit")] == ["slots", 0, 0, 50]
    text = text_of(flow, "job-0")
    assert "  but:      promoting is paused, tried again at " in text
    assert "the API says that the account is full at 0 identities, the limit says 50" in text


def test_a_planned_promotion_of_a_full_account_is_told_so(heard: Flow) -> None:
    heard.api.set(slots_cap=1)
    heard.finish(heard.accept(brief_id="first"))
    heard.accept(brief_id="a")
    heard.steps.until(lambda: heard.client.hexists(ACCOUNT, "slots_seen"))
    heard.client.hincrby(ACCOUNT, "promote_until", 86_400_000)
    heard.accept(brief_id="b")
    text = text_of(heard, "a")
    assert "promoting is paused, tried again at " in text
    assert "the API said that the account is full at 1 identity; the limit says 50: 429: Maximum" in text
    assert "  start:    not before " in text
    text = text_of(heard, "b")
    assert "the API says that the account is full at 1 identity, the limit says 50: delete identities" in text
    assert "`identity-worker resume default`" in text
    assert "  start:    not known: nobody knows when an identity will be deleted" in text


def test_a_first_price_that_is_waited_for_is_told(flow: Flow) -> None:
    limit(flow, jobs=5)
    flow.ledger.set_limits("default", {"budget": "1000"}, by="test")
    flow.accept(brief_id="first")
    flow.accept(brief_id="a")
    assert blockers(flow, "a") == [{"what": "price", "account": "default"}]
    assert (
        "until the first job of account default shows it, briefs with a budget go one at a time"
        in text_of(flow, "a")
    )


def test_what_those_before_it_take_of_the_budget_is_not_counted(flow: Flow) -> None:
    limit(flow, jobs=1)
    flow.client.hset(ACCOUNT, mapping={"drafts_credits": 10, "drafts_made": 1})
    flow.accept(brief_id="first")
    flow.ledger.set_limits("default", {"budget": str(70 + 71)}, by="test")
    flow.accept(brief_id="a")
    flow.accept(brief_id="b")
    assert start(flow, "a").not_known is None
    assert start(flow, "b").not_known == "those before it take what is left of the account's budget"


def test_a_step_no_worker_has_come_to_is_told_since_when(flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.client.hincrby(keys.RECORD("brief:a"), "hinted", -60_000)
    (step,) = blockers(flow, "a")
    assert (step["what"], step["queued"]) == ("step", 1)
    assert "  missing:  a free worker: its step is queued for 1m, of 1 step in all\n" in text_of(flow, "a")
