"""The overview: what needs a person and its button, each account, the last hours."""

import html
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from own_account import CREATE
from page.conftest import Person
from stepping import Flow, inlet_message
from support import DEADLINE, brief

from actors.broker import dead_letters
from config import keys
from web.page.figures.recent import Recent
from web.page.views import overview
from worker.callers.tokens import Role
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.operations import actions, halts

People = Callable[..., Person]
Tokens = Callable[..., str]


def test_processes_that_do_not_run_are_told_of(person: People, flow: Flow) -> None:
    shown = person().get("/").text
    assert "No worker runs." in shown
    assert "start one: identity-worker listen" in shown


def test_what_a_person_has_paused_goes_on_by_a_button(
    person: People, flow: Flow, token: Tokens, client: "redis.Redis", ledger: Ledger
) -> None:
    flow.accept(brief_id="a")
    halts.halt(ledger, commands.Halted("default", None), "bea", "a fair")
    anna = person(token())
    assert "paused by bea" in anna.get("/").text
    assert anna.send("/overview/act", what="unpause", account="default", why="over").status_code == 303
    assert "paused by bea" not in anna.get("/").text
    action = json.loads(client.lrange(keys.ACTIONS(), 0, 0)[0])
    assert (action["what"], action["by"], action["why"]) == ("unpause", "anna by the page", "over")


def test_what_the_api_refuses_is_tried_again_by_a_button(person: People, flow: Flow, token: Tokens) -> None:
    flow.api.refuse(CREATE, 402, {"error": "no credits"}, count=1)
    flow.accept(brief_id="a")
    flow.steps.until(flow.pauses)
    # The sandbox's clock is fast, and so is the pause over.
    till = {f"{what}_until": 9_999_999_999_999 for what in flow.pauses()}
    flow.client.hset(keys.RECORD("account:default"), mapping=till)
    anna = person(token())
    # The reading that all pages share may be a moment old.
    assert "no credits" in _until(anna, "no credits")
    assert anna.send("/overview/act", what="resume", account="default").status_code == 303
    assert flow.pauses() == {}


def _until(person: Person, text: str) -> str:
    end = time.monotonic() + DEADLINE
    while text not in (shown := person.get("/").text):
        assert time.monotonic() < end, f"{text} is not shown"
    return shown


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.OPERATOR, 303), (Role.ADMIN, 303)])
def test_only_whoever_operates_may_act(
    person: People, flow: Flow, token: Tokens, role: Role, status: int
) -> None:
    flow.accept(brief_id="a")
    answer = person(token(role)).send("/overview/act", what="resume", account="default")
    assert answer.status_code == status
    if status == 403:
        assert "--role operator" in answer.text


def test_nobody_acts_on_accounts_of_others_or_in_unknown_ways(
    person: People, flow: Flow, token: Tokens
) -> None:
    flow.accept(brief_id="a")
    other = person(token(accounts=("elsewhere",)))
    assert other.send("/overview/act", what="resume", account="default").status_code == 404
    anna = person(token(name="all"))
    assert anna.send("/overview/act", what="resume", account="nowhere").status_code == 404
    assert anna.send("/overview/act", what="delete", account="default").status_code == 400
    assert person().send("/overview/act", what="resume", account="default").status_code == 401


def test_drafts_that_wait_for_somebody_are_told_of(person: People, heard: Flow) -> None:
    heard.accept(brief_id="a", choose="manual")
    heard.until("a", "choosing")
    assert "1 brief waits for somebody to choose among drafts." in person().get("/").text


@pytest.mark.parametrize(("role", "button"), [(Role.VIEWER, "Look"), (Role.OPERATOR, "Choose")])
def test_nobody_is_offered_what_he_may_not_do(
    person: People, heard: Flow, token: Tokens, role: Role, button: str
) -> None:
    heard.accept(brief_id="a", choose="manual")
    heard.until("a", "choosing")
    visitor = person(token(role))
    assert f'href="/gallery">{button}</a>' in visitor.get("/").text
    assert ("chooses and goes on" in visitor.get("/gallery").text) == (role is Role.OPERATOR)


def test_the_last_hours_are_counted_by_the_ledger(person: People, heard: Flow) -> None:
    heard.accept(brief_id="a")
    heard.finish("a")
    heard.accept(brief_id="b", choose="manual")
    shown = person().get("/").text
    assert "1 finished in the last hour" in shown
    assert "1 open now" in shown
    assert "queued" not in shown


