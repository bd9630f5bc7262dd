"""A worker that is killed while it imports a portrait leaves one identity, made by one call."""

from own_account import Api
from processes import ProcessFactory
from stepping import enqueue
from support import eventually

from config import keys
from worker.ledger.ledger import Ledger
from worker.operations import audit
from worker.views import snapshots

PATH = "/identity/upload"
PATIENT = {"IDENTITY_WORKER_REQUEST_TIMEOUT": "60"}


def test_a_worker_killed_in_the_call_leaves_one_identity(
    worker_process: ProcessFactory,
    listener_process: ProcessFactory,
    redis_url: str,
    ledger: Ledger,
    api: Api,
) -> None:
    api.hold(PATH, when="after")
    worker = worker_process(**PATIENT)
    listener_process()
    asked = {"instructions": None, "reference_image": "ada.jpg", "name": "Ada", "kind": "import"}
    enqueue(redis_url, brief_id="ada", **asked)
    promotion = keys.RECORD("promotion:ada#0")
    eventually(ledger.client, lambda: api.ledger()["identities"])
    assert ledger.client.hget(promotion, "state") == "promoting"
    worker.kill()
    worker_process()
    # Whoever began the call can no longer record its end.
    ledger.client.hincrby(promotion, "moved_at", -600_000)
    ledger.client.zadd(keys.TIMERS(), {"promotion:ada#0": 1})
    ledger.client.lpush(keys.ALARM(), "1")
    eventually(ledger.client, lambda: ledger.client.hget(keys.RECORD("brief:ada"), "state") == "done")
    (identity,) = api.ledger()["identities"]
    assert identity["name"] == "Ada"
    calls = [entry["what"] for entry in snapshots.journal(ledger.client, "ada")]
    assert calls == ["intended", "unknown", "intended", "already imported"]
    audited = audit.read(ledger.client, "ada")
    assert audited is not None
    assert list(audit.faults(audited)) == []
