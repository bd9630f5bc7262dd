"""What the audit names: charges made twice or unknown to the journal, and what the API has otherwise."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis
from own_account import CREATE
from stepping import Flow

from config import keys
from worker.ledger.records import promotion_subject
from worker.ledger.transition import Transition

SUBJECT = "brief:b"


def whats(told: dict[str, Any], brief_id: str = "b") -> list[str]:
    return [each["what"] for each in told["findings"] if each["brief_id"] == brief_id]


def write(client: "redis.Redis", brief_id: str = "b", **entry: Any) -> None:
    """Append to a brief's journal by hand."""
    whole = {"at": 1, "subject": f"brief:{brief_id}", "attempt": 9, **entry}
    client.rpush(keys.JOURNAL(brief_id), json.dumps(whole))


def test_a_create_whose_outcome_nobody_looks_for_is_named(
    flow: Flow, audited: Callable[..., dict[str, Any]]
) -> None:
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    flow.ledger.apply(flow.brief("b"), Transition("failed", fields={"error": "by a bug"}))
    assert whats(audited()) == [
        "the outcome of a create of brief:b is not on record, and nothing looks for it"
    ]


@pytest.mark.parametrize("resent", [False, True])
def test_a_second_create_is_named_unless_an_operator_had_it_sent(
    flow: Flow, audited: Callable[..., dict[str, Any]], resent: bool
) -> None:
    flow.accept(brief_id="b")
    flow.steps.run()
    if resent:
        write(flow.client, call="operator", what="resend", by="a person")
    write(flow.client, call="create", what="intended")
    write(flow.client, call="create", what="accepted", job_id="job_2", late=True)
    found = whats(audited())
    assert found == [] if resent else found[0].startswith("2 creates were accepted, 1 allowed: jobs job_")


def test_an_accepted_create_and_a_job_without_the_other_are_named(
    flow: Flow, audited: Callable[..., dict[str, Any]]
) -> None:
    for brief_id in ("b", "c"):
        flow.accept(brief_id=brief_id)
        flow.steps.run()
    job = flow.brief("b").fields["job_id"]
    flow.client.hdel(keys.RECORD(SUBJECT), "job_id")
    flow.client.hset(keys.RECORD("brief:c"), "job_id", "job_x")
    told = audited()
    assert whats(told) == [f"a create was accepted and no job is on record: {job}"]
    assert whats(told, "c") == ["its job job_x is of no create in the journal"]


def test_a_draft_promoted_twice_and_an_identity_never_promoted_are_named(
    heard: Flow, audited: Callable[..., dict[str, Any]]
) -> None:
    heard.finish(heard.accept(brief_id="b"))
    subject = promotion_subject("b", 0)
    draft = heard.promotion("b").json("candidates")[0]["image_result_id"]
    write(heard.client, subject=subject, call="promote", what="intended", image_result_id=draft)
    write(heard.client, subject=subject, call="promote", what="accepted", identity_code="second")
    first = heard.promotion("b").fields["identity_code"]
    heard.client.hset(keys.RECORD(subject), "identity_code", "third")
    assert whats(audited()) == [
        f"identity {first} was paid for and is in no promotion on record",
        "identity second was paid for and is in no promotion on record",
        f"draft {draft} was promoted 2 times",
        "identity third is of no promote in the journal",
    ]


def test_an_outcome_that_was_never_intended_is_named(
    flow: Flow, audited: Callable[..., dict[str, Any]]
) -> None:
    flow.accept(brief_id="b")
    write(flow.client, call="promote", what="accepted", identity_code="x")
    assert whats(audited()) == ["promote accepted, which was never intended"]


def test_what_the_api_has_otherwise_is_named_when_it_is_asked(
    heard: Flow, audited: Callable[..., dict[str, Any]]
) -> None:
    heard.finish(heard.accept(brief_id="b"))
    heard.finish(heard.accept(brief_id="c"))
    heard.client.hset(keys.RECORD(SUBJECT), "credits_used", "7")
    job = heard.brief("b").fields["job_id"]
    heard.client.hset(keys.RECORD(promotion_subject("c", 0)), "identity_code", "nobody")
    told = audited("--api")
    assert whats(told) == [
        "its job used 10 credits by the journal, 7 by its record",
        f"its job {job} used 10 credits, on record are 7",
    ]
    assert whats(told, "c")[1:] == [
        "identity nobody is of no promote in the journal",
        "the API does not list its identity nobody: was it deleted?",
    ]
    heard.client.hset(keys.RECORD(SUBJECT), "job_id", "job_unknown")
    assert "the API does not know its job job_unknown" in whats(audited("--api"))


def test_charges_whose_record_is_gone_and_records_that_others_wrote_are_named(
    flow: Flow, audited: Callable[..., dict[str, Any]]
) -> None:
    for brief_id in ("b", "c", "d"):
        flow.accept(brief_id=brief_id)
        flow.steps.run()
    flow.client.delete(keys.RECORD(SUBJECT))
    flow.client.rpush(keys.JOURNAL("c"), "{")
    flow.client.hset(keys.RECORD("brief:d"), "drafts", "{")
    told = audited()
    assert whats(told) == ["its record is gone, and its journal tells of paid calls"]
    for brief_id in ("c", "d"):
        assert whats(told, brief_id)[0].startswith("what is on record of it can't be read: JSONDecodeError: ")
    flow.client.delete(keys.JOURNAL("b"), keys.RECORD("brief:d"))
