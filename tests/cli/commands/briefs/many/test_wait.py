"""`identity-worker wait`: it ends when what is meant has come to its end, and says how by its exit code."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from commandline import Command
from stepping import Flow, inlet_message
from support import brief, eventually

from worker.ledger.transition import Transition


def held(flow: Flow, brief_id: str) -> None:
    """Have a brief ask an operator for its job."""
    question = {"question": "which job is it?"}
    for state, fields in (("submitting", {}), ("uncertain", {}), ("held", question)):
        flow.ledger.apply(flow.brief(brief_id), Transition(state, fields=fields))


@pytest.fixture
def mixed(heard: Flow) -> Flow:
    """Return the flow with briefs in each kind of end, a batch each."""
    for brief_id in ("done", "failed", "held", "open"):
        heard.accept(brief_id=brief_id, batch=f"of {brief_id}", metadata={"sku": brief_id})
    heard.ledger.apply(heard.brief("failed"), Transition("failed", fields={"error": "422: no"}))
    held(heard, "held")
    heard.finish("done")
    return heard


@pytest.mark.parametrize("by", ['batch:"of {}"', "meta.sku:{}"])
def test_the_exit_code_says_how_it_has_ended(command: Command, mixed: Flow, by: str) -> None:
    for name, options, code, said in (
        ("done", (), 0, ""),
        ("failed", (), 1, "some have failed or were cancelled"),
        ("held", (), 3, "waits for a person"),
        ("none", (), 2, "no brief on record matches"),
        ("open", ("--stall", "1s"), 4, "nothing has moved for too long"),
        ("open", ("--timeout", "1s"), 5, "the time is over"),
    ):
        answer = command("wait", "--filter", by.format(name), *options)
        assert (name, answer.returncode) == (name, code)
        assert said in answer.stderr
        assert len(answer.stdout.splitlines()) <= 1


def reading_events(flow: Flow) -> int:
    return sum(each["cmd"] == "xread" for each in flow.client.client_list())


def test_waiting_ends_with_the_last_of_those_on_their_way(command: Command, heard: Flow) -> None:
    for number in range(3):
        heard.accept(brief_id=f"b{number}", batch="autumn")
    with ThreadPoolExecutor() as pool:
        waits = [
            pool.submit(command, "wait", "--filter", line, "--json", "--timeout", "1m")
            for line in ("batch:autumn", "state:open")
        ]
        # Both block on the stream of events: what happens now is what wakes them.
        assert eventually(heard.client, lambda: reading_events(heard) == 2)
        for number in range(3):
            heard.finish(f"b{number}")
        told = [json.loads(wait.result().stdout) for wait in waits]
    assert [each["code"] for each in told] == [0, 0]
    assert told[0]["states"] == {"done": 3}


def test_a_brief_that_no_worker_has_taken_yet_is_waited_for(command: Command, flow: Flow) -> None:
    flow.broker.enqueue(inlet_message(brief(brief_id="b", batch="autumn")))
    answer = command("wait", "--meta", "sku=1", "--timeout", "1s", "--json")
    told = json.loads(answer.stdout)
    assert (answer.returncode, told["queued"], told["total"]) == (5, 1, 0)


def test_a_length_of_time_that_is_none_is_refused(command: Command) -> None:
    answer = command("wait", "--stall", "soon")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "--stall 'soon': must be a length of time" in answer.stderr
