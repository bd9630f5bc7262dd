"""Clients of a namespace: each command is about its keys alone, and who uses one never sees what they are."""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from loaded_libraries import kept, loaded
from started_servers import refused, user

from actors.broker.library import broker_library
from config import durations, keys
from worker.ledger import commands
from worker.store import rights
from worker.store.connection import connect, connect_async, connect_bytes
from worker.store.findings import Level
from worker.store.functions import Functions
from worker.store.namespaces import UnknownCommandError, named
from worker.store.servers.clients import ShortAsyncClient, ShortClient
from worker.store.startup import examine

NAMES = ("studio:", "{studio}:")
ROOT = Path(__file__).parents[3]
#: What clients are called in the code, and what their methods send that is not called as they are.
CLIENTS = {"client", "pipe", "_client", "_redis", "connection", "redis"}
SENT = {
    "delete": ["DEL"],
    "zrange": ["ZRANGE", "ZREVRANGE"],
    "scan_iter": ["SCAN"],
    "xgroup_create": ["XGROUP CREATE"],
    "xgroup_createconsumer": ["XGROUP CREATECONSUMER"],
    "xgroup_delconsumer": ["XGROUP DELCONSUMER"],
    "xgroup_destroy": ["XGROUP DESTROY"],
    "xinfo_groups": ["XINFO GROUPS"],
    "xinfo_consumers": ["XINFO CONSUMERS"],
}


@pytest.fixture(params=NAMES)
def namespace(request: pytest.FixtureRequest) -> str:
    """Return what stands before each key."""
    return str(request.param)


@pytest.fixture
def plain(redis_url: str) -> Iterator["redis.Redis"]:
    """Return a client that sees the keys of the server as they are; they are gone afterwards."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client
        client.flushall()


@pytest.fixture
def inside(redis_url: str, namespace: str, plain: "redis.Redis") -> Iterator["redis.Redis"]:
    """Return a client of the namespace, with a stream, a list, and keys of others beside."""
    plain.mset(
        {"a": "other", f"x{namespace}a": "other", namespace.replace("studio", "studi*") + "b": "other"}
    )
    with connect(redis_url, namespace) as client:
        client.xadd("stream", {"a": "b"}, id="1-1")
        client.rpush("list", "first", "second", "third")
        yield client


def test_without_a_namespace_a_client_puts_nothing_before_keys(redis_url: str) -> None:
    with connect(redis_url, "") as client, connect_bytes(redis_url, "") as other:
        assert (type(client), type(other)) == (ShortClient, ShortClient)
        assert type(client.pipeline()) is redis.client.Pipeline
    assert type(connect_async(redis_url, namespace="")) is ShortAsyncClient


def test_commands_have_their_keys_where_the_server_has_them(plain: "redis.Redis", namespace: str) -> None:
    for words in rights.probes(""):
        try:
            found: Any = plain.execute_command("COMMAND GETKEYS", *words)
        except redis.ResponseError:  # of one without keys
            found = []
        sent = named(namespace, words)
        changed = [word for word, before in zip(sent, words, strict=False) if word != before]
        assert changed == [namespace + key for key in found], words


def test_each_command_that_the_code_sends_is_known(namespace: str) -> None:
    sent = set()
    for path in (file for room in ("worker", "actors", "cli", "web") for file in (ROOT / room).rglob("*.py")):
        for call in (each for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.Call)):
            method = call.func
            if isinstance(method, ast.Attribute) and _name(method.value) in CLIENTS:
                sent |= {*SENT.get(method.attr, [method.attr.upper()])}
    sent &= {*_commands(), *(each for sends in SENT.values() for each in sends)}
    assert {"GET", "ZREVRANGE", "XREADGROUP", "XINFO GROUPS", "BLPOP"} <= sent
    for command in sent:
        named(namespace, (command, "key", "STREAMS", "key", "0"))


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _commands() -> set[str]:
    """Return the commands that are methods of redis-py's clients and send a key."""
    return {name.upper() for name in dir(redis.commands.core.DataAccessCommands)} - {"EXECUTE_COMMAND"}


