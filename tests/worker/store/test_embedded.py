"""The embedded Valkey is its owner's alone, and says in a line why it can't start."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from support import DEADLINE

from cli.demo.ports import free_port
from config.settings import Settings
from worker.store import embedded, keeper
from worker.store.connection import connect
from worker.store.embedded import EmbeddedServerError, running


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    """A folder as a version has left it that did not close it, with a name that a URL must quote."""
    folder = tmp_path / "my data #1%20?"
    (folder / "appendonlydir").mkdir(parents=True)
    (folder / "appendonlydir").chmod(0o755)
    (folder / "valkey.log").touch(0o644)
    return folder


def test_the_server_listens_on_a_socket_that_only_its_owner_can_open(odd_folder: Path) -> None:
    with running(odd_folder) as url, connect(url) as client:
        assert url.startswith("unix://")
        assert client.config_get("port") == {"port": "0"}
        open_to_others = [path for path in (odd_folder, *odd_folder.rglob("*")) if mode(path) & 0o077]
        assert open_to_others == []


def test_a_folder_too_deep_for_a_socket_gets_a_short_name(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * keeper.LONGEST_SOCKET)
    with running(deep) as url, connect(url) as client:
        assert client.ping()
        socket = Path(url.removeprefix("unix://"))
        assert mode(socket) == 0o700
        assert deep in socket.resolve().parents
    assert not socket.parent.parent.exists()


@pytest.fixture
def with_port(tmp_path: Path) -> Iterator[int]:
    """The port of a running server that was asked to have one."""
    port = free_port()
    with running(tmp_path, port=port) as url, connect(url) as client:
        assert client.ping()
        yield port


def test_a_port_that_was_asked_for_wants_the_owners_password(with_port: int, tmp_path: Path) -> None:
    told = tmp_path / keeper.PORT_URL_FILE
    with pytest.raises(redis.AuthenticationError), connect(f"redis://127.0.0.1:{with_port}") as stranger:
        stranger.ping()
    with connect(told.read_text().strip()) as owner:
        assert owner.ping()
    assert mode(told) == 0o600


@pytest.mark.parametrize("port", [0, None], ids=["socket", "port"])
def test_a_server_that_was_killed_comes_back_with_its_data_and_url(tmp_path: Path, port: int | None) -> None:
    port = free_port() if port is None else port
    with running(tmp_path, port=port) as url, connect(url) as client:
        client.set("a", 1)
        killed: Any = client.info("server")["process_id"]
        os.kill(killed, signal.SIGKILL)
        until_another_answers(client, killed)
        assert client.get("a") == "1"
        if port:
            with connect((tmp_path / keeper.PORT_URL_FILE).read_text().strip()) as owner:
                until_another_answers(owner, killed)  # the port is opened after the socket
                assert owner.get("a") == "1"


#: A process that uses the shared server, says where it is, and waits for its standard input to be closed.
USER = """
import sys
from pathlib import Path
from config.settings import Settings
from worker.store.embedded import redis_url

with redis_url(Settings(redis_url=None, data_dir=Path(sys.argv[1]))) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def test_a_shared_server_that_was_killed_comes_back_as_well(tmp_path: Path) -> None:
    with using_shared(tmp_path) as url, connect(url) as client:
        client.set("a", 1)
        killed: Any = client.info("server")["process_id"]
        os.kill(killed, signal.SIGKILL)
        until_another_answers(client, killed)
        with using_shared(tmp_path) as again, connect(again) as other:
            assert (again, other.get("a")) == (url, "1")


@contextmanager
def using_shared(directory: Path) -> Iterator[str]:
    """Let a process use the shared server of a folder for the length of the block; yield the server's URL."""
    command = [sys.executable, "-c", USER, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield next(line.strip() for line in process.stdout if line.startswith("unix://"))
        process.stdin.close()


def until_another_answers(client: "redis.Redis", killed: int) -> None:
    """Wait until another process serves in place of the killed one, and has read its data.

    INFO is answered while the data is still being read; what PING is answered then is BusyLoadingError.
    """
    end = time.monotonic() + DEADLINE
    while True:
        with suppress(redis.ConnectionError):
            if client.ping() and client.info("server")["process_id"] != killed:
                return
        assert time.monotonic() < end, "the server has not come back"
        time.sleep(0.02)


@pytest.mark.parametrize("folder", [Path("a-file") / "data", Path(os.devnull) / "data", Path("/proc/data")])
def test_where_nothing_can_be_kept_the_server_says_so_in_a_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    with (
        pytest.raises(EmbeddedServerError) as refused,
        embedded.redis_url(Settings(redis_url=None, data_dir=tmp_path / folder)),
    ):
        pass
    told = str(refused.value)
    assert f"nothing can be kept in {tmp_path / folder}" in told
    assert told.endswith("set IDENTITY_WORKER_DATA_DIR to a folder that can be written")
