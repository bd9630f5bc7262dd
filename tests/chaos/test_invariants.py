"""The check of what must be true afterwards: each breach of it, made by hand once, is found."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from own_account import Api
from stepping import Flow, listening

from config import keys
from config.accounts.names import DEFAULT
from tests.chaos.invariants.auditing import audit
from tests.chaos.invariants.invariants import Breach, Kind, look
from tests.chaos.invariants.putting_back import put_back
from worker.views import snapshots

BRIEF, PROMOTION = "brief:b", "promotion:b#0"
Ledger = dict[str, Any]


def breaches(flow: Flow, ledger: Ledger | None = None, *expected: str) -> list[Breach]:
    whole = ledger if ledger is not None else flow.api.sandbox.ledger()
    return look(flow.client, whole, {DEFAULT: flow.api.token}, ["b", *expected])


@pytest.fixture
def done(flow: Flow, redis_url: str) -> Flow:
    """A brief that has come to its end, and nobody at work who could mend what is broken then."""
    with listening(flow.settings, flow.api, redis_url):
        flow.accept(brief_id="b", name="b", batch="spring")
        flow.finish("b")
        # Also the step that a late event of a draft has queued.
        flow.steps.until(lambda: not breaches(flow))
    return flow


def account(ledger: Ledger, api: Api) -> Ledger:
    found: Ledger = ledger["accounts"][api.token]
    return found


def change_record(subject: str, **fields: str) -> Callable[[Flow], Any]:
    return lambda flow: flow.client.hset(keys.RECORD(subject), mapping=fields)


def in_turn(*changes: Callable[[Flow], Any]) -> Callable[[Flow], Any]:
    return lambda flow: [change(flow) for change in changes]


def add_event(type_: str, number: int | None = None, **data: Any) -> Callable[[Flow], Any]:
    def add(flow: Flow) -> None:
        told = flow.client.hincrby(keys.RECORD(BRIEF), "events", 1) if number is None else number
        event = {"id": f"b/{told}", "type": type_, "data": {"brief_id": "b", **data}}
        flow.client.xadd(keys.EVENTS(), {"event": json.dumps(event)})

    return add


def tell_again(flow: Flow) -> None:
    entries: Any = flow.client.xrange(keys.EVENTS())
    flow.client.xadd(keys.EVENTS(), entries[0][1])


def drop_first_event(flow: Flow) -> None:
    entries: Any = flow.client.xrange(keys.EVENTS())
    flow.client.xdel(keys.EVENTS(), entries[0][0])


def promoted_again(flow: Flow) -> None:
    promotion = snapshots.by_ids(flow.client, ["b"])[0].promotions[0]
    data: dict[str, Any] = {"promotion": promotion.subject, "identity_code": promotion.identity_code}
    add_event("identity.promoted", **data)(flow)
    add_event("identity.brief.done")(flow)


def put(key: str, **members: float) -> Callable[[Flow], Any]:
    return lambda flow: flow.client.zadd(key, members)


IN_REDIS: dict[str, tuple[Kind, str, Callable[[Flow], Any]]] = {
    "a brief without a record": (
        Kind.LOST, "is not on record", lambda flow: flow.client.delete(keys.RECORD(BRIEF)),
    ),
    "a brief that is not over": (Kind.LOST, "is still generating", change_record(BRIEF, state="generating")),
    "a failure without a reason": (Kind.LOST, "without a reason", change_record(BRIEF, state="failed")),
    "a hold without a question": (
        Kind.LOST, "without a question",
        in_turn(change_record(BRIEF, state="held"), add_event("identity.brief.held")),
    ),
    "an end without an identity": (
        Kind.LOST, "without an identity", change_record(PROMOTION, state="failed"),
    ),
    "a job that its brief does not know": (
        Kind.WASTED, "does not know its job", change_record(BRIEF, job_id="another"),
    ),
    "drafts that were not offered": (Kind.WASTED, "never offered", change_record(BRIEF, drafts="[]")),
    "drafts that nobody decided on": (
        Kind.WASTED, "could have been promoted",
        change_record(BRIEF, state="failed", error="no", promotions="0"),
    ),
    "an identity of no promotion": (
        Kind.WASTED, "no promotion has", change_record(PROMOTION, identity_code="another"),
    ),
    "a job permit": (Kind.LEAKED, "has a job permit", put(keys.PERMITS(DEFAULT), **{BRIEF: 1})),
    "a permit of nobody": (Kind.LEAKED, "has a job permit", put(keys.PERMITS(DEFAULT), **{"brief:x": 1})),
    "slots": (Kind.LEAKED, "has slots", lambda flow: flow.client.hset(keys.SLOTS(DEFAULT), BRIEF, 1)),
    "a place in the waiting list": (
        Kind.LEAKED, "waits for promote", put(keys.WAITING(DEFAULT, "promote"), **{PROMOTION: 1}),
    ),
    "a request under way": (
        Kind.LEAKED, "request of create", put(keys.WINDOW(DEFAULT, "create"), **{BRIEF: float("inf")}),
    ),
    "a parked brief": (Kind.LEAKED, "is parked", put(keys.PARKED("spring"), **{BRIEF: 1})),
    "credits": (
        Kind.LEAKED,
        "credits promised",
        lambda flow: flow.client.hset(keys.BATCH_RESERVATIONS("spring"), BRIEF, 1),
    ),
    "credits of the account": (
        Kind.LEAKED, "credits reserved",
        lambda flow: flow.client.hset(keys.RESERVATIONS(DEFAULT), BRIEF, 1),
    ),
    "a timer": (Kind.LEAKED, "has a timer", put(keys.TIMERS(), **{BRIEF: 1})),
    "an event at the API": (Kind.LEAKED, "is to be deleted", put(keys.HANDLED(DEFAULT), **{"7": 1})),
    "a finished brief among the open": (Kind.LEAKED, "list of the unfinished", put(keys.UNFINISHED(), b=1)),
    "a message": (Kind.LEAKED, "1 in the queue", lambda flow: flow.client.rpush(keys.QUEUE("steps"), "m")),
    "a message that no queue names": (
        Kind.LEAKED, "1 kept", lambda flow: flow.client.hset(keys.MESSAGES("steps"), "m", "{}"),
    ),
    "a dead letter": (Kind.LEAKED, "1 dead letters", put(keys.DEAD_LETTERS("briefs"), m=1)),
    "a message in dead hands": (
        Kind.LEAKED, "worker's hands", lambda flow: flow.client.sadd(keys.IN_HAND("w", "steps"), "m"),
    ),
    "a key that nobody knows": (
        Kind.LEAKED, "page of keys", lambda flow: flow.client.set("nobody:knows", "it"),
    ),
    "a key that never ends": (
        Kind.LEAKED, "lifetime", lambda flow: flow.client.persist(keys.RECORD(BRIEF)),
    ),
    "an event twice": (Kind.EVENTS, "has the events", tell_again),
    "an event too few": (Kind.EVENTS, "has the events", drop_first_event),
    "an event out of order": (Kind.EVENTS, "has the events", add_event("identity.brief.done", number=99)),
    "another last event": (Kind.EVENTS, "was told last", add_event("identity.drafts.ready")),
    "two ends": (Kind.EVENTS, "2 times to be done", add_event("identity.brief.done")),
    "two promotions of one": (Kind.EVENTS, "told 2 times", promoted_again),
    "a promotion that was not told": (
        Kind.EVENTS, "1 times to be complete", change_record(PROMOTION, state="failed"),
    ),
}  # fmt: skip


def is_told(found: list[Breach], kind: Kind, what: str) -> bool:
    return any(each.kind is kind and what in each.what for each in found)


def test_what_is_wrong_in_redis_is_found(done: Flow, redis_url: str) -> None:
    missed = {}
    for breach, (kind, what, make) in IN_REDIS.items():
        with put_back(redis_url):
            make(done)
            found = breaches(done)
        if not is_told(found, kind, what):
            missed[breach] = found
    assert missed == {}
    assert breaches(done) == []


def test_what_a_held_brief_has_not_fetched_yet_is_not_wasted(done: Flow) -> None:
    change_record(BRIEF, state="held", question="why?", drafts="[]")(done)
    add_event("identity.brief.held")(done)
    change_record(PROMOTION, state="held")(done)
    done.client.hdel(keys.RECORD(PROMOTION), "identity_code")
    assert Kind.WASTED not in {each.kind for each in breaches(done)}
    change_record(PROMOTION, state="failed")(done)
    assert Kind.WASTED in {each.kind for each in breaches(done)}


def second_job(api: Ledger) -> None:
    api["jobs"].append({**copy.deepcopy(api["jobs"][0]), "job_id": "another"})


def second_identity(api: Ledger) -> None:
    api["identities"].append({**api["identities"][0], "identity_code": "another"})


def job_of_nobody(api: Ledger) -> None:
    api["jobs"].append({**copy.deepcopy(api["jobs"][0]), "job_id": "another", "name": "nobody"})


def description(api: Ledger) -> None:
    api["credits"]["charges"].append({"reason": "extraction", "credits": 5})


def violation(api: Ledger) -> None:
    api["violations"]["requests_over_cap"] = 1


AT_THE_API: dict[str, tuple[Kind, str, Callable[[Ledger], None]]] = {
    "a second job": (Kind.PAID_TWICE, "has 2 creation jobs", second_job),
    "a second promotion of a draft": (Kind.PAID_TWICE, "was promoted 2 times", second_identity),
    "a description that nobody asked for": (Kind.PAID_TWICE, "1 descriptions for 0 photos", description),
    "a job of nobody": (Kind.WASTED, "is a job of nobody", job_of_nobody),
    "a violation": (Kind.VIOLATION, "requests_over_cap: 1", violation),
}


def test_what_is_wrong_at_the_api_is_found(done: Flow) -> None:
    whole, missed = done.api.sandbox.ledger(), {}
    for breach, (kind, what, make) in AT_THE_API.items():
        ledger = copy.deepcopy(whole)
        make(account(ledger, done.api))
        found = breaches(done, ledger)
        if not is_told(found, kind, what):
            missed[breach] = found
    assert missed == {}


def test_a_brief_that_nobody_took_in_is_found(done: Flow) -> None:
    assert breaches(done, None, "c") == [Breach(Kind.LOST, "c", "is not on record")]


def journalled_twice(flow: Flow) -> None:
    job = flow.brief("b").fields["job_id"]
    told: Any = flow.client.lrange(keys.JOURNAL("b"), 0, -1)
    flow.client.rpush(keys.JOURNAL("b"), *(entry.replace(job, "another") for entry in told))


AUDITED: dict[str, tuple[str, str, Callable[[Flow], Any]]] = {
    "two creates in the journal": ("b", "2 creates were accepted", journalled_twice),
    "a job that the API does not know": (
        "b", "the API does not know its job", change_record(BRIEF, job_id="another"),
    ),
    "a brief that is on no list": (
        "audit", "0 briefs of 1", lambda flow: flow.client.delete(keys.FINISHED()),
    ),
}  # fmt: skip


def test_what_the_audit_finds_is_a_breach(done: Flow, environment: dict[str, str], redis_url: str) -> None:
    assert list(audit(environment, 1)) == []
    missed = {}
    for breach, (subject, what, make) in AUDITED.items():
        with put_back(redis_url):
            make(done)
            found = list(audit(environment, 1))
        if not is_told([each for each in found if each.subject == subject], Kind.AUDIT, what):
            missed[breach] = found
    assert missed == {}
