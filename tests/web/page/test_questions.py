"""A held brief's question on its page: answered by its own buttons, each in the log."""

import json
from collections.abc import Callable

import pytest
from own_account import CREATE
from page.conftest import Person
from stepping import Flow

from worker.ledger.transition import Transition
from worker.operations import actions
from worker.views import snapshots

People = Callable[..., Person]
Tokens = Callable[..., str]


@pytest.fixture
def held(flow: Flow) -> Flow:
    """A brief whose create arrived, which nobody here knows; its job may be its own."""
    flow.api.fault("drop_response", path=CREATE)
    flow.accept(brief_id="b")
    flow.steps.run()
    (job,) = flow.api.ledger()["jobs"]
    may_be = {"job_id": job["job_id"], "created_at": None, "seen_at": 1, "drafts": []}
    fields = {"question": "did <it> arrive?", "candidate_jobs": json.dumps([may_be])}
    flow.ledger.apply(flow.brief("b"), Transition("held", fields=fields))
    return flow


def said(flow: Flow) -> list[str]:
    """What its journal has of operators."""
    journal = snapshots.journal(flow.client, "b")
    return [each["what"] for each in journal if each.get("by") == "anna by the page"]


def test_a_question_is_shown_with_its_own_answers(person: People, held: Flow, token: Tokens) -> None:
    shown = person(token()).get("/briefs/b").text
    assert "did &lt;it&gt; arrive?" in shown
    for answer in ("This is its job", "Make the call again", "Give it up"):
        assert answer in shown
    assert ">Retry<" not in shown, "that does not answer it"
    seen = person(token(name="bea", accounts=("elsewhere",))).get("/briefs/b")
    assert seen.status_code == 404


@pytest.mark.parametrize(
    ("what", "state", "word"), [("resend", "waiting", "resend"), ("give_up", "failed", "give up")]
)
def test_a_question_is_answered_once(
    person: People, held: Flow, token: Tokens, what: str, state: str, word: str
) -> None:
    anna = person(token())
    assert anna.send("/brief/act", brief="b", what=what, why="asked them").status_code == 303
    assert anna.send("/brief/act", brief="b", what=what).status_code == 409
    assert held.brief("b").state in (state, "submitting")
    assert said(held) == [word]
    action = actions.actions(held.client)[-1]
    assert (action["what"], action["answer"], action["why"]) == ("resolve", word, "asked them")


def test_a_job_is_adopted_that_the_api_knows(person: People, held: Flow, token: Tokens) -> None:
    anna, (job,) = person(token()), held.api.ledger()["jobs"]
    unknown = anna.send("/brief/act", brief="b", what="adopt", job="job_of_nobody")
    assert unknown.status_code == 409
    assert "does not know job" in unknown.text
    assert anna.send("/brief/act", brief="b", what="adopt", job=job["job_id"]).status_code == 303
    assert (held.brief("b").state, held.brief("b").fields["job_id"]) == ("generating", job["job_id"])
    assert len(held.api.ledger()["jobs"]) == 1
