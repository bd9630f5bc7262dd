"""Row 1b: a brief's files are uploaded once each, its photo is described once, then it waits for permits."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from dramatiq import Message
from own_account import CREATE, Api
from processes import ProcessFactory
from scripted_server import HANGING, answer, serving
from stepping import Flow, enqueue, stock_broker
from support import DEADLINE, event_types, events, eventually

from actors.fetch_limits import may_fetch
from actors.runtime import runtime
from config import durations, keys
from sandbox.pictures.draw import draw
from worker.briefs.naming import job_name
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Answer, Completion, Note, Pause, Transition
from worker.lifecycle import preparing
from worker.lifecycle.preparing import MOST_FAILURES
from worker.store.connection import connect_bytes
from worker.views import snapshots

UPLOAD = "POST /upload"
EXTRACT = "POST /preset/extract-from-image"
LOOKS: dict[str, Any] = {"appearance": {"skin": "dark"}, "hair": {"color": "pink", "length": "long"}}
#: A worker that is killed in the middle of a call must not have given it up by itself before.
PATIENT = {"IDENTITY_WORKER_REQUEST_TIMEOUT": "60"}


@pytest.fixture(scope="session")
def photo() -> bytes:
    return draw({**LOOKS, "options": {"size": "1K", "ar": "1:1", "format": "jpg"}}, "s", 0)


@pytest.fixture
def folder(tmp_path: Path, photo: bytes) -> Path:
    """The installation's folder of reference images, with a photo and two moods."""
    path = tmp_path / "references"
    (path / "moods").mkdir(parents=True)
    (path / "ada.jpg").write_bytes(photo)
    (path / "moods" / "one.png").write_bytes(b"\x89PNG\r\n\x1a\n one")
    (path / "moods" / "two.webp").write_bytes(b"RIFF....WEBP two")
    return path


@pytest.fixture
def environment(environment: dict[str, str], folder: Path) -> dict[str, str]:
    return {**environment, "IDENTITY_WORKER_REFERENCE_DIR": str(folder)}


def accept_photo(flow: Flow, **fields: Any) -> str:
    return flow.accept(instructions=None, reference_image="ada.jpg", **fields)


def test_a_photo_is_uploaded_described_and_submitted(heard: Flow, api: Api) -> None:
    brief_id = accept_photo(heard, name="Ada")
    assert heard.brief(brief_id).state == "preparing"
    assert heard.client.zcard(keys.WAITING("default", "create")) == 0
    brief = heard.finish(brief_id)
    assert brief.state == "done"
    assert api.sent()["instructions"][0]["hair"] == LOOKS["hair"]
    assert heard.calls(brief_id)[:3] == ["extract intended", "extract accepted", "create intended"]
    assert (api.requests(UPLOAD), api.requests(EXTRACT)) == (1, 1)
    assert api.ledger()["violations"]["tokens_on_foreign_urls"] == 0
    assert event_types(heard.client, brief_id)[0] == "identity.brief.accepted"


def test_what_the_brief_says_itself_wins_over_what_the_photo_shows(flow: Flow, api: Api) -> None:
    own = {
        "hair": {"color": "black"},
        "face": {"eyes": "green"},
        "num_variations": 3,
        "options": {"ar": "1:1"},
    }
    brief_id = flow.accept(instructions=[own], reference_image="ada.jpg")
    assert flow.until(brief_id, "generating").get("job_id")
    (instruction,) = api.sent()["instructions"]
    assert instruction["hair"] == {"color": "black", "length": "long"}
    assert instruction["face"] == {"eyes": "green"}
    assert "skin" in instruction["appearance"]
    assert (instruction["num_variations"], instruction["options"]["ar"]) == (3, "1:1")


def names_sent(flow: Flow, api: Api, **fields: Any) -> str | None:
    """Accept a brief of a photo, run it until its create is sent; return the job's name."""
    flow.until(accept_photo(flow, **fields), "generating")
    return cast("str | None", api.sent().get("name"))