def test_a_command_whose_keys_are_not_known_is_not_sent(inside: "redis.Redis") -> None:
    with pytest.raises(UnknownCommandError, match="SINTERSTORE"):
        inside.sinterstore("a", ["b", "c"])
    with pytest.raises(UnknownCommandError, match="SINTERSTORE"), inside.pipeline() as pipe:
        pipe.sinterstore("a", ["b", "c"])


def test_answers_that_name_keys_name_them_as_they_were_asked_for(
    inside: "redis.Redis", redis_url: str, namespace: str
) -> None:
    assert sorted(inside.scan_iter()) == sorted(inside.keys()) == ["list", "stream"]
    assert list(inside.scan_iter("l*")) == ["list"]
    assert inside.xread({"stream": "0"}) == [["stream", [("1-1", {"a": "b"})]]]
    inside.xgroup_create("stream", "g", id="0")
    assert inside.xreadgroup("g", "me", {"stream": ">"}) == [["stream", [("1-1", {"a": "b"})]]]
    assert inside.xread({"stream": "1-1"}, block=1) == []
    assert inside.blpop(["empty", "list"], timeout=1) == ("list", "first")
    assert inside.blpop("empty", timeout=0.01) is None  # type: ignore[arg-type]  # it may be a fraction
    with inside.pipeline() as pipe:
        answers = pipe.keys("s*").scan(0, "s*", count=100).get("list2").execute()
    assert answers == [["stream"], (0, ["stream"]), None]
    with connect_bytes(redis_url, namespace) as raw:
        assert sorted(raw.scan_iter()) == [b"list", b"stream"]
        assert raw.brpop(b"list") == (b"list", b"third")


def test_an_asyncio_client_does_the_same(inside: "redis.Redis", redis_url: str, namespace: str) -> None:
    async def ask() -> list[Any]:
        async with connect_async(redis_url, namespace=namespace) as client:
            await client.set("own", "1")
            async with client.pipeline() as pipe:
                there = await pipe.get("own").exists("stream", "list", "a").execute()
            return [there, await client.blpop(["list"], timeout=1), await client.xread({"stream": "0"})]

    there, popped, read = asyncio.run(ask())
    assert there == ["1", 2]
    assert popped == ("list", "first")
    assert read == [["stream", [("1-1", {"a": "b"})]]]
    assert inside.get("own") == "1"


def test_a_user_of_the_namespaces_keys_alone_may_start(server: "redis.Redis", namespace: str) -> None:
    patterns = f"~{namespace}identity:* ~{namespace}dramatiq:*"
    with connect(user(server, *patterns.split(), "+@all"), namespace) as client:
        assert Level.REFUSE not in [finding.level for finding in examine(client).findings]


def test_the_remedy_names_the_keys_of_the_namespace(
    server: "redis.Redis", namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_WORKER_NAMESPACE", namespace)
    told = refused(user(server, "~identity:*", "~dramatiq:*", "+@all"))
    assert f"ACL SETUSER tenant ~{namespace}identity:* ~{namespace}dramatiq:*" in told


def test_each_namespace_has_its_libraries_and_leaves_those_of_others(
    forgetful: "redis.Redis", plain: "redis.Redis", redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(redis_url, NAMES[0]) as one, connect(redis_url, NAMES[1]) as two:
        all_ = [Functions(client, kept(1)) for client in (forgetful, one, two)]
        for functions in all_:
            functions.run(commands.due(1))
        Functions(two, broker_library()).load()
        there = loaded(forgetful)
        assert len(there) == 4
        # Each says that it uses its own, and clears away what is none of theirs: an hour goes by for all.
        monkeypatch.setattr(durations, "LIBRARY_TOUCHED_SECONDS", -1)
        for client, functions in zip((forgetful, one, two), all_, strict=True):
            functions.run(commands.due(1))
            for name, _ in client.zscan_iter(keys.LIBRARIES()):
                client.zincrby(keys.LIBRARIES(), -durations.LIBRARY_UNUSED_MS - 1, name)
            functions.run(commands.due(1))
        # The broker's, of which nobody has said so for an hour.
        assert there - loaded(forgetful) == {broker_library().within(NAMES[1]).name}
    assert all(key.startswith(("studio:", "{studio}:", "identity:")) for key in plain.scan_iter())
