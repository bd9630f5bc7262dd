"""The container without Docker: the wheel's environment in a namespace, as deploy/Dockerfile has it.

Its root can't be written to but for /tmp, its user is no one's, it has no HOME, and each process is PID 1.
`make test-wheel` runs it.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pytest
from installation import Site, until

pytestmark = pytest.mark.timeout(300)

_USER = "10001"
SPEED = "60"


class Container:
    """How programs are run in a root that nobody may write to."""

    def __init__(self, site: Site, shared: Path) -> None:
        tool = shutil.which("bwrap")
        assert tool is not None, "bubblewrap is needed: apt-get install bubblewrap"
        read = [f"--ro-bind {path} {path}" for path in ("/usr", str(site.environment.parent))]
        links = [f"--symlink usr/{name} /{name}" for name in ("bin", "lib", "lib64")]
        empty = ["--proc /proc --dev /dev --tmpfs /tmp"]
        last = [f"--bind {shared} {shared} --remount-ro / --chdir /tmp"]
        alone = f"--unshare-user --unshare-pid --unshare-ipc --as-pid-1 --uid {_USER} --gid {_USER}"
        self._how = [
            tool,
            *" ".join([alone, *empty, *read, *links, *last]).split(),
            "--die-with-parent",
            "--clearenv",
        ]
        self._site = site

    def command(self, *words: str, **variables: str) -> list[str]:
        """Return what runs `identity-worker` in a container."""
        path = f"{self._site.environment}/bin:/usr/bin"
        given = {"PATH": path, "IDENTITY_WORKER_LOG_JSON": "true", **variables}
        settings = [word for name, value in given.items() for word in ("--setenv", name, value)]
        return [*self._how, *settings, "--", *words]

    def run(self, *words: str, mounts: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end; `mounts`: what else is mounted, as bubblewrap has it."""
        command = self.command(*words, **variables)
        command[len(self._how) : len(self._how)] = mounts.split()
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    @contextmanager
    def started(self, *words: str, ends_with: int = 0, **variables: str) -> Iterator["subprocess.Popen[str]"]:
        """Run a process for the length of the block; told to end, its PID 1 must end as it should."""
        with subprocess.Popen(
            self.command(*words, **variables), stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
                os.kill(_first_inside(process.pid), signal.SIGTERM)
                assert process.wait(60) == ends_with
            finally:
                process.kill()


def _first_inside(outside: int) -> int:
    """Return the id, out here, of the process that is PID 1 in there."""
    (child,) = Path(f"/proc/{outside}/task/{outside}/children").read_text().split()
    return int(child)


@pytest.fixture(scope="module")
def container(site: Site, place: Path) -> Container:
    shared = place / "shared"
    shared.mkdir()
    return Container(site, shared)


@pytest.fixture
def redis_at(place: Path) -> Iterator[str]:
    """A Redis as deploy/compose.yaml sets it up, on a socket."""
    socket, data = place / "shared/redis.sock", place / "redis"
    data.mkdir()
    kept = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]
    with subprocess.Popen(
        [
            "redis-server",
            "--unixsocket",
            socket,
            "--unixsocketperm",
            "777",
            "--dir",
            data,
            "--port",
            "0",
            *kept,
        ],
        stdout=subprocess.DEVNULL,
    ) as server:
        until(socket.exists)
        yield f"unix://{socket}"
        server.terminate()


def test_its_root_is_closed_and_it_is_nobody(container: Container) -> None:
    tried = "import os; print(os.getpid(), os.getuid(), 'HOME' in os.environ); open('/x', 'w')"
    ended = container.run("python", "-c", tried)
    assert ended.stdout.split() == ["1", _USER, "False"]
    assert "Read-only file system" in ended.stderr


@pytest.mark.parametrize("mounts", ["--tmpfs /dev", "--tmpfs /dev/shm --remount-ro /dev/shm"])
def test_a_worker_without_shared_memory_says_what_it_needs(container: Container, mounts: str) -> None:
    ended = container.run("identity-worker", "work", mounts=mounts)
    assert ended.returncode == 1
    assert "a worker needs a folder /dev/shm to write to" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_each_process_of_the_image_runs_as_its_first(
    container: Container, redis_at: str, place: Path
) -> None:
    """A brief becomes an identity, each process answers its probe, and each ends at SIGTERM with 0."""
    brief = place / "shared/brief.json"
    brief.write_text(json.dumps({"brief_id": "ada", "instructions": [{"appearance": {"gender": "female"}}]}))
    brief.chmod(0o644)
    ours = "identity-worker"
    with container.started(ours, "sandbox", "--port", "0", "--speed", SPEED, "--json") as api:
        url = json.loads(cast(IO[str], api.stdout).readline())["url"]
        settings = {
            "REDIS_URL": redis_at,
            "PIKTID_API_URL": url,
            "PIKTID_API_TOKEN": "sandbox-a",
            "IDENTITY_WORKER_SPEED": SPEED,
            "IDENTITY_WORKER_ARCHIVE": "/tmp/archive",
        }

        def said(*arguments: str) -> Any:
            answer = container.run(ours, *arguments, "--json", **settings)
            assert answer.returncode == 0, answer.stderr
            return json.loads(answer.stdout)

        assert container.run(ours, "healthy", **settings).returncode == 1
        with (
            container.started(ours, "work", **settings),
            container.started(ours, "listen", **settings),
            container.started(ours, "archive", **settings),
        ):
            said("enqueue", str(brief))
            until(lambda: said("status", "ada")["state"] == "done")
            until(
                lambda: said("healthy") == {"worker": 1, "listener": 1, "web": 0, "archive": 1, "deliver": 0}
            )
            assert said("audit")
        until(lambda: container.run(ours, "healthy", **settings).returncode == 1)
