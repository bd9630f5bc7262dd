"""The one slot of a cluster in which a namespace is: how its node is found, and followed when it changes."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from pydantic import SecretStr
from structlog.testing import capture_logs
from support import outlasting

from actors.broker import commands
from actors.broker.broker import Broker
from actors.broker.library import broker_library
from config import keys
from config.accounts.account import Account
from config.accounts.names import DEFAULT
from config.redis_url import RedisUrlError
from config.settings import Settings
from tests.servers.cluster import Cluster, cluster, slot_of
from tests.servers.server import until
from tests.servers.smallest_user import let_in
from worker.ledger.ledger import Ledger
from worker.lifecycle import acceptance
from worker.store import startup
from worker.store.connection import connect, connect_async, connect_bytes
from worker.store.functions import Functions
from worker.store.outages import is_elsewhere, is_outage
from worker.store.remedies import is_lasting, remedy
from worker.store.startup import check
from worker.views import snapshots

STUDIO = "{studio}:"
KEY = "{studio}:a"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three primaries with a replica each."""
    with cluster(tmp_path_factory.mktemp("cluster"), password="pw") as nodes:
        yield nodes


def url(nodes: Cluster) -> str:
    return nodes.url.replace("://", "://:pw@")


@pytest.mark.parametrize("open_client", [connect, connect_bytes])
def test_all_commands_of_a_namespace_reach_the_node_of_its_slot(nodes: Cluster, open_client: Any) -> None:
    with open_client(url(nodes), namespace=STUDIO) as client:
        assert client.set("a", "1")
        with client.pipeline(transaction=True) as pipe:
            pipe.rpush("list", "x").lrange("list", 0, -1)
            assert pipe.execute()[1] in (["x"], [b"x"])
        assert client.blpop(["list"], timeout=1)
    assert nodes.owner(KEY).client.get(KEY) == "1"


def test_a_process_that_begins_says_which_node_it_uses(
    nodes: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_WORKER_NAMESPACE", "{studio}")
    monkeypatch.setattr(startup, "settings", Settings)  # the process has read its own before
    with capture_logs() as logs:
        check(url(nodes))
    (told,) = (each for each in logs if each["event"] == "redis.using")
    assert told["namespace"] == STUDIO
    assert told["found"] == f"the node of slot {slot_of(KEY)}, {nodes.owner(KEY).address}"
    assert "pw" not in told["at"]


def test_the_smallest_user_is_enough_in_a_cluster(nodes: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_WORKER_NAMESPACE", "{studio}")
    monkeypatch.setattr(startup, "settings", Settings)
    for each in nodes.nodes:
        let_in(each, "worker", STUDIO)
    check(nodes.url.replace("://", "://worker:pw@"), patience=0)
    assert [each.client.execute_command("ACL", "LOG") for each in nodes.nodes] == [[]] * len(nodes.nodes)


def test_a_user_without_the_right_to_ask_is_told_of_it(nodes: Cluster) -> None:
    for each in nodes.nodes:
        let_in(each, "blind", STUDIO)
        each.client.execute_command("ACL", "SETUSER", "blind", "-cluster|slots")
    with (
        connect(nodes.url.replace("://", "://blind:pw@"), STUDIO) as client,
        pytest.raises(redis.ConnectionError, match="is not known") as error,
    ):
        client.ping()
    assert "+cluster|slots" in remedy(error.value)
    assert is_lasting(error.value)


def test_any_node_tells_where_the_slot_is(nodes: Cluster) -> None:
    other = next(each for each in nodes.nodes if each is not nodes.owner(KEY))
    with connect(f"redis+cluster://:pw@127.0.0.1:1,{other.address}", STUDIO) as client:
        assert client.set("a", "1")


def test_a_brief_is_accepted_and_queued_in_the_slot_of_its_namespace(
    nodes: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_WORKER_NAMESPACE", STUDIO)
    monkeypatch.setattr(startup, "settings", Settings)
    startup.check(url(nodes), patience=0)
    accounts = {DEFAULT: Account(name=DEFAULT, token=SecretStr("t"))}
    with connect(url(nodes)) as client:
        ledger = Ledger(client, Settings())
        ledger.configure(accounts.values())
        given = {"brief_id": "b", "instructions": [{"prompt": "A face."}]}
        acceptance.accept(ledger, accounts, Settings(), acceptance.Message(json.dumps(given), "m"))
        assert snapshots.brief(client, "b") is not None
        broker = Broker(url(nodes))
        assert broker.fetch(keys.STEPS, 9)
        broker.enqueue_briefs(["{}"])
        assert len(broker.fetch(keys.INLET, 9)) == 1
        broker.client.close()


@pytest.mark.parametrize("namespace", ["", "studio:", "{}:", "a{"])
def test_a_namespace_of_many_slots_is_refused_with_what_to_set(namespace: str) -> None:
    with pytest.raises(RedisUrlError, match=r"IDENTITY_WORKER_NAMESPACE .* \{studio\}"):
        connect("redis+cluster://h", namespace)


def test_a_server_without_cluster_mode_is_not_taken_for_a_node(redis_url: str) -> None:
    address = redis_url.replace("redis://", "redis+cluster://")
    with (
        connect(address, STUDIO) as client,
        pytest.raises(redis.ConnectionError, match="without cluster mode"),
    ):
        client.ping()


def test_a_client_goes_on_with_the_next_owner_of_its_slot(nodes: Cluster) -> None:
    with connect(url(nodes), STUDIO) as client:
        client.set("a", "1")
        old = nodes.owner(KEY)
        old.kill()
        errors = outlasting(lambda: client.set("a", "2"))
        assert [error for error in errors if not is_outage(error)] == []
        until(lambda: nodes.owner(KEY).client.get(KEY) == "2")
    old.start()
    found: list[str] = []

    async def read() -> None:
        other = connect_async(url(nodes), namespace=STUDIO)
        try:
            found.append(await other.get("a"))
        finally:
            await other.aclose()

    # A node that comes back takes the cluster for down until it has heard of the others.
    errors = outlasting(lambda: asyncio.run(read()))
    assert [error for error in errors if not is_outage(error)] == []
    assert found == ["2"]


def test_a_slot_that_moves_is_followed_and_its_refusals_are_outages(nodes: Cluster) -> None:
    until(nodes.is_whole)
    to = next(each for each in nodes.nodes if each.role() == "master" and each is not nodes.owner(KEY))
    with connect(url(nodes), STUDIO) as client:
        client.set("a", "1")
        client.set("b", "1")
        refused = []
        functions = Functions(client, broker_library())
        for _ in nodes.moving(KEY, to):
            # With some keys here and some there, a function would stop half done: none begins.
            with pytest.raises(redis.RedisError) as not_begun:
                functions.run(commands.fetch("worker", "steps", 1))
            assert is_elsewhere(not_begun.value)
            for key in ("a", "b"):
                try:
                    assert client.get(key) == "1"
                except redis.RedisError as error:
                    refused.append(error)
        assert refused
        assert [error for error in refused if not is_elsewhere(error)] == []
        outlasting(lambda: client.pipeline().set("a", "2").set("b", "2").execute())
        outlasting(lambda: functions.run(commands.fetch("worker", "steps", 1)))
        assert to.client.get(KEY) == "2"