def test_what_no_worker_has_taken_is_counted(person: People, flow: Flow) -> None:
    flow.client.delete(keys.WORKERS())
    flow.broker.enqueue(inlet_message(brief(brief_id="a")))
    shown = person().get("/").text
    assert "1 more is queued that no worker has taken yet." in shown
    assert "No worker runs." in shown


@pytest.fixture
def dead(flow: Flow) -> list[str]:
    """Briefs whose id another one has: each is a dead letter, whose id is returned."""
    flow.accept(brief_id="a")
    for text in ("<b>one</b>", "two", "three"):
        flow.broker.enqueue_briefs([json.dumps(brief(brief_id="a", metadata={"of": text}))])
        flow.steps.run(keys.INLET)
    return left(flow)


def left(flow: Flow) -> list[str]:
    return [each for _, each in dead_letters.ids(flow.client)]


def test_each_dead_letter_has_a_line_with_its_reason_and_buttons(
    person: People, flow: Flow, dead: list[str], token: Tokens
) -> None:
    text = person(token()).get("/").text
    shown = " ".join(html.unescape(text).split())
    assert "<b>one</b>" not in text
    for each in dead:
        assert f"The message {each} of the queue briefs could not be run:" in shown
    assert (text.count("Run it again"), text.count('hx-confirm="Throw')) == (len(dead), len(dead))
    looks = person(token(Role.VIEWER, name="cleo")).get("/").text
    assert ("could not be run" in looks, "Run it again" in looks) == (True, False)


def test_a_dead_letter_is_thrown_away_once_and_logged(
    person: People, flow: Flow, dead: list[str], token: Tokens
) -> None:
    anna = person(token())
    assert anna.send("/overview/act", what="drop", dead_letter=dead[0], why="spam").status_code == 303
    assert left(flow) == dead[1:]
    assert anna.send("/overview/act", what="drop", dead_letter=dead[0]).status_code == 404
    (action,) = actions.actions(flow.client)
    said = {"what": "cancel", "by": "anna by the page", "why": "spam", "dead_letter": dead[0]}
    assert said.items() <= action.items()


def test_a_dead_letter_is_run_again_and_logged(
    person: People, flow: Flow, dead: list[str], token: Tokens
) -> None:
    anna = person(token())
    assert anna.send("/overview/act", what="revive", dead_letter=dead[0]).status_code == 303
    assert (left(flow), flow.client.llen(keys.QUEUE(keys.INLET))) == (dead[1:], 1)
    assert anna.send("/overview/act", what="revive", dead_letter=dead[0]).status_code == 404
    assert [each["what"] for each in actions.actions(flow.client)] == ["retry"]


def test_of_many_dead_letters_some_are_shown_and_the_others_counted(
    person: People, flow: Flow, dead: list[str], token: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "MOST_DEAD_LETTERS", 1)
    shown = person(token()).get("/").text
    assert shown.count("Run it again") == 1
    assert "2 more messages of the queues could not be run." in shown


def test_however_many_look_dead_letters_are_read_once_until_one_is_answered(
    person: People, flow: Flow, dead: list[str], token: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    oldest = dead_letters.oldest

    def counted(*given: Any) -> list[dead_letters.DeadLetter]:
        read.append(1)
        return oldest(*given)

    monkeypatch.setattr(overview, "_DEAD_LETTERS", Recent(DEADLINE))
    monkeypatch.setattr(dead_letters, "oldest", counted)
    anna = person(token())
    for _ in range(3):
        assert dead[0] in anna.get("/").text
    assert len(read) == 1
    anna.send("/overview/act", what="drop", dead_letter=dead[0])
    assert dead[0] not in anna.get("/").text
    assert dead_letters.drop(flow.client, dead_letters.find(flow.client, dead[1]))
    assert anna.send("/overview/act", what="drop", dead_letter=dead[1]).status_code == 404
    assert dead[1] not in anna.get("/").text, "which somebody else has answered"


@pytest.mark.parametrize("what", ["revive", "drop"])
def test_only_whoever_operates_all_accounts_answers_a_dead_letter(
    person: People, flow: Flow, dead: list[str], token: Tokens, what: str
) -> None:
    viewer = person(token(Role.VIEWER))
    assert viewer.send("/overview/act", what=what, dead_letter=dead[0]).status_code == 403
    other = person(token(name="bea", accounts=("default",)))
    assert "could not be run" not in other.get("/").text
    assert other.send("/overview/act", what=what, dead_letter=dead[0]).status_code == 404
    assert left(flow) == dead
