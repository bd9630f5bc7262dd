"""Installations that share a server: each touches and sees the keys of its own namespace alone."""

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from commandline import Command
from dramatiq.brokers.redis import RedisBroker
from stepping import Flow, inlet_message
from support import brief, events

from actors.broker import dead_letters, inspection
from actors.broker.broker import Broker
from config import keys
from worker.operations import audit
from worker.operations.doctor import Health
from worker.store.connection import connect, connect_bytes
from worker.views import counts, snapshots

STUDIO, OTHER = "{studio}:", "other:"
VARIABLE = "IDENTITY_WORKER_NAMESPACE"


@pytest.fixture(autouse=True)
def studio(valkey_url: str, broker: Broker) -> Iterator[None]:
    """Give the installation a namespace."""
    with pytest.MonkeyPatch.context() as own:
        own.setenv(VARIABLE, STUDIO)
        broker.open(valkey_url)
        yield
    broker.open(valkey_url)


@pytest.fixture
def plain(valkey_url: str) -> Iterator["redis.Redis"]:
    """Return a client that sees the keys of the server as they are, and leaves none behind."""
    with redis.Redis.from_url(valkey_url, decode_responses=True) as client:
        yield client
        client.flushall()


@pytest.fixture
def redis_url(redis_url: str, plain: "redis.Redis", broker: Broker) -> Iterator[str]:
    """Return the URL of a user whom the server refuses every key outside of the namespace."""
    plain.execute_command(
        "ACL", "SETUSER", "studio", "reset", "on", ">pw", "resetkeys", f"~{STUDIO}*", "+@all"
    )
    url = redis_url.replace("redis://", "redis://studio:pw@")
    broker.open(url)
    yield url
    plain.execute_command("ACL", "DELUSER", "studio")


def test_flow_and_commands_keep_to_the_keys_of_the_namespace(
    heard: Flow, plain: "redis.Redis", command: Command, environment: dict[str, str], redis_url: str
) -> None:
    with connect_bytes(redis_url, "") as raw:
        outside = RedisBroker(client=raw, namespace=f"{STUDIO}dramatiq")
        outside.enqueue(inlet_message(brief(brief_id="b", batch="spring", choose="manual")))
    heard.steps.run(keys.INLET)
    drafts = heard.until("b", "choosing").json("drafts")

    def told(*words: str) -> "subprocess.CompletedProcess[str]":
        answer = command(*words, **environment, **{VARIABLE: STUDIO})
        assert answer.returncode == 0, answer.stderr
        return answer

    told("pick", "b", str(drafts[0]["image_result_id"]))
    heard.finish("b")
    heard.client.rpush(keys.QUEUE(keys.INLET), "[1]")
    heard.accept(brief_id="c")
    for words in (
        *(
            "status b",
            "why c",
            "events",
            "audit",
            "accounts",
            "pause --account default",
            "update c --priority 7",
        ),
        *("export --batch spring --to out", "cancel c"),
    ):
        told(*words.split())
    assert f", namespace {STUDIO}" in command("doctor", **environment, **{VARIABLE: STUDIO}).stdout
    names = list(plain.scan_iter(count=1_000))
    assert len(names) > 20
    assert [name for name in names if not name.startswith(STUDIO)] == []
    assert any(name.startswith(f"{STUDIO}dramatiq:") for name in names)


def test_two_namespaces_on_one_server_do_not_see_each_other(
    flow: Flow, valkey_url: str, plain: "redis.Redis", command: Command, environment: dict[str, str]
) -> None:
    flow.client.rpush(keys.QUEUE(keys.INLET), "[1]")
    flow.accept(brief_id="b", batch="spring")
    assert dead_letters.ids(flow.client)
    flow.client.hset(keys.MESSAGES(keys.INLET), "lost", "{}")
    with connect(valkey_url, OTHER) as other:
        assert snapshots.briefs(other) == []
        assert (events(other), dead_letters.ids(other), list(audit.ids(other, None))) == ([], [], [])
        assert counts.counts(other).on_record == 0
        assert {check.health for check in inspection.queues(other)} == {Health.OK}
        assert list(other.scan_iter()) == [keys.LIBRARIES()], "what doctor's own look has left"
    assert Health.FAIL in {check.health for check in inspection.queues(flow.client)}
    url: dict[str, Any] = {**environment, "REDIS_URL": valkey_url, VARIABLE: OTHER}
    assert "b" not in command("status", **url).stdout.split()
    assert command("why", "b", **url).returncode == 1
