"""`identity-worker resolve`: the operator's answer to a paid call whose outcome nobody knows."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from commandline import Command
from own_account import CREATE
from stepping import Flow
from support import event_types

from config import keys
from sandbox.pictures.draw import draw
from worker.ledger.transition import Answer, Completion, Transition
from worker.lifecycle.recovery import OperationRefusedError
from worker.lifecycle.transitions import AT_ONCE
from worker.operations.operator import Operator
from worker.views import snapshots

EXTRACT = "/preset/extract-from-image"
SUBJECT = "brief:b"


@pytest.fixture
def environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "references"
    folder.mkdir()
    (folder / "ada.jpg").write_bytes(draw({"options": {"size": "1K", "ar": "1:1", "format": "jpg"}}, "s", 0))
    return {**environment, "IDENTITY_WORKER_REFERENCE_DIR": str(folder)}


@pytest.fixture
def resolve(command: Command, environment: dict[str, str]) -> Command:
    """Return what answers the question of the brief b."""
    return lambda *arguments: command("resolve", "b", *arguments, **environment)


@pytest.fixture
def held_on_create(flow: Flow) -> Flow:
    """A brief whose create arrived, which nobody here knows: it is held by hand, as after its grace time."""
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    brief = flow.brief("b")
    assert brief.state == "uncertain"
    assert (
        flow.ledger.apply(brief, Transition("held", fields={"question": "did it arrive?"})) is Answer.APPLIED
    )
    return flow


@pytest.fixture
def held_on_extraction(flow: Flow) -> Flow:
    flow.api.fault("drop_response", path=EXTRACT)
    flow.accept(brief_id="b", instructions=None, reference_image="ada.jpg")
    flow.until("b", "held")
    return flow


def looked_at_at_once(flow: Flow) -> bool:
    """Whether the step of the brief b is due as soon as it is where it is now."""
    due = float(str(flow.client.zscore(keys.TIMERS(), SUBJECT)))
    return due == int(flow.brief("b").fields["moved_at"]) + AT_ONCE


def the_job(flow: Flow) -> str:
    (job,) = flow.api.ledger()["jobs"]
    return str(job["job_id"])


def words(flow: Flow) -> list[tuple[str, str]]:
    """The journal's entries that name an operator."""
    journal = snapshots.journal(flow.client, "b")
    return [(entry["call"], entry["what"]) for entry in journal if "@" in entry.get("by", "")]


def test_an_adopted_job_is_the_brief_s_and_nothing_is_paid_again(
    held_on_create: Flow, resolve: Command
) -> None:
    flow = held_on_create
    job = the_job(flow)
    answer = resolve("--adopt", job)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert f"b: has job {job} and goes on; paid so far: drafts of unknown price" in answer.stdout
    brief = flow.brief("b")
    assert (brief.state, brief.get("job_id"), brief.get("question")) == ("generating", job, None)
    assert flow.client.get(keys.JOB("default", job)) == SUBJECT
    assert flow.client.zrange(keys.PERMITS("default"), 0, -1) == [SUBJECT]
    assert looked_at_at_once(flow)
    assert not flow.client.exists(keys.HELD_BRIEFS())
    assert words(flow) == [("create", "adopted")]
    assert flow.api.requests(f"POST {CREATE}") == 1


def test_an_uncertain_brief_can_be_answered_for_before_it_is_held(flow: Flow, resolve: Command) -> None:
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert resolve("--adopt", the_job(flow)).returncode == 0
    assert flow.brief("b").state == "generating"


def test_a_job_of_another_brief_is_not_adopted(held_on_create: Flow, resolve: Command) -> None:
    flow = held_on_create
    flow.accept(brief_id="other")
    flow.steps.run()
    job = flow.brief("other").fields["job_id"]
    answer = resolve("--adopt", job)
    assert answer.returncode == 1
    assert f"job {job} is another brief's" in answer.stderr
    assert flow.brief("b").state == "held"
    assert flow.client.get(keys.JOB("default", job)) == "brief:other"


def test_a_job_unknown_or_without_identities_is_not_adopted(held_on_create: Flow, resolve: Command) -> None:
    flow = held_on_create
    unknown = resolve("--adopt", "job_of_nobody")
    assert unknown.returncode == 1
    assert "the API does not know job job_of_nobody" in unknown.stderr
    flow.api.start_other_jobs(1)
    other = next(each for each in flow.api.ledger()["jobs"] if each["job_type"] != "identity_creation")
    refused = resolve("--adopt", other["job_id"])
    assert refused.returncode == 1
    assert "is no identity_creation job" in refused.stderr
    assert flow.brief("b").state == "held"


def test_a_create_sent_again_is_an_operator_s_word_in_the_journal(
    held_on_create: Flow, resolve: Command
) -> None:
    flow = held_on_create
    answer = resolve("--resend", "--json")
    assert answer.returncode == 0
    (outcome,) = json.loads(answer.stdout)
    assert (outcome["brief_id"], outcome["did"]) == ("b", True)
    assert words(flow) == [("operator", "resend")]
    flow.steps.run()
    assert flow.brief("b").state == "generating"
    assert flow.calls("b")[-2:] == ["create intended", "create accepted"]


