"""A worker that is killed while it uploads or describes repeats no paid call, nor do two at once."""

import pytest
from dramatiq import Message
from own_account import CREATE, LONG, Api
from processes import ProcessFactory
from stepping import enqueue, stock_broker
from support import eventually

from config import keys
from worker.ledger.ledger import Ledger
from worker.store.connection import connect_bytes
from worker.views import snapshots

UPLOAD = "POST /upload"
EXTRACT = "POST /preset/extract-from-image"
#: A worker that is killed in the middle of a call must not have given it up by itself before.
PATIENT = {"IDENTITY_WORKER_REQUEST_TIMEOUT": "60"}


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
    api.sandbox.faults(kind="delay", when="after", seconds=LONG, path="/storage/*", skip=1)
    worker = worker_process(**PATIENT)
    listener_process()
    assets = [{"file": "moods/one.png"}, {"file": "moods/two.webp"}]
    enqueue(redis_url, brief_id="moods", instructions=[{"prompt": "A face.", "input_assets": assets}])
    # Were it killed before the second file is sent, it would be the next worker's that is not answered.
    eventually(ledger.client, lambda: not api.sandbox.faults())
    first = read_files(ledger)
    assert list(first) == ["moods/one.png"]
    assert api.requests(UPLOAD) == 2
    worker.kill()
    worker_process()
    overdue(ledger, "brief:moods")
    eventually(ledger.client, lambda: state_of(ledger, "moods") == "done")
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
    api.hold("/preset/extract-from-image", when="after")
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
    api.hold(path)
    for start in (worker_process, worker_process, listener_process):
        start(**PATIENT)
    enqueue(redis_url, brief_id="ada", instructions=None, reference_image="ada.jpg")
    doing = "upload" if path == "/upload" else "extract"
    eventually(ledger.client, lambda: ledger.client.hget(keys.RECORD("brief:ada"), "doing") == doing)
    with connect_bytes(redis_url) as client:
        for _ in range(20):
            stock_broker(client).enqueue(prepare_message("brief:ada"))
    # All of them have come while the call was under way.
    eventually(ledger.client, lambda: ledger.client.hlen(keys.MESSAGES(keys.STEPS)) == 1)
    api.let_go()
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
