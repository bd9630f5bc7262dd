"""An account that others use too, or that the API refuses: what holds us up, how long, what ends it."""

from itertools import pairwise
from typing import Any

import pytest
import redis
import requests
from own_account import CREATE, PROMOTE, Api
from processes import ProcessFactory
from stepping import Flow, enqueue
from support import eventually

from benchmarks.caps.virtual import admission
from config import keys
from config.accounts.names import DEFAULT
from worker.lifecycle.charges import take_apart
from worker.operations.operator import Operator
from worker.views import account_reading, snapshots

NO_CREDITS = {
    "error": "Insufficient credits",
    "required_credits": 10,
    "in_progress_credits": 3,
    "user_credits": 1.5,
}


def delete_identity(api: Api, code: str) -> None:
    """Delete an identity as somebody does by hand."""
    headers = {"Authorization": f"Bearer {api.token}"}
    assert requests.delete(f"{api.url}/identity/{code}", headers=headers, timeout=20).status_code == 204


def creates(flow: Flow, brief_id: str, what: str) -> list[int]:
    """Return when a brief's creates were intended, or met such an error; ms by the server's clock."""
    entries = snapshots.journal(flow.client, brief_id)
    return [entry["at"] for entry in entries if (entry["call"], entry["what"]) == ("create", what)]


# --- others use the account too (guide, *Limits and validation*) -------------------------------------------


def test_deleting_an_identity_frees_a_brief_that_waits_for_its_slot(heard: Flow) -> None:
    heard.accept(brief_id="a")
    heard.ledger.set_limits(DEFAULT, {"slots": "1"}, by="test")
    heard.finish("a")
    heard.accept(brief_id="b")
    assert heard.brief("b").state == "waiting"
    delete_identity(heard.api, heard.promotion("a").fields["identity_code"])
    assert heard.finish("b").state == "done"


def test_an_identity_that_somebody_deletes_frees_a_promotion_that_the_api_refused(heard: Flow) -> None:
    heard.finish(heard.accept(brief_id="a"))
    heard.api.set(slots_cap=1)
    heard.accept(brief_id="b")
    heard.steps.until(lambda: "Maximum identities" in heard.pauses().get("promote", ""))
    # A day, so that only the count of the library can end it.
    heard.client.hincrby(keys.RECORD(f"account:{DEFAULT}"), "promote_until", 86_400_000)
    delete_identity(heard.api, heard.promotion("a").fields["identity_code"])
    assert heard.finish("b").state == "done"


def test_identities_that_somebody_adds_take_slots_and_the_platforms_own_do_not(flow: Flow) -> None:
    flow.accept(brief_id="a")
    flow.api.set(existing_identities=3)
    flow.wake_timer(f"library:{DEFAULT}")
    flow.steps.until(lambda: account_reading.report(flow.client, DEFAULT).slots_used)
    assert account_reading.report(flow.client, DEFAULT).slots_used == 3


# --- refusals that are the account's, not the brief's ------------------------------------------------------


def test_the_cool_down_after_one_refusal_holds_all_workers_up(
    redis_url: str,
    client: "redis.Redis",
    flow: Flow,
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
) -> None:
    slow: dict[str, Any] = {"error": "Too many requests: rate limit exceeded."}
    flow.api.refuse(CREATE, 429, slow, headers={"Retry-After": "2"})
    worker_process()
    worker_process()
    listener_process()
    assert eventually(client, lambda: client.zcard(keys.WORKERS()) == 2)
    briefs = [f"b{number}" for number in range(8)]
    for brief_id in briefs:
        enqueue(redis_url, brief_id=brief_id, name=brief_id)
    assert eventually(client, lambda: client.zcard(keys.FINISHED()) == len(briefs), 30)
    (refused,) = [at for brief_id in briefs for at in creates(flow, brief_id, "RateLimited")]
    intended = sorted(at for brief_id in briefs for at in creates(flow, brief_id, "intended"))
    assert len(intended) == len(briefs) + 1
    assert not [at - refused for at in intended if refused < at < refused + 2_000]


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        (401, {"error": "Invalid or expired token."}, "Unauthorized", "Invalid or expired token."),
        (402, NO_CREDITS, "OutOfCredits", "(credits: required 10, in progress 3, balance 1.5)"),
        (503, {"error": "Identity creation is not enabled."}, "Unavailable", "not enabled"),
    ],
)
def test_a_refused_account_is_probed_with_growing_pauses_until_it_works(
    heard: Flow, status: int, body: dict[str, Any], error: str, says: str
) -> None:
    heard.api.refuse(CREATE, status, body, count=3)
    heard.accept(brief_id="b")
    heard.accept(brief_id="c")
    heard.steps.until(lambda: any(says in reason for reason in heard.pauses().values()))
    assert heard.finish("b").state == heard.finish("c").state == "done"
    intended = sorted([*creates(heard, "b", "intended"), *creates(heard, "c", "intended")])
    refused = [*creates(heard, "b", error), *creates(heard, "c", error)]
    assert (len(intended), len(refused)) == (5, 3)
    # A minute of the API's is 300 ms here. The first two went out together; one at a time probes.
    gaps = [after - before for before, after in pairwise(intended[1:4])]
    assert gaps[0] >= 300
    assert gaps[1] >= 600
    assert heard.pauses() == {}


def test_a_refused_account_goes_on_at_once_when_it_is_resumed(heard: Flow) -> None:
    heard.api.refuse(CREATE, 402, NO_CREDITS)
    heard.accept(brief_id="b")
    heard.steps.until(heard.pauses)
    heard.client.hincrby(keys.RECORD(f"account:{DEFAULT}"), "create_until", 86_400_000)
    assert "(credits: required 10, " in heard.ledger.resume(DEFAULT, by="test")["create"]
    assert heard.finish("b").state == "done"