def test_an_identity_is_called_as_the_brief_says(flow: Flow, api: Api) -> None:
    assert names_sent(flow, api, name="Countess") == "Countess"


def test_without_a_name_the_photos_is_what_the_api_suggests(flow: Flow, api: Api) -> None:
    suggestion = {"instruction_data": LOOKS, "suggested_name": " Ada\n Lovelace\u202e "}
    api.fault(kind="status", path="/preset/extract-from-image", status=200, body=suggestion)
    assert names_sent(flow, api, name=None) == "Ada Lovelace"
    assert snapshots.briefs(flow.client)[0].name == "Ada Lovelace"


@pytest.mark.parametrize("suggested", [None, "", " \n", 7])
def test_where_the_api_suggests_nothing_it_is_called_as_the_photo(
    flow: Flow, api: Api, suggested: object
) -> None:
    said = {"instruction_data": LOOKS, "suggested_name": suggested}
    api.fault(kind="status", path="/preset/extract-from-image", status=200, body=said)
    assert names_sent(flow, api, name=None) == "ada"


def test_a_folder_of_photos_gives_identities_with_names_of_their_own(
    heard: Flow, api: Api, folder: Path
) -> None:
    for name in ("bo", "cleo"):
        # What stands behind a JPEG's end is not drawn, and makes it another photo.
        (folder / f"{name}.jpg").write_bytes((folder / "ada.jpg").read_bytes() + name.encode())
        heard.finish(heard.accept(instructions=None, reference_image=f"{name}.jpg", name=None))
    # The same photo again: the API numbers the name, which nobody has asked for.
    heard.finish(
        heard.accept(
            instructions=None, reference_image="bo.jpg", name=None, on_name_taken="fail", brief_id="two"
        )
    )
    first, second, again = (identity["name"] for identity in api.ledger()["identities"])
    assert first != second
    assert again == f"{first} 2"


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("folder/Ada Lovelace.jpeg", "Ada Lovelace"),
        ("https://a.example/x/%C3%A9t%C3%A9.png?token=secret#part", "été"),
        ("https://a.example/a%0Ab%00c.png", "a b c"),
        ("https://a.example/", None),
        ("模特.v2.png", "模特.v2"),
        ("x" * 500 + ".jpg", "x" * 200),
    ],
)
def test_a_photos_name_is_its_file_name_alone(place: str, name: str | None) -> None:
    assert job_name(None, place) == name


def test_each_file_is_uploaded_once_however_often_it_is_named(flow: Flow, api: Api) -> None:
    one, two, known = {"file": "moods/one.png"}, {"file": "moods/two.webp"}, {"file_id": "img_1"}
    prompted = [{"prompt": "A face.", "input_assets": assets} for assets in ([one, known], [two, one])]
    brief_id = flow.accept(instructions=prompted)
    flow.until(brief_id, "generating", "failed")
    assert api.requests(UPLOAD) == 2
    assert api.requests(EXTRACT) == 0
    files = flow.brief(brief_id).json("files")
    assert [
        instruction["input_assets"] for instruction in flow.brief(brief_id).json("body")["instructions"]
    ] == [
        [{"file_id": files["moods/one.png"]}, known],
        [{"file_id": files["moods/two.webp"]}, {"file_id": files["moods/one.png"]}],
    ]


def test_the_fingerprint_is_that_of_the_body_that_is_sent(flow: Flow) -> None:
    brief_id = accept_photo(flow)
    before = flow.brief(brief_id).fields["fingerprint"]
    after = flow.until(brief_id, "waiting", "submitting", "generating").fields
    assert after["fingerprint"] != before
    assert not {"doing", "turn", "tries"} & set(after)


def test_each_paid_call_is_journalled_with_attempt_time_and_request(heard: Flow) -> None:
    brief_id = accept_photo(heard)
    brief = heard.finish(brief_id)
    intents = [entry for entry in snapshots.journal(heard.client, brief_id) if entry["what"] == "intended"]
    assert [(entry["call"], entry["attempt"]) for entry in intents] == [
        ("extract", 1),
        ("create", 1),
        ("promote", 1),
    ]
    assert len({entry["fingerprint"] for entry in intents}) == 3
    assert intents[1]["fingerprint"] == brief.fields["fingerprint"]
    assert all(int(brief.fields["accepted_at"]) <= entry["at"] <= brief.read_at for entry in intents)


