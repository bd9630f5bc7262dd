"""What stops the preparation of a brief: refused files, paused accounts, answers that are lost."""

from pathlib import Path
from typing import Any

import pytest
from own_account import Api
from photo_briefs import accept_photo
from stepping import Flow
from support import event_types, events

from config import durations, keys
from worker.ledger.transition import Answer, Completion, Note, Pause, Transition
from worker.lifecycle.preparing import MOST_FAILURES
from worker.views import snapshots

UPLOAD = "POST /upload"
EXTRACT = "POST /preset/extract-from-image"


@pytest.mark.parametrize("place", ["gone.jpg", "moods", "text.jpg", "out.jpg"])
def test_a_file_that_may_not_be_read_fails_with_the_reason(
    flow: Flow, api: Api, folder: Path, tmp_path: Path, place: str
) -> None:
    (folder / "text.jpg").write_text("no picture")
    (tmp_path / "secret.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    brief_id = flow.accept(instructions=None, reference_image=place)
    assert place in flow.finish(brief_id).fields["error"]
    assert event_types(flow.client, brief_id) == ["identity.brief.accepted", "identity.brief.failed"]
    assert api.requests(UPLOAD) == 0
    assert flow.client.hgetall(keys.SLOTS("default")) == {}


@pytest.mark.parametrize("status", [400, 403, 413, 415])
def test_a_file_that_the_api_refuses_fails_the_brief(flow: Flow, api: Api, status: int) -> None:
    api.refuse("/upload", status, {"error": "not this one"})
    assert "not this one" in flow.finish(accept_photo(flow)).fields["error"]
    assert api.requests(UPLOAD) == 1


@pytest.mark.parametrize("status", [500, 403, 404])
def test_a_failed_upload_is_tried_again_with_a_new_place(heard: Flow, api: Api, status: int) -> None:
    path = "/upload" if status == 500 else "/storage/*"
    api.sandbox.faults(kind="status", path=path, status=status)
    assert heard.finish(accept_photo(heard)).state == "done"
    assert api.requests(UPLOAD) == 2


def test_after_the_last_try_the_brief_fails_with_what_went_wrong(flow: Flow, api: Api) -> None:
    api.sandbox.faults(kind="status", path="/storage/*", status=500, count=None)
    brief_id = accept_photo(flow)
    for tries in range(1, MOST_FAILURES):
        flow.steps.until(lambda tries=tries: flow.brief(brief_id).get("tries") == str(tries))
        flow.wake_timer(f"brief:{brief_id}")
    assert f"tried {MOST_FAILURES} times" in flow.finish(brief_id).fields["error"]
    assert api.requests(UPLOAD) == MOST_FAILURES


@pytest.mark.parametrize("path", ["/upload", "/preset/extract-from-image"])
@pytest.mark.parametrize(
    ("status", "what"), [(401, "pause"), (402, "create"), (503, "create"), (429, "prepare")]
)
def test_what_is_the_accounts_matter_pauses_it_and_the_brief_waits(
    heard: Flow, api: Api, path: str, status: int, what: str
) -> None:
    api.refuse(path, status, {"error": "for now", "required_credits": 5}, count=1)
    brief_id = accept_photo(heard)
    account = keys.RECORD("account:default")
    heard.steps.until(lambda: heard.client.hexists(account, f"{what}_until"))
    assert "for now" in str(heard.client.hget(account, f"{what}_reason"))
    assert heard.finish(brief_id).state == "done"
    assert api.ledger()["credits"]["charged"]["extraction"] == 5
    assert not heard.client.hexists(account, f"{what}_count"), "a call that came through ends a pause"


@pytest.mark.parametrize("paused", ["pause", "create", "prepare"])
def test_no_call_is_made_while_the_account_is_paused(flow: Flow, api: Api, paused: str) -> None:
    flow.client.hset(keys.RECORD("account:default"), f"{paused}_until", "9" * 13)
    brief_id = accept_photo(flow)
    assert flow.steps.run() == ("prepare_brief", f"brief:{brief_id}")
    assert api.requests(UPLOAD) == 0
    assert flow.client.zscore(keys.TIMERS(), f"brief:{brief_id}") == int("9" * 13)


def test_a_brief_sleeping_on_a_pause_goes_on_when_its_account_does(flow: Flow, api: Api) -> None:
    flow.client.hset(
        keys.RECORD("account:default"), mapping={"create_until": "9" * 13, "create_reason": "why"}
    )
    brief_id = accept_photo(flow)
    flow.steps.run()
    assert flow.client.zrange(keys.WAITING("default", "prepare"), 0, -1) == [f"brief:{brief_id}"]
    assert flow.ledger.resume("default", by="me") == {"create": "why"}
    assert not flow.client.exists(keys.WAITING("default", "prepare"))
    due: Any = flow.client.zscore(keys.TIMERS(), f"brief:{brief_id}")
    assert due <= flow.ledger.now() + durations.STEP_AGAIN_MS, "should its step be lost"
    assert flow.steps.run() == ("prepare_brief", f"brief:{brief_id}")
    assert api.requests(UPLOAD) == 1


def test_a_brief_whose_call_was_refused_goes_on_with_its_account(flow: Flow, api: Api) -> None:
    api.refuse("/upload", 402, {"error": "no credits", "required_credits": 5})
    brief_id = accept_photo(flow)
    flow.steps.run()
    assert list(flow.ledger.resume("default", by="me")) == ["create"]
    assert flow.steps.run() == ("prepare_brief", f"brief:{brief_id}")
    assert api.requests(UPLOAD) == 2


def test_a_brief_whose_pause_has_ended_by_itself_sleeps_no_more(flow: Flow, api: Api) -> None:
    account = keys.RECORD("account:default")
    flow.client.hset(account, "create_until", "9" * 13)
    brief_id = accept_photo(flow)
    flow.steps.run()
    flow.client.hdel(account, "create_until")
    flow.wake_timer(f"brief:{brief_id}")
    flow.steps.run()
    assert api.requests(UPLOAD) == 1
    assert not flow.client.exists(keys.WAITING("default", "prepare"))


def test_a_wake_is_no_sign_that_its_account_may_go_on(flow: Flow) -> None:
    account = keys.RECORD("account:default")
    brief = flow.brief(accept_photo(flow))
    assert flow.ledger.note(brief, Note()) is Answer.APPLIED
    flow.client.hset(account, mapping={"pause_until": "1", "pause_count": "3"})
    assert flow.ledger.note(brief, Note(again=True)) is Answer.APPLIED
    assert flow.client.hget(account, "pause_count") == "3"


def test_what_a_refused_description_takes_back_from_creates_serves_a_promotion(flow: Flow) -> None:
    flow.accept(brief_id="p")
    for state in ("submitting", "generating", "choosing"):
        assert (
            flow.ledger.apply(flow.brief("p"), Transition(state, completion=Completion.COUNTED))
            is Answer.APPLIED
        )
    flow.ledger.set_limits("default", {"jobs": "1"}, by="test")
    flow.accept(brief_id="c")
    assert flow.ledger.plan("p", [{"instruction": "0", "candidates": "[]", "tried": "0"}]) is Answer.APPLIED
    assert flow.client.zrange(keys.PERMITS("default"), 0, -1) == ["brief:c"]
    preparation = flow.brief(accept_photo(flow))
    assert (
        flow.ledger.note(preparation, Note(when={}, pause=Pause("create", 60_000, "402"))) is Answer.APPLIED
    )
    assert flow.client.zrange(keys.PERMITS("default"), 0, -1) == ["promotion:p#0"]


def test_a_brief_that_leaves_preparation_while_it_sleeps_sleeps_no_more(flow: Flow) -> None:
    flow.client.hset(keys.RECORD("account:default"), "create_until", "9" * 13)
    brief_id = accept_photo(flow)
    flow.steps.run()
    assert flow.ledger.apply(flow.brief(brief_id), Transition("failed")) is Answer.APPLIED
    assert not flow.client.exists(keys.WAITING("default", "prepare"))


def test_an_extraction_whose_answer_is_lost_is_held_and_not_repeated(flow: Flow, api: Api) -> None:
    api.fault("drop_response", path="/preset/extract-from-image")
    brief_id = accept_photo(flow)
    brief = flow.until(brief_id, "held")
    assert "may or may not" in brief.fields["question"]
    assert events(flow.client, brief_id)[-1]["data"]["question"] == brief.fields["question"]
    flow.wake_timer(f"brief:{brief_id}")
    assert api.requests(EXTRACT) == 1
    assert flow.calls(brief_id) == ["extract intended", "extract OutcomeUnknown"]


def test_once_answered_a_held_brief_is_prepared_to_the_end(flow: Flow, api: Api) -> None:
    api.fault("drop_response", path="/preset/extract-from-image")
    brief_id = accept_photo(flow)
    held = flow.until(brief_id, "held")
    assert flow.ledger.apply(held, Transition("preparing", timer_ms=1, forget=["question"])) is Answer.APPLIED
    flow.wake_timer(f"brief:{brief_id}")
    flow.until(brief_id, "generating")
    assert [entry.get("attempt") for entry in snapshots.journal(flow.client, brief_id)[:4]] == [1, 1, 2, 2]
    assert api.requests(UPLOAD) == 1


def test_a_photo_in_which_the_api_saw_nothing_fails_the_brief(flow: Flow, api: Api) -> None:
    api.refuse(
        "/preset/extract-from-image", 200, {"instruction_data": {"outfit": {"top": "red"}, "hair": {}}}
    )
    assert "saw nothing" in flow.finish(accept_photo(flow)).fields["error"]


def test_of_two_runs_at_once_one_makes_the_call(flow: Flow, api: Api) -> None:
    brief_id = accept_photo(flow)
    before = flow.brief(brief_id)
    assert flow.ledger.note(before, Note(when={"turn": ""}, fields={"turn": "1"})) is Answer.APPLIED
    assert flow.ledger.note(before, Note(when={"turn": ""}, fields={"turn": "1"})) is Answer.CONFLICT
    assert flow.ledger.note(before, Note(when={"turn": "1", "doing": "upload"})) is Answer.CONFLICT


def test_a_note_of_a_record_that_has_moved_on_changes_nothing(flow: Flow) -> None:
    brief_id = accept_photo(flow)
    before = flow.brief(brief_id)
    assert flow.ledger.apply(flow.brief(brief_id), Transition("cancelled")) is Answer.APPLIED
    assert (
        flow.ledger.note(before, Note(when={}, fields={"x": "1"}, timer_ms=5, again=True)) is Answer.CONFLICT
    )
    assert flow.brief(brief_id).get("x") is None
