"""Attempts of paid calls on record: each once, by whom it was made, however late its end is told."""

import json
from typing import Any

import pytest
import redis
from create_attempts import accepted, bought, bought_once, overtaken
from support import stored

from config import durations, keys
from config.settings import Settings
from tests.chaos.harness.cutting import cutting
from worker.ledger import commands
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Answer, Completion, Note, Throttle, Transition
from worker.store.connection import connect
from worker.store.functions import Functions
from worker.views import account_reading, snapshots

ACCOUNT = "default"
HOUR = 3_600_000


def journalled(ledger: Ledger) -> list[tuple[str, bool]]:
    """The jobs in the journal, each with whether it came late."""
    return [(entry["job_id"], entry.get("late", False)) for entry in snapshots.journal(ledger.client, "b")]


@pytest.mark.parametrize("is_over", [False, True])
def test_a_second_success_is_late_in_the_journal_whatever_the_state(
    ledger: Ledger, settings: Settings, is_over: bool
) -> None:
    attempt = bought_once(ledger, settings, is_over=is_over)
    assert bought(ledger, attempt, "j2") is not Answer.APPLIED
    assert journalled(ledger) == [("j1", False), ("j2", True)]
    assert stored(ledger).get("job_id") == "j1"
    assert ledger.client.get(keys.JOB(ACCOUNT, "j2")) is None


@pytest.mark.parametrize("is_over", [False, True])
def test_what_is_recorded_twice_is_in_the_journal_once(
    ledger: Ledger, settings: Settings, is_over: bool
) -> None:
    attempt = bought_once(ledger, settings, is_over=is_over)
    assert bought(ledger, attempt, "j1") is not Answer.APPLIED
    assert journalled(ledger) == [("j1", False)]


def test_an_attempt_that_was_overtaken_moves_nothing(ledger: Ledger, settings: Settings) -> None:
    first, second = overtaken(ledger, settings)
    late = {"call": "create", "job_id": "none", "what": "Throttled"}
    throttle = Throttle("jobs", None, "429")
    refused = ledger.apply(
        first,
        Transition("waiting", completion=Completion.COUNTED, throttle=throttle, journal=late, paid=True),
    )
    assert refused is Answer.CONFLICT
    now = stored(ledger)
    assert (now.state, now.attempt) == ("submitting", second.attempt)
    assert account_reading.summary(ledger.client, ACCOUNT).pauses == {}
    assert ledger.client.zcount(keys.WINDOW(ACCOUNT, "create"), "+inf", "+inf") == 1
    assert bought(ledger, second, "j2") is Answer.APPLIED
    assert journalled(ledger) == [("none", True), ("j2", False)]


def test_the_late_success_of_an_overtaken_attempt_only_goes_on_record(
    ledger: Ledger, settings: Settings
) -> None:
    first, second = overtaken(ledger, settings)
    assert bought(ledger, first, "j1") is Answer.CONFLICT
    assert stored(ledger).state == "submitting"
    assert bought(ledger, second, "j2") is Answer.APPLIED
    assert bought(ledger, first, "j1") is Answer.CONFLICT
    assert stored(ledger).get("job_id") == "j2"
    assert ("j1", True) in journalled(ledger)


def test_the_description_of_an_overtaken_run_is_late_and_not_used(ledger: Ledger, settings: Settings) -> None:
    began = accepted(ledger, settings, instructions=None, reference_image="ada.png")
    for turn in ("1", "2"):
        assert ledger.note(began, Note(when={}, fields={"turn": turn})) is Answer.APPLIED
    late = ledger.note(
        began, Note(when={"turn": "1"}, fields={"extracted": "{}"}, journal={"call": "extract"}, paid=True)
    )
    assert late is Answer.CONFLICT
    assert [(entry["call"], entry["late"]) for entry in snapshots.journal(ledger.client, "b")] == [
        ("extract", True)
    ]
    assert stored(ledger).get("extracted") is None


def test_a_description_whose_recording_was_not_answered_is_in_the_journal_once(
    ledger: Ledger, settings: Settings, redis_url: str
) -> None:
    began = accepted(ledger, settings, instructions=None, reference_image="ada.png")
    ledger.note(began, Note(when={"turn": ""}, fields={"turn": "1", "doing": "extract"}))
    with cutting(redis_url) as proxy, connect(proxy.url) as client:
        proxy.cut_answer("FCALL", '"extracted"')
        recorded = Ledger(client, settings).note(
            began,
            Note(
                when={"turn": "1", "doing": "extract"},
                fields={"extracted": "{}"},
                forget=["doing"],
                journal={"call": "extract"},
                paid=True,
            ),
        )
    assert proxy.done.is_set()
    assert recorded is Answer.CONFLICT
    assert [entry["call"] for entry in snapshots.journal(ledger.client, "b")] == ["extract"]
    assert "late" not in snapshots.journal(ledger.client, "b")[0]


def test_an_hour_without_workers_leaves_one_message_for_each_record(
    client: "redis.Redis", ledger: Ledger, settings: Settings, functions: Functions
) -> None:
    briefs = ["a", "b", "c"]
    for brief_id in briefs:
        attempt = accepted(ledger, settings, brief_id)
        ledger.apply(attempt, Transition("submitting"))
        ledger.apply(
            attempt,
            Transition(
                "generating",
                completion=Completion.COUNTED,
                timer_ms=settings.api_ms(durations.LOOK_AGAIN_SECONDS),
            ),
        )
    client.delete(keys.QUEUE(keys.STEPS), keys.MESSAGES(keys.STEPS))
    began = ledger.now() + settings.api_ms(durations.LOOK_AGAIN_SECONDS)
    for later in range(0, HOUR, 10_000):
        functions.run(commands.due(most=100), began + later)
    waiting: Any = client.hvals(keys.MESSAGES(keys.STEPS))
    assert sorted(json.loads(text)["args"][0] for text in waiting) == [f"brief:{each}" for each in briefs]
    # Whoever is back takes it up, and the next hint is a new message.
    client.delete(keys.QUEUE(keys.STEPS), keys.MESSAGES(keys.STEPS))
    ledger.claim_step("brief:a")
    functions.run(commands.due(most=100), began + HOUR + 10_000)
    assert client.llen(keys.QUEUE(keys.STEPS)) == len(briefs)
