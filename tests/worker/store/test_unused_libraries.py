"""Function libraries that nobody uses any more are removed; those in use, and those of others, stay."""

import asyncio
import signal
import subprocess
import sys
from typing import Any

import pytest
import redis
from loaded_libraries import kept, loaded

from config import durations, keys
from worker.ledger import commands
from worker.store.connection import connect, connect_async
from worker.store.functions import AsyncFunctions, Functions
from worker.store.libraries import PREFIX, Library


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
def test_a_library_on_no_record_goes_after_its_hour(forgetful: "redis.Redis") -> None:
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
        assert theirs.run(commands.due(1)) == -1
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


def test_a_library_that_is_used_while_it_is_removed_stays_on_record(
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
