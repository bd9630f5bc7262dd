"""The embedded server lives as long as anybody uses it; and no error tells Redis' password."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bare_python import bare_environment, first_line, start_python
from support import DEADLINE, ROOT

from config import durations
from worker.store.connection import connect

SECRET_PARTS = ("sesame", "xyzzy", "plugh")


@pytest.mark.parametrize(
    ("command", "password"),
    [
        (["-m", "cli", "status"], "sesame/xyzzy/plugh"),
        (["-m", "cli", "listen"], "sesame#xyzzy#plugh"),
        (["-m", "dramatiq", "actors.path"], "sesame?xyzzy[plugh"),
    ],
)
def test_a_password_that_spoils_the_url_of_redis_is_in_no_error(command: list[str], password: str) -> None:
    variables = {"REDIS_URL": f"redis://:{password}@127.0.0.1:1/0", "PIKTID_API_TOKEN": "a token"}
    more = ["--processes", "1", "--threads", "1"] if "dramatiq" in command else []
    ended = subprocess.run(
        [sys.executable, *command, *more],
        cwd=ROOT,
        env=bare_environment(variables),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert "redis" in said.lower()
    assert [part for part in SECRET_PARTS if part in said] == []


def listener_of(url: str) -> socket.socket:
    """A connection to the server of a URL: reading from it ends when the server does."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(DEADLINE)
    connection.connect(unquote(urlsplit(url).path))
    return connection


def test_the_embedded_server_ends_in_order_when_it_is_told_to(tmp_path: Path) -> None:
    with start_python("-m", "worker.store.keeper", str(tmp_path), "always", "0") as process:
        url = first_line(process)
        with listener_of(url) as server:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=DEADLINE)
            assert server.recv(1) == b""
    assert (process.returncode, errors) == (0, "")
    assert not (tmp_path / "url").exists()


USER = """
import sys
from config import logs
from worker.store.embedded import redis_url
from config.settings import Settings
logs.configure(Settings())
with redis_url(Settings()) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def test_who_reads_the_first_user_need_not_wait_for_the_last(tmp_path: Path) -> None:
    with start_python("-c", USER, IDENTITY_WORKER_DATA_DIR=str(tmp_path)) as first:
        url = first_line(first)
        with start_python("-c", USER, IDENTITY_WORKER_DATA_DIR=str(tmp_path)) as second:
            assert first_line(second) == url
            _, errors = first.communicate(timeout=DEADLINE)  # returns when both pipes are at their end
            assert first.returncode == 0
            assert ["event=redis.embedded" in line for line in errors.splitlines()] == [True]
            with connect(url) as client:
                assert client.ping()


def test_an_embedded_server_that_does_not_start_says_which_logs_tell_why(tmp_path: Path) -> None:
    (tmp_path / "valkey").mkdir()
    (tmp_path / "valkey" / "appendonlydir").write_text("is in the way")
    with start_python("-c", USER, IDENTITY_WORKER_DATA_DIR=str(tmp_path)) as user:
        _, errors = user.communicate(timeout=DEADLINE)
    assert f"its logs: valkey.log and keeper.log in {tmp_path}" in errors
    assert "Traceback" in (tmp_path / "valkey" / "keeper.log").read_text()


def test_the_shared_embedded_server_lives_as_long_as_anybody_uses_it(tmp_path: Path) -> None:
    def user() -> "subprocess.Popen[str]":
        return start_python("-c", USER, IDENTITY_WORKER_DATA_DIR=str(tmp_path))

    with user() as first:
        url = first_line(first)
        with connect(url) as client:
            client.set("kept", "yes")
        with user() as second, listener_of(url) as server:
            assert first_line(second) == url
            first.kill()
            first.wait()
            # Longer than the server takes to look whether anybody is left.
            server.settimeout(4 * durations.EMBEDDED_USERS_SECONDS)
            with pytest.raises(TimeoutError):
                server.recv(1)
            server.settimeout(DEADLINE)
            _, errors = second.communicate(timeout=DEADLINE)
            assert (second.returncode, errors) == (0, "")
            assert server.recv(1) == b""
    with user() as third:
        url = first_line(third)
        with connect(url) as client, listener_of(url) as server:
            assert client.get("kept") == "yes"
            client.close()
            third.kill()
            assert server.recv(1) == b"", "the last user was killed"
