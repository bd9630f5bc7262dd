"""Rules that look at drafts, in the flow: what they choose is promoted, else a person is asked."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import choosers
import pytest
from processes import ProcessFactory
from stepping import Flow
from support import events, eventually

from actors import picking as looking
from actors.runtime import runtime
from config import keys
from config.accounts.names import DEFAULT
from worker.choosing.question import Decision
from worker.ledger.transition import Answer
from worker.lifecycle import judging
from worker.lifecycle.charges import take_apart
from worker.lifecycle.choosing import PickError
from worker.operations import picking
from worker.operations.operator import Operator
from worker.selection.filter import Filter
from worker.selection.progress import follower
from worker.views import snapshots

SMALL = {"num_variations": 2, "options": {"size": "1K"}}
ONE: dict[str, Any] = {"instructions": [{"prompt": "A man", **SMALL}]}
TWO: dict[str, Any] = {"instructions": [{"prompt": "A man", **SMALL}, {"prompt": "A woman", **SMALL}]}
B = "brief:b"
RESULTS = "GET /jobs/{job_id}/results"


@pytest.fixture(autouse=True)
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (folder := tmp_path / "plugins").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(choosers.install(folder)))
    return folder


def ready(flow: Flow, choose: str | list[str], **fields: Any) -> list[int]:
    """The drafts of brief b, of which rules have yet to choose."""
    flow.accept(brief_id="b", choose=choose, **(fields or ONE))
    brief = flow.until("b", "choosing")
    assert brief.get("judging") == "1"
    return [draft["image_result_id"] for draft in brief.json("drafts")]


def looked(flow: Flow) -> None:
    """Run the step that looks."""
    flow.wake_timer(B)
    flow.steps.until(lambda: flow.brief("b").get("judging") is None)


def promoted(flow: Flow) -> list[int]:
    count = int(flow.brief("b").fields["promotions"])
    return [flow.promotion("b", n).json("candidates")[0]["image_result_id"] for n in range(count)]


def told(flow: Flow) -> list[dict[str, Any]]:
    """What the events tell of drafts that can be chosen from."""
    return [each["data"] for each in events(flow.client, "b") if each["type"] == "identity.drafts.ready"]


def timer(flow: Flow) -> float | None:
    return flow.client.zscore(keys.TIMERS(), B)


def test_the_choice_of_a_plug_in_is_promoted_once_and_on_record(heard: Flow) -> None:
    drafts = ready(heard, "plugin:last")
    assert heard.finish("b").state == "done"
    assert promoted(heard) == drafts[-1:]
    assert heard.brief("b").get("judging") is None
    view = snapshots.brief(heard.client, "b")
    assert view is not None
    (decision,) = view.decisions
    assert (decision["rule"], decision["version"], decision["chosen"]) == ("plugin:last", "tiny 1", drafts[1])
    assert [each["rank"] for each in decision["drafts"]] == [2, 1]
    assert heard.calls("b").count("promote accepted") == 1
    assert [each["choose"] for each in told(heard)] == [["plugin:last"]]


def test_best_asks_a_person_where_it_sees_no_face_and_tells_downstream(heard: Flow) -> None:
    """The sandbox's portraits are drawings, in which the model sees none."""
    drafts = ready(heard, "best")
    # By the ledger's counts, and by the records that a filter has found.
    followers = [follower(heard.client, each) for each in (Filter(), Filter(state=("choosing",)))]
    assert [each.look(None).for_person for each in followers] == [0, 0]
    looked(heard)
    assert [each.look(None).for_person for each in followers] == [1, 1]
    brief = heard.brief("b")
    assert (brief.state, timer(heard)) == ("choosing", None)
    first, second = told(heard)
    assert (first["choose"], "because" in first) == (["best"], False)
    assert second["choose"] == ["manual"]
    assert second["because"] == "instructions[0]: no draft shows exactly one face"
    assert [each["image_result_id"] for each in second["drafts"]] == drafts
    (decision,) = brief.json("decisions")
    assert [each["rules"]["face"]["measured"] for each in decision["drafts"]] == [0, 0]
    assert picking.pick(heard.ledger, "b", drafts[1:2], leave_rest=False) == drafts[1:2]
    assert heard.finish("b").state == "done"
    assert promoted(heard) == drafts[1:2]


@pytest.mark.parametrize("instead", [False, True])
def test_a_person_s_pick_beside_a_rule_s_choice_completes_it(heard: Flow, instead: bool) -> None:
    drafts = ready(heard, ["plugin:last", "manual"], **TWO)
    with pytest.raises(PickError, match=r"no pick for instructions\[0\]"):
        picking.pick(heard.ledger, "b", [drafts[2]], leave_rest=False)
    looked(heard)
    assert heard.brief("b").state == "choosing"
    assert len(told(heard)) == 1
    picks = [drafts[0], drafts[2]] if instead else [drafts[2]]
    promoted = [drafts[0] if instead else drafts[1], drafts[2]]
    assert picking.pick(heard.ledger, "b", picks, leave_rest=False) == promoted
    # As a message is found that is delivered again.
    assert picking.is_on_record(heard.ledger, "b", picks)
    assert not picking.is_on_record(heard.ledger, "b", [drafts[3]])


