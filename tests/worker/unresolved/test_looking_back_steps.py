"""A look back goes in small steps: killed, doubled or broken off, it ends the same."""

import pytest
from forgetting import copy_of, finish, past, put_back
from killed_calls import KilledError, killed_at
from own_account import CREATE
from stepping import Flow

from actors.looking_back import look_back
from actors.runtime import runtime
from config import keys
from config.accounts.names import DEFAULT
from worker.ledger.records import account_subject
from worker.unresolved import looked
from worker.unresolved.looked import Looked
from worker.unresolved.past import forget, past_of

FORGOTTEN = ["a", "b", "c"]


@pytest.fixture
def forgotten(flow: Flow) -> Flow:
    """Return a flow whose server has forgotten three creates, each of a body of its own, and knows that."""
    finish(flow, flow.accept(brief_id="before"))
    for number, brief_id in enumerate(FORGOTTEN, 1):
        drafts = {"prompt": brief_id, "num_variations": number}
        flow.accept(brief_id=brief_id, instructions=[drafts])
    copy = copy_of(flow.client)
    for brief_id in FORGOTTEN:
        assert flow.steps.run() == ("submit_brief", f"brief:{brief_id}")
    put_back(flow.client, copy)
    flow.api.rest()
    flow.client.delete(keys.QUEUE(keys.STEPS), keys.MESSAGES(keys.STEPS))
    flow.functions.run(forget(None, "test", "a test"))
    flow.client.hincrby(keys.RECORD(account_subject(DEFAULT)), "past_until", -100_000_000)
    return flow


def asked(flow: Flow) -> int:
    """How often the API was asked about the list or a job, or for anything else."""
    return sum(sum(answers.values()) for answers in flow.api.ledger()["requests"].values())


def states(flow: Flow) -> list[str]:
    return [flow.brief(each).state for each in FORGOTTEN]


def test_each_step_asks_about_one_page_or_one_job(forgotten: Flow) -> None:
    flow = forgotten
    flow.wake_timer(f"past:{DEFAULT}")
    calls = []
    while "past_since" in past(flow):
        before = asked(flow)
        assert flow.steps.run() == ("look_back", f"past:{DEFAULT}")
        calls.append(asked(flow) - before)
    assert calls == [1, 2, 2, 2, 0]
    assert states(flow) == ["generating"] * 3
    assert not flow.client.exists(keys.PAST_LISTED(DEFAULT), keys.PAST_JOBS(DEFAULT))
    assert "past_looked" not in past(flow)
    assert flow.api.requests(f"POST {CREATE}") == 4


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_call_another_step_goes_on(forgotten: Flow, after: bool) -> None:
    flow, rt = forgotten, runtime()
    copy, calls, is_killed = copy_of(flow.client), 0, True
    while is_killed:
        calls, is_killed = calls + 1, False
        with pytest.MonkeyPatch.context() as patch:
            killed_at(calls, patch, after=after)
            try:
                while past_of(flow.client, DEFAULT) is not None:
                    look_back(rt, DEFAULT)
            except KilledError:
                is_killed = True
        for _ in range(20):
            look_back(rt, DEFAULT)
        assert past_of(flow.client, DEFAULT) is None, f"killed at call {calls}"
        # Killed between the two moves of an adoption, it asks a person about that very job.
        held = [each for each in FORGOTTEN if flow.brief(each).state == "held"]
        assert len(held) <= 1
        assert all(len(flow.brief(each).json("candidate_jobs")) == 1 for each in held)
        left = [state for state in states(flow) if state != "held"]
        assert left == ["generating"] * (3 - len(held)), f"killed at call {calls}"
        put_back(flow.client, copy)
    assert calls > 30
    assert flow.api.requests(f"POST {CREATE}") == 4


def test_of_two_runs_at_once_one_goes_on(forgotten: Flow) -> None:
    flow, client = forgotten, forgotten.client
    unknown = past_of(client, DEFAULT)
    assert unknown is not None
    both = [looked.standing(client, DEFAULT, unknown, 0) for _ in range(2)]
    now = Looked(unknown.until, pages=1, believed=True, is_listed=True)
    went_on = [flow.functions.run(looked.page_read(DEFAULT, each, now, ["x", "y"])) for each in both]
    assert went_on == [True, False]
    both = [looked.standing(client, DEFAULT, unknown, 0) for _ in range(2)]
    went_on = [flow.functions.run(looked.job_read(DEFAULT, each, each.next_job or "", "{}")) for each in both]
    assert went_on == [True, False]
    assert client.llen(keys.QUEUE(keys.STEPS)) == 2
    assert looked.snapshots(client, DEFAULT) == {"x": "{}"}
    assert looked.standing(client, DEFAULT, unknown, 0).next_job == "y"


def test_what_was_found_of_an_earlier_past_counts_no_more(forgotten: Flow) -> None:
    flow, client, rt = forgotten, forgotten.client, runtime()
    for _ in range(2):
        look_back(rt, DEFAULT)
    assert len(looked.snapshots(client, DEFAULT)) == 1
    flow.functions.run(forget(None, "test", "once more"))
    flow.client.hincrby(keys.RECORD(account_subject(DEFAULT)), "past_until", -100_000_000)
    look_back(rt, DEFAULT)
    assert looked.snapshots(client, DEFAULT) == {}
    assert client.zcard(keys.PAST_LISTED(DEFAULT)) == 3


def test_a_list_that_was_broken_off_is_read_anew(forgotten: Flow) -> None:
    flow, client = forgotten, forgotten.client
    unknown = past_of(client, DEFAULT)
    assert unknown is not None
    begins = looked.standing(client, DEFAULT, unknown, 0)
    half = begins.looked.with_page(1_000, names_creations=True, is_last=False)
    flow.functions.run(looked.page_read(DEFAULT, begins, half, []))
    assert looked.standing(client, DEFAULT, unknown, 61_000).looked.pages == 1
    anew = looked.standing(client, DEFAULT, unknown, 61_001).looked
    assert (anew.pages, anew.believed) == (0, True)


def test_a_listed_job_that_nobody_knows_is_a_persons(forgotten: Flow) -> None:
    flow, rt = forgotten, runtime()
    look_back(rt, DEFAULT)
    flow.api.refuse("/jobs/*/status", 404, count=1)
    flow.api.refuse("/jobs/*/status", 503, count=1)
    for _ in range(20):
        look_back(rt, DEFAULT)
    assert "past_since" not in past(flow)
    assert states(flow) == ["held"] * 3
    assert len(flow.brief("a").json("candidate_jobs")) >= 1


def test_a_listed_job_that_web_pages_answer_for_is_asked_for_again(forgotten: Flow) -> None:
    flow, rt = forgotten, runtime()
    look_back(rt, DEFAULT)
    flow.api.answer_by_pages()
    for _ in range(20):
        look_back(rt, DEFAULT)
    assert "past_since" in past(flow)
    flow.api.sandbox.clear_faults()
    for _ in range(20):
        look_back(rt, DEFAULT)
    assert states(flow) == ["generating"] * 3


def test_whoever_left_its_thread_to_others_goes_on(forgotten: Flow) -> None:
    flow = forgotten
    flow.client.zadd(keys.TIMERS(), {f"past:{DEFAULT}": 4e12})
    assert flow.ledger.recall(f"past:{DEFAULT}")
    assert (flow.client.zscore(keys.TIMERS(), f"past:{DEFAULT}") or 4e12) < 4e12