@pytest.fixture
def closed_network(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An installation that fetches from its own network, as this test's server is in one."""
    environment["IDENTITY_WORKER_REFERENCE_PRIVATE"] = "true"
    return environment


def test_a_photo_is_fetched_from_a_url(
    closed_network: dict[str, str], flow: Flow, api: Api, photo: bytes
) -> None:
    with serving(answer(302, headers={"Location": "/b.jpg"}), answer(200, photo)) as server:
        brief_id = flow.accept(instructions=None, reference_image=f"{server.url}/a.jpg?signature=secret")
        flow.until(brief_id, "generating")
    assert api.sent()["instructions"][0]["hair"] == LOOKS["hair"]


def test_without_a_place_to_fetch_a_brief_is_put_back_and_woken(
    closed_network: dict[str, str], flow: Flow, api: Api, photo: bytes
) -> None:
    rt = runtime()
    with serving(answer(200, photo)) as server:
        assert rt.fetches.acquire("brief:other", "127.0.0.1")
        brief_id = flow.accept(instructions=None, reference_image=f"{server.url}/a.jpg")
        flow.steps.run()
        assert (flow.brief(brief_id).state, server.seen) == ("preparing", [])
        assert flow.client.llen(keys.QUEUE(keys.STEPS)) == 0
        due: Any = flow.client.zscore(keys.TIMERS(), f"brief:{brief_id}")
        assert due - flow.ledger.now() <= durations.FETCH_LOOK_MS
        # The fetch of another host's picture ends, and with it the other one.
        rt.fetches.release("brief:other")
        with may_fetch(rt, replace(flow.brief(brief_id), subject="brief:x"), "https://a.example/") as ours:
            assert ours
        flow.until(brief_id, "generating")
    assert rt.fetches.acquire("brief:other", "127.0.0.1")


def test_a_host_that_never_answers_costs_a_brief_one_minute_only(
    closed_network: dict[str, str], flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "FETCH_SECONDS", 0.1)
    with serving(HANGING, HANGING) as server:
        brief_id = flow.accept(instructions=None, reference_image=f"{server.url}/a.jpg?signature=secret")
        flow.steps.run()
        lost = preparing.seconds_lost(flow.brief(brief_id))
        assert lost >= 0.1
        monkeypatch.setattr(durations, "FETCHES_MOST_SECONDS", lost + 0.01)
        flow.wake_timer(f"brief:{brief_id}")
        brief = flow.finish(brief_id)
    assert brief.state == "failed"
    assert brief.fields["error"].startswith("127.0.0.1: ReadTimeout (tried 2 times")


def test_photos_of_a_host_that_never_answers_leave_threads_to_other_briefs(
    flow: Flow, api: Api, redis_url: str, worker_process: ProcessFactory
) -> None:
    with serving(*[HANGING] * 9) as server:
        worker_process(IDENTITY_WORKER_REFERENCE_PRIVATE="true")  # with four threads
        for number in range(8):
            photo = f"{server.url}/{number}.jpg"
            enqueue(redis_url, brief_id=f"photo-{number}", instructions=None, reference_image=photo)
        assert eventually(flow.client, lambda: len(server.seen) == 1)
        enqueue(redis_url, brief_id="urgent", priority=100)
        assert eventually(flow.client, lambda: api.requests(f"POST {CREATE}") == 1, deadline=5)
        assert len(server.seen) == 1


def test_a_url_into_a_private_network_fails_before_anything_is_asked(flow: Flow, api: Api) -> None:
    brief_id = flow.accept(instructions=None, reference_image="https://127.0.0.1/a.jpg?signature=secret")
    brief = flow.finish(brief_id)
    assert brief.state == "failed"
    assert "private network" in brief.fields["error"]
    assert "secret" not in brief.fields["error"]
    assert api.requests(UPLOAD) == 0


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


def overdue(ledger: Ledger, subject: str) -> None:
    """Let the call that a record says is under way have been begun long ago, and wake its step."""
    ledger.client.hincrby(keys.RECORD(subject), "noted_at", -600_000)
    ledger.client.zadd(keys.TIMERS(), {subject: 1})
    ledger.client.lpush(keys.ALARM(), "1")


def test_a_worker_killed_after_an_upload_repeats_that_file_and_no_other(
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
    redis_url: str,
    ledger: Ledger,
    api: Api,
) -> None:
    """No more can hold: the API has no key for an upload, so one that is not on record is made again."""
    api.sandbox.faults(kind="delay", when="after", seconds=30, path="/storage/*", skip=1)
    worker = worker_process(**PATIENT)
    listener_process()
    assets = [{"file": "moods/one.png"}, {"file": "moods/two.webp"}]
    enqueue(redis_url, brief_id="moods", instructions=[{"prompt": "A face.", "input_assets": assets}])
    eventually(ledger.client, lambda: api.requests(UPLOAD) == 2)
    first = read_files(ledger)
    assert list(first) == ["moods/one.png"]
    worker.kill()
    worker_process()
    overdue(ledger, "brief:moods")
    eventually(ledger.client, lambda: state_of(ledger, "moods") == "done", deadline=2 * DEADLINE)
    assert read_files(ledger)["moods/one.png"] == first["moods/one.png"]
    assert api.requests(UPLOAD) == 3
    assert api.requests(f"POST {CREATE}") == 1


def test_a_worker_killed_during_the_extraction_leaves_a_question_and_one_charge(
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
    redis_url: str,
    ledger: Ledger,
    api: Api,
) -> None:
    api.fault("delay", when="after", seconds=30, path="/preset/extract-from-image")
    worker = worker_process(**PATIENT)
    listener_process()
    enqueue(redis_url, brief_id="ada", instructions=None, reference_image="ada.jpg")
    eventually(ledger.client, lambda: api.ledger()["credits"]["charged"].get("extraction"))
    worker.kill()
    worker_process()
    overdue(ledger, "brief:ada")
    eventually(ledger.client, lambda: state_of(ledger, "ada") == "held")
    assert [entry["what"] for entry in snapshots.journal(ledger.client, "ada")] == ["intended", "unknown"]
    assert api.ledger()["credits"]["charged"]["extraction"] == 5


@pytest.mark.parametrize("path", ["/upload", "/preset/extract-from-image"])
def test_two_workers_that_are_woken_at_once_make_each_call_once(
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
    redis_url: str,
    ledger: Ledger,
    api: Api,
    path: str,
) -> None:
    api.fault("delay", path=path, seconds=1)
    for start in (worker_process, worker_process, listener_process):
        start()
    enqueue(redis_url, brief_id="ada", instructions=None, reference_image="ada.jpg")
    doing = "upload" if path == "/upload" else "extract"
    eventually(ledger.client, lambda: ledger.client.hget(keys.RECORD("brief:ada"), "doing") == doing)
    with connect_bytes(redis_url) as client:
        for _ in range(20):
            stock_broker(client).enqueue(prepare_message("brief:ada"))
    eventually(ledger.client, lambda: state_of(ledger, "ada") == "done")
    assert (api.requests(UPLOAD), api.requests(EXTRACT)) == (1, 1)
    assert api.ledger()["credits"]["charged"]["extraction"] == 5


def prepare_message(subject: str) -> "Message[None]":
    return Message(queue_name=keys.STEPS, actor_name="prepare_brief", args=(subject,), kwargs={}, options={})


def state_of(ledger: Ledger, brief_id: str) -> str:
    record = ledger.read(f"brief:{brief_id}")
    return "" if record is None else record.state


def read_files(ledger: Ledger) -> dict[str, str]:
    record = ledger.read("brief:moods")
    assert record is not None
    return dict(record.json("files", {}))