def test_the_accounts_troubles_stop_promotions_but_theirs_stop_no_create(
    flow: Flow,
) -> None:
    flow.api.refuse(PROMOTE, 402, NO_CREDITS)
    flow.api.lose_events()
    flow.until(flow.accept(brief_id="a"), "generating")
    flow.api.rest()
    flow.wake_timer("brief:a")
    flow.steps.until(flow.pauses)
    assert list(flow.pauses()) == ["promote"]
    # Longer than they are, as a minute of the API's is 300 ms here.
    account, never = keys.RECORD(f"account:{DEFAULT}"), 4_000_000_000_000
    flow.client.hset(account, "promote_until", never)
    flow.accept(brief_id="b")
    assert flow.client.zcard(keys.WAITING(DEFAULT, "create")) == 0, "it was granted at once"
    flow.api.refuse(CREATE, 401, {"error": "Invalid or expired token."})
    flow.steps.until(lambda: "pause" in flow.pauses())
    flow.client.hset(account, "pause_until", never)
    flow.client.hdel(account, "promote_until")
    flow.functions.run(admission(DEFAULT))
    assert flow.promotion("a").attempt == 1, "the pause of the account holds it up now"


# --- a limit of slots above the account's own (guide, *Limits and validation*) ------------------------------


def drafts_bought(api: Api) -> int:
    """Return how many creations the account has paid for."""
    return sum(job["job_type"] == "identity_creation" for job in api.ledger()["jobs"])


def test_a_limit_above_the_accounts_own_slots_buys_no_drafts_for_nothing(heard: Flow) -> None:
    briefs, real, jobs = 12, 3, 5
    heard.api.set(slots_cap=real)
    heard.accept(brief_id="first")
    heard.ledger.set_limits(DEFAULT, {"slots": "200"}, by="test")
    for number in range(1, briefs):
        heard.accept(brief_id=f"b{number}")

    def stands_still() -> bool:
        report = account_reading.report(heard.client, DEFAULT)
        return report.slots_used == real and not report.jobs and report.slots_seen is not None

    heard.steps.until(stands_still)
    report = account_reading.report(heard.client, DEFAULT)
    assert report.slots_seen is not None
    assert (report.slots_seen.number, report.slots_cap) == (real, real)
    assert "Maximum identities" in report.slots_seen.said
    bought = drafts_bought(heard.api)
    assert bought <= real + jobs, "no more than what was under way when the API said so"
    assert report.waiting["create"] == briefs - bought

    # An identity that somebody deletes serves one that is paid for, and no create.
    delete_identity(heard.api, heard.api.ledger()["identities"][0]["identity_code"])
    heard.wake_timer(f"library:{DEFAULT}")
    heard.steps.until(lambda: len(heard.api.ledger()["promotions"]) == real + 1)
    heard.steps.until(stands_still)
    assert drafts_bought(heard.api) == bought

    # The account gets more: whoever has waited is done.
    heard.api.set(slots_cap=200)
    heard.ledger.resume(DEFAULT, by="test")
    heard.steps.until(lambda: not heard.client.zcard(keys.UNFINISHED()))
    assert {brief.state for brief in snapshots.briefs(heard.client)} == {"done"}
    assert drafts_bought(heard.api) == briefs


def test_an_account_that_was_given_more_slots_goes_on_by_itself(heard: Flow) -> None:
    heard.api.set(slots_cap=1)
    heard.accept(brief_id="first")
    heard.ledger.set_limits(DEFAULT, {"slots": "200"}, by="test")
    heard.finish("first")
    heard.accept(brief_id="second")
    heard.steps.until(lambda: account_reading.report(heard.client, DEFAULT).slots_seen)
    heard.accept(brief_id="third")
    assert heard.brief("third").state == "waiting"
    heard.api.set(slots_cap=200)
    heard.end_pauses()
    assert heard.finish("second").state == "done"
    assert heard.finish("third").state == "done"
    assert account_reading.report(heard.client, DEFAULT).slots_seen is None


@pytest.fixture
def hidden(flow: Flow) -> Flow:
    """A brief whose identity is not known by its code, though the list names it."""
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer("brief:b")
    promotion = "promotion:b#0"
    flow.steps.until(lambda: flow.ledger.read(promotion) and flow.promotion("b").state == "preprocessing")
    flow.api.refuse("/identity/*", 404, {"message": "no Route matched"}, count=None)
    flow.grow_older("promotion:b#0", 1)
    assert flow.steps.run() == ("finish_identity", "promotion:b#0")
    return flow


def test_others_go_on_once_a_hidden_identity_is_asked_about(hidden: Flow) -> None:
    hidden.grow_older("promotion:b#0", 60)  # 12,000 s at the speed of the tests
    hidden.steps.run()
    assert (hidden.brief("b").state, hidden.promotion("b").state) == ("held", "held")
    assert "the API lists it" in hidden.brief("b").fields["question"]
    assert not hidden.pauses()
    hidden.api.sandbox.clear_faults()
    journal = take_apart(snapshots.journal(hidden.client, "b"))
    Operator(hidden.client, hidden.settings, "the test").retry(hidden.brief("b"), journal)
    hidden.wake_timer("promotion:b#0")
    assert (hidden.finish("b").state, hidden.api.requests(f"POST {PROMOTE}")) == ("done", 1)


def test_a_cancelled_brief_waits_for_no_hidden_identity(hidden: Flow) -> None:
    Operator(hidden.client, hidden.settings, "the test").cancel(hidden.brief("b"))
    hidden.grow_older("promotion:b#0", 1)
    hidden.steps.run()
    assert (hidden.brief("b").state, hidden.pauses()) == ("cancelled", {})