def test_a_person_who_picks_meanwhile_is_obeyed(heard: Flow) -> None:
    drafts = ready(heard, "plugin:last")
    seen = heard.brief("b")
    picking.pick(heard.ledger, "b", drafts[:1], leave_rest=False)
    decision = Decision(0, "plugin:last", "1", (drafts[1],), None)
    assert judging.record(heard.ledger, seen, [decision]) is not Answer.APPLIED
    assert judging.ask_person(heard.ledger, seen, "late") is Answer.CONFLICT
    looking.look(runtime(), seen)
    assert promoted(heard) == drafts[:1]
    assert heard.brief("b").get("decisions") is None


def test_a_step_that_can_not_be_run_leaves_the_choice_to_persons(heard: Flow) -> None:
    drafts = ready(heard, "plugin:last")
    heard.wake_timer(B)
    ((redis_id, *_),) = heard.broker.fetch(keys.STEPS, 1)
    heard.broker.dead_letter(keys.STEPS, redis_id, "three workers died")
    assert heard.steps.run() == ("hold_step", redis_id)
    assert timer(heard) is None
    assert "choose_drafts could not be run: three workers died" in told(heard)[-1]["because"]
    assert not heard.client.exists(keys.DEAD_LETTERS(keys.STEPS), keys.DEAD_LETTER_REASONS())
    assert picking.pick(heard.ledger, "b", drafts[:1], leave_rest=False) == drafts[:1]


def test_pictures_are_asked_for_again_and_then_done_without(heard: Flow) -> None:
    ready(heard, "plugin:last")
    heard.api.fault("status", path="/jobs/{job_id}/results", status=418, body="no", count=None)
    without = [draft | {"url": None} for draft in heard.brief("b").json("drafts")]
    tried = {"drafts": json.dumps(without), "tries": str(judging.MOST_FAILURES - 2)}
    heard.client.hset(keys.RECORD(B), mapping=tried)
    asked = heard.api.requests(RESULTS)
    looked(heard)
    assert heard.api.requests(RESULTS) > asked + 1
    assert told(heard)[-1]["because"] == "instructions[0]: no draft has a picture that could be had"
    assert {"tries", "error"}.isdisjoint(heard.brief("b").fields)


def test_a_timer_that_an_older_version_has_cleared_is_set_again(heard: Flow) -> None:
    """It takes a brief that is chosen from for one that waits for a person; and it knows of no index."""
    drafts = ready(heard, "plugin:last")
    index = keys.JUDGING(DEFAULT)
    assert heard.client.zrange(index, 0, -1) == ["b"]
    heard.client.zrem(keys.TIMERS(), B)
    # A sweep looks at a hundred: these are gone, or were moved without the index.
    heard.client.zadd(index, {f"gone-{number}": number for number in range(100)})
    sweeps = []
    while timer(heard) is None:
        heard.wake_timer(f"library:{DEFAULT}")
        sweeps.append(heard.client.zrange(index, 0, -1))
    assert sweeps == [["b"], ["b"]]
    assert heard.finish("b").state == "done"
    assert promoted(heard) == drafts[-1:]
    assert not heard.client.exists(index)


def test_a_retried_brief_is_looked_at_anew(heard: Flow) -> None:
    drafts = ready(heard, "plugin:last")
    before = heard.brief("b")
    looked(heard)
    heard.api.refuse("/identity/promote-generated", 403, count=2)
    assert heard.finish("b").state == "failed"
    assert heard.promotion("b").fields["tried"] == "1"
    Operator(heard.client, heard.settings, "me").retry(
        heard.brief("b"), take_apart(snapshots.journal(heard.client, "b"))
    )
    back = heard.brief("b")
    assert (back.state, back.get("judging"), back.get("decisions")) == ("choosing", "1", None)
    late = Decision(0, "plugin:last", "1", (drafts[0],), None)
    assert judging.record(heard.ledger, before, [late]) is Answer.CONFLICT
    assert heard.finish("b").state == "done"
    assert promoted(heard) == drafts[-1:]


def test_a_worker_killed_while_a_chooser_runs_leaves_one_choice(
    heard: Flow, worker_process: ProcessFactory, plugins: Path
) -> None:
    drafts = ready(heard, "plugin:waits")
    worker = worker_process(PYTHONPATH=str(plugins))
    heard.wake_timer(B)
    chooser = eventually(heard.client, lambda: _read(plugins / "waits.pid"))
    worker.kill()
    assert heard.brief("b").get("decisions") is None
    heard.wake_timer(B)
    assert heard.finish("b").state == "done"
    assert promoted(heard) == drafts[-1:]
    assert heard.calls("b").count("promote accepted") == 1
    os.kill(int(chooser), signal.SIGKILL)


def _read(file: Path) -> str:
    return file.read_text() if file.exists() else ""
