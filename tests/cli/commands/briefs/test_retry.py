"""`identity-worker retry`: what stopped goes on where it was, and nothing that was paid for is paid again."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from commandline import Command
from own_account import CREATE, PROMOTE
from stepping import Flow
from stopped_briefs import said
from support import event_types

from cli.shared.operating import tell
from config import keys
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record, promotion_subject
from worker.ledger.transition import Answer, Transition
from worker.lifecycle.charges import Journal, take_apart
from worker.lifecycle.recovery import OperationRefusedError
from worker.operations.operator import Operator
from worker.views import snapshots

ACCOUNT = "default"
SUBJECT = "brief:b"
NO_FACE = {"error": "no face"}


def failed_on_promotion(flow: Flow, **fields: Any) -> None:
    """Take the brief b to where the API has refused each of its drafts."""
    flow.api.refuse(PROMOTE, 400, NO_FACE, count=2)
    flow.accept(brief_id="b", **fields)
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer(SUBJECT)
    flow.finish("b")


def test_paid_drafts_are_chosen_from_again_and_not_bought_again(command: Command, heard: Flow) -> None:
    failed_on_promotion(heard)
    assert heard.brief("b").state == "failed"
    answer = command("retry", "b")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "b: goes on at choosing; paid so far: 10 credits" in answer.stdout
    assert heard.finish("b").state == "done"
    assert heard.api.requests(f"POST {CREATE}") == 1
    assert said(heard) == ["retry"]
    assert "error" not in heard.brief("b").fields
    promotes = [entry for entry in snapshots.journal(heard.client, "b") if entry["call"] == "promote"]
    attempts = [entry["attempt"] for entry in promotes if entry["what"] == "intended"]
    assert attempts == list(range(1, len(attempts) + 1)), "no attempt is a second one of its number"


@pytest.mark.parametrize(
    ("sets_off", "paid"), [(True, "nothing"), (False, "perhaps for a create of unknown outcome")]
)
def test_what_a_worker_begins_at_once_is_not_paid_so_far(flow: Flow, *, sets_off: bool, paid: str) -> None:
    flow.api.refuse(CREATE, 400, {"error": "no"}, count=1)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert flow.brief("b").state == "failed"
    flow.api.fault("drop_response", path=CREATE, count=1)

    def act(brief: Record, journal: Journal) -> str:
        Operator(flow.client, flow.settings, "ada", None).retry(brief, journal)
        flow.steps.run()
        return "goes on"

    assert tell(flow.ledger, "b", act, sets_off=sets_off).paid == paid
    assert flow.brief("b").state == "uncertain"


def test_a_brief_that_goes_on_is_kept_like_an_open_one(command: Command, flow: Flow) -> None:
    failed_on_promotion(flow, batch="spring")
    kept = [keys.RECORD(SUBJECT), keys.JOURNAL("b"), keys.BATCH("spring"), keys.BUDGET("spring")]
    assert min(flow.client.ttl(key) for key in kept) > 0
    assert command("retry", "b").returncode == 0
    assert [flow.client.ttl(key) for key in kept] == [-1] * 4
    assert flow.client.zscore(keys.FINISHED(), "b") is None
    assert flow.client.zscore(keys.UNFINISHED(), "b") == float(flow.brief("b").fields["accepted_at"])


def test_a_person_chooses_again_where_a_person_chose(command: Command, flow: Flow) -> None:
    flow.api.refuse(PROMOTE, 400, NO_FACE)
    flow.accept(brief_id="b", choose="manual")
    flow.steps.run()
    flow.api.rest()
    flow.wake_timer(SUBJECT)
    drafts = [draft["image_result_id"] for draft in flow.until("b", "choosing").json("drafts")]
    assert command("pick", "b", str(drafts[0])).returncode == 0
    assert flow.finish("b").state == "failed"
    assert command("retry", "b").returncode == 0
    assert flow.brief("b").state == "choosing"
    assert not flow.client.exists(keys.RECORD(promotion_subject("b", 0)))
    assert command("pick", "b", str(drafts[1])).returncode == 0
    assert flow.brief("b").state == "promoting"


def test_only_the_promotion_that_failed_is_made_again(command: Command, heard: Flow) -> None:
    heard.api.refuse(PROMOTE, 400, NO_FACE)
    heard.accept(brief_id="b", choose="all")
    assert heard.finish("b").state == "done"
    states = {heard.promotion("b", number).state for number in (0, 1)}
    assert states == {"ready", "failed"}
    assert command("retry", "b").returncode == 0
    assert heard.finish("b").state == "done"
    assert [heard.promotion("b", number).state for number in (0, 1)] == ["ready", "ready"]
    assert heard.api.requests(f"POST {PROMOTE}") == 3
    assert len(heard.api.ledger()["identities"]) == 2


def test_a_brief_whose_create_was_refused_is_sent_again(command: Command, heard: Flow) -> None:
    heard.api.refuse(CREATE, 400, {"error": "blocked"})
    heard.accept(brief_id="b")
    assert heard.finish("b").state == "failed"
    assert command("retry", "b").returncode == 0
    assert heard.finish("b").state == "done"
    assert heard.calls("b")[:4] == ["create intended", "create Invalid", "operator retry", "create intended"]


def test_a_brief_whose_job_brought_nothing_is_not_sent_again(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.ledger.apply(
        flow.brief("b"), Transition("failed", fields={"error": "the API does not know its job"})
    )
    assert command("retry", "b").returncode == 0
    assert flow.brief("b").state == "generating"
    flow.api.rest()
    flow.wake_timer(SUBJECT)
    assert flow.until("b", "promoting")
    assert flow.api.requests(f"POST {CREATE}") == 1


def test_a_brief_whose_create_may_have_been_paid_is_not_sent_again(command: Command, flow: Flow) -> None:
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.ledger.apply(flow.brief("b"), Transition("held", fields={"question": "did it arrive?"}))
    held = command("retry", "b")
    assert held.returncode == 1
    *_, adopt, resend, give_up = re.findall("`identity-worker resolve b (.+?)`", held.stderr)
    assert (adopt, resend, give_up) == ("--adopt JOB", "--resend", "--give-up")
    flow.ledger.apply(flow.brief("b"), Transition("failed", fields={"error": "given up"}))
    refused = command("retry", "b")
    assert refused.returncode == 1
    assert "brief b may have been paid for" in refused.stderr
    assert flow.brief("b").state == "failed"


def test_a_brief_that_breaks_rules_or_runs_is_not_retried(command: Command, flow: Flow) -> None:
    flow.accept(brief_id="bad", priority=1000)
    flow.accept(brief_id="b")
    assert "brief bad breaks rules: correct it and enqueue it again" in command("retry", "bad").stderr
    answer = command("retry", "b")
    assert (answer.returncode, "brief b is waiting: nothing of it has stopped" in answer.stderr) == (1, True)
    command("cancel", "b")
    assert "to have it after all, send it under another id" in command("retry", "b").stderr


def test_two_operators_at_once_have_one_effect(command: Command, flow: Flow) -> None:
    failed_on_promotion(flow)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: command("retry", "b"), range(2)))
    assert sorted(answer.returncode for answer in answers)[0] == 0
    assert said(flow) == ["retry"]
    assert flow.client.zcount(keys.WINDOW(ACCOUNT, "promote"), "+inf", "+inf") <= 1


def test_a_word_about_a_failure_does_not_hold_for_the_next_one(flow: Flow) -> None:
    flow.accept(brief_id="b")
    flow.ledger.apply(flow.brief("b"), Transition("failed", fields={"error": "first"}))
    as_read, nothing = flow.brief("b"), take_apart([])
    operator = Operator(flow.client, flow.settings, "a person")
    assert operator.retry(as_read, nothing) == "waiting"
    flow.client.hincrby(keys.RECORD(SUBJECT), "moved_at", 1)  # a millisecond is all that may tell the two
    flow.ledger.apply(flow.brief("b"), Transition("failed", fields={"error": "second"}))
    flow.client.hincrby(keys.RECORD(SUBJECT), "moved_at", 1)
    with pytest.raises(OperationRefusedError, match="has moved meanwhile"):
        operator.retry(as_read, nothing)
    assert flow.brief("b").get("error") == "second"


def test_of_a_batch_those_that_stopped_go_on(command: Command, flow: Flow) -> None:
    for brief_id in ("a", "b", "c"):
        flow.accept(brief_id=brief_id, batch="spring")
    flow.accept(brief_id="bad", batch="spring", priority=1000)
    for brief_id in ("a", "b"):
        flow.ledger.apply(flow.brief(brief_id), Transition("failed", fields={"error": "no"}))
    answer = command("retry", "--batch", "spring", "--json")
    assert answer.returncode == 0
    assert {each["brief_id"]: each["state"] for each in json.loads(answer.stdout)} == {
        "a": "waiting",
        "b": "waiting",
    }
    assert event_types(flow.client, "bad") == ["identity.brief.failed"]


def test_who_goes_on_takes_only_as_many_slots_as_there_are(
    command: Command, flow: Flow, ledger: Ledger
) -> None:
    failed_on_promotion(flow)
    ledger.set_limits(ACCOUNT, {"slots": "1"}, "test")
    ledger.count_identities(ACCOUNT, ["somebody's"], ledger.now())
    assert command("retry", "b").returncode == 0
    assert flow.brief("b").state == "promoting"
    assert not flow.client.exists(keys.SLOTS(ACCOUNT))
    assert flow.ledger.count_identities(ACCOUNT, [], ledger.now() + 1) == 0
    assert flow.client.hgetall(keys.SLOTS(ACCOUNT)) == {promotion_subject("b", 0): "1"}


@pytest.mark.parametrize("arguments", [(), ("b", "--all-held"), ("--batch", "spring", "--all-held")])
def test_what_to_retry_is_told_in_one_way(command: Command, arguments: tuple[str, ...]) -> None:
    assert command("retry", *arguments).returncode == 2


def test_where_nothing_is_held_it_says_that_it_did_nothing(command: Command) -> None:
    answer = command("retry", "--all-held")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == "Nothing was to be done: none of these is in a state for it.\n"
    assert command("retry", "--all-held", "--json").stdout == "[]\n"


def test_all_held_are_tried_and_those_that_need_an_answer_named(command: Command, flow: Flow) -> None:
    for brief_id in ("a", "b"):
        flow.accept(brief_id=brief_id)
    record, fields = flow.brief("a"), {"question": "?", "evidence": "{}"}
    assert flow.ledger.apply(record, Transition("held", fields=fields)) is Answer.APPLIED
    record = flow.brief("b")
    flow.ledger.apply(record, Transition("submitting"))
    flow.ledger.apply(record, Transition("uncertain"))
    assert flow.ledger.apply(record, Transition("held", fields={"question": "?"})) is Answer.APPLIED
    answer = command("retry", "--all-held")
    assert answer.returncode == 1
    assert "a: goes on at waiting" in answer.stdout
    assert "identity-worker resolve b" in answer.stderr
    assert flow.client.zrange(keys.HELD_BRIEFS(), 0, -1) == ["b"]
