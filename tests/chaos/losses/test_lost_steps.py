"""A preparation, a choice and an event have their effect once, though a step or its answer is lost."""

from pathlib import Path
from typing import Any

import pytest
import redis
from processes import ProcessFactory
from records_seen import state
from stepping import Flow, enqueue, listening
from support import DEADLINE, event_types, eventually

from actors.runtime import runtime
from config import keys
from tests.chaos.harness.cutting import Cutting
from worker.ledger.ledger import Ledger
from worker.ledger.transition import Answer, Note
from worker.lifecycle.preparing import MOST_FAILURES
from worker.views import snapshots

pytestmark = pytest.mark.impatient

ACCOUNT = "default"
SUBJECT = "brief:b"


@pytest.fixture
def environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "references"
    folder.mkdir()
    (folder / "ada.png").write_bytes(b"\x89PNG\r\n\x1a\n a face")
    return {**environment, "IDENTITY_WORKER_REFERENCE_DIR": str(folder)}


@pytest.mark.parametrize("end", ["failed", "held"])
@pytest.mark.parametrize("overtaken", [False, True])
def test_only_the_run_that_was_not_overtaken_ends_a_preparation(
    flow: Flow, monkeypatch: pytest.MonkeyPatch, end: str, overtaken: bool
) -> None:
    # Neither call is answered. The upload was the last try; nobody knows whether the other was paid.
    if end == "held":
        flow.accept(brief_id="b", instructions=None, reference_image="ada.png")
        flow.steps.run()
        call = "extract"
        flow.api.fault("drop_response", path="/preset/extract-from-image")
    else:
        asset = {"file": "ada.png"}
        flow.accept(brief_id="b", instructions=[{"prompt": "A face.", "input_assets": [asset]}])
        flow.client.hset(keys.RECORD(SUBJECT), "tries", MOST_FAILURES - 1)
        call = "upload"
        flow.api.fault("drop_response", path="/upload")
    turn = int(flow.brief("b").get("turn") or 0) + 1
    api = runtime().apis[ACCOUNT]
    make_the_call = getattr(api, call)

    def overtake(*arguments: Any, **more: Any) -> Any:
        note = Note(when={"turn": str(turn)}, fields={"turn": str(turn + 1)})
        assert flow.ledger.note(flow.brief("b"), note) is Answer.APPLIED
        return make_the_call(*arguments, **more)

    if overtaken:
        monkeypatch.setattr(api, call, overtake)
    flow.steps.run()
    assert not flow.api.sandbox.faults()
    assert flow.brief("b").state == ("preparing" if overtaken else end)
    assert flow.brief("b").get("turn") == str(turn + overtaken)
    outcomes = [entry for entry in snapshots.journal(flow.client, "b") if entry["what"] != "intended"]
    assert [entry.get("late", False) for entry in outcomes] == ([overtaken] if end == "held" else [])


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_drafts_and_their_choice_are_on_record_exactly_once(
    client: "redis.Redis",
    ledger: Ledger,
    proxy: Cutting,
    redis_url: str,
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
    lost: str,
) -> None:
    worker_process(REDIS_URL=proxy.url)
    listener_process()
    cut = proxy.cut_request if lost == "request" else proxy.cut_answer
    cut("FCALL", '"promotions"')
    enqueue(redis_url, brief_id="b")
    assert proxy.done.wait(DEADLINE)
    assert eventually(client, lambda: state(ledger, SUBJECT) == "done")
    assert event_types(client).count("identity.drafts.ready") == 1
    calls = [f"{entry['call']} {entry['what']}" for entry in snapshots.journal(client, "b")]
    assert calls == [
        "create intended",
        "create accepted",
        "create charged",
        "promote intended",
        "promote accepted",
    ]


def test_a_brief_goes_on_when_what_waits_has_nothing_to_pick(flow: Flow) -> None:
    instructions = [{"prompt": "A face.", "num_variations": 1}] * 2
    flow.accept(brief_id="b", instructions=instructions, choose=["manual", "first"])
    flow.steps.run()
    flow.api.rest()
    (job,) = flow.api.ledger()["jobs"]
    first, second = (draft["image_result_id"] for draft in job["drafts"])
    rows = [
        {"image_result_id": first, "image_index": 0, "status": "failed"},
        {"image_result_id": second, "image_index": 1, "status": "completed"},
    ]
    flow.api.refuse("/jobs/*/results", 200, {"status": "completed", "results": rows})
    flow.wake_timer(SUBJECT)
    assert flow.steps.run() == ("collect_drafts", SUBJECT)
    assert flow.brief("b").state == "promoting"
    assert flow.promotion("b").get("instruction") == "1"


def test_an_event_that_cannot_be_deleted_keeps_no_other_from_it(
    flow: Flow, redis_url: str, client: "redis.Redis"
) -> None:
    flow.api.refuse("/notifications/stuck", 500, count=1_000)
    client.zadd(keys.HANDLED(ACCOUNT), {"stuck": 1, "2": 2, "3": 3})
    client.expire(keys.HANDLED(ACCOUNT), 600)
    with listening(flow.settings, flow.api, redis_url):
        assert eventually(client, lambda: client.zrange(keys.HANDLED(ACCOUNT), 0, -1) == ["stuck"])