def test_a_given_up_brief_fails_with_what_may_have_been_paid(held_on_create: Flow, resolve: Command) -> None:
    flow = held_on_create
    answer = resolve("--give-up")
    assert answer.returncode == 0
    assert "b: given up; paid so far: perhaps for a create of unknown outcome" in answer.stdout
    brief = flow.brief("b")
    assert brief.state == "failed"
    assert "perhaps for a create of unknown outcome" in brief.fields["error"]
    assert event_types(flow.client, "b")[-1] == "identity.brief.failed"
    assert not flow.client.exists(keys.SLOTS("default"), keys.PERMITS("default"), keys.HELD_BRIEFS())


def test_a_brief_given_up_keeps_the_permit_while_its_job_may_run(flow: Flow, resolve: Command) -> None:
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    assert resolve("--give-up").returncode == 0
    assert flow.brief("b").state == "uncertain"
    assert flow.client.zcard(keys.PERMITS("default")) == 1
    assert (
        flow.ledger.apply(flow.brief("b"), Transition("held", completion=Completion.COUNTED))
        is Answer.APPLIED
    )
    assert flow.brief("b").state == "failed"
    assert flow.client.zcard(keys.PERMITS("default")) == 0


@pytest.mark.parametrize(("answer", "to"), [("--resend", "preparing"), ("--give-up", "failed")])
def test_a_brief_held_on_its_description_is_prepared_again_or_fails(
    held_on_extraction: Flow, resolve: Command, answer: str, to: str
) -> None:
    flow = held_on_extraction
    assert resolve(answer).returncode == 0
    assert (flow.brief("b").state, flow.brief("b").get("question")) == (to, None)
    assert not flow.client.exists(keys.HELD_BRIEFS())
    if to == "preparing":
        assert looked_at_at_once(flow)
        flow.wake_timer(SUBJECT)
        flow.until("b", "generating")
        assert flow.api.requests(f"POST {EXTRACT}") == 2


def test_there_is_no_job_to_adopt_for_a_description(held_on_extraction: Flow, resolve: Command) -> None:
    answer = resolve("--adopt", "job_1")
    assert answer.returncode == 1
    assert "it is not looking for its job" in answer.stderr
    assert held_on_extraction.brief("b").state == "held"


@pytest.mark.parametrize("answer", ["--resend", "--give-up"])
def test_two_operators_at_once_have_one_effect(held_on_create: Flow, resolve: Command, answer: str) -> None:
    flow = held_on_create
    with ThreadPoolExecutor(2) as pool:
        codes = sorted(each.returncode for each in pool.map(lambda _: resolve(answer), range(2)))
    assert codes[0] == 0
    assert len(words(flow)) == 1
    again = resolve(answer)
    assert again.returncode == 1
    assert len(words(flow)) == 1


@pytest.mark.parametrize("late", ["adopt", "resend", "give up"])
def test_an_answer_is_to_the_question_read_and_no_later_one(held_on_create: Flow, late: str) -> None:
    from actors.runtime import runtime

    flow, operator = held_on_create, Operator(held_on_create.client, held_on_create.settings, "a person")
    as_read, api = flow.brief("b"), runtime().apis["default"]
    assert operator.adopt(flow.brief("b"), the_job(flow), api) is Answer.APPLIED
    broke = {"question": "its step could not be run", "evidence": "{}"}
    assert flow.ledger.apply(flow.brief("b"), Transition("held", fields=broke)) is Answer.APPLIED
    flow.client.hincrby(keys.RECORD(SUBJECT), "moved_at", 1)  # a millisecond is all that may tell the two
    said: dict[str, Callable[[], object]] = {
        "adopt": lambda: operator.adopt(as_read, the_job(flow), api),
        "resend": lambda: operator.resend(as_read),
        "give up": lambda: operator.give_up(as_read, "nothing"),
    }
    with pytest.raises(OperationRefusedError, match="has moved meanwhile"):
        said[late]()
    assert (flow.brief("b").state, flow.brief("b").get("wish")) == ("held", None)


@pytest.mark.parametrize("state", ["waiting", "generating"])
def test_only_a_brief_that_is_held_or_uncertain_is_given_up(flow: Flow, state: str) -> None:
    flow.accept(brief_id="b")
    brief = flow.until("b", state)
    with pytest.raises(OperationRefusedError, match="only one that is held can be given up"):
        Operator(flow.client, flow.settings, "a person").give_up(brief, "nothing")
    assert (flow.brief("b").state, flow.brief("b").get("wish")) == (state, None)


@pytest.mark.parametrize("arguments", [(), ("--resend", "--give-up"), ("--resend", "--adopt", "j")])
def test_there_must_be_one_answer(resolve: Callable[..., object], arguments: tuple[str, ...]) -> None:
    answer = resolve(*arguments)
    assert getattr(answer, "returncode", None) == 2
