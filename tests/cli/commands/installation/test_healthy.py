"""`identity-worker healthy`: the probe of a container tells of its own processes alone."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from commandline import Command
from processes import ProcessFactory, script, web_command
from support import eventually

from actors.process.signing import Signing
from config import durations, keys, processes
from config.times import monotonic, redis_ms
from worker.views import signs_of_life

#: No process of any kind.
OTHERS = {"worker": 0, "listener": 0, "web": 0, "archive": 0, "deliver": 0}
#: Seconds of a processor that a probe may take.
MOST_SECONDS = 0.2
#: What Python's own start takes where nothing else runs.
PYTHON_SECONDS = 0.02


def test_only_signs_of_life_of_this_machine_count(
    command: Command, environment: dict[str, str], client: "redis.Redis"
) -> None:
    now = redis_ms(client.time())
    later = now + 600_000  # alive for as long as this test takes
    client.zadd(keys.WORKERS(), {"elsewhere:1": later, processes.sign(): now - durations.WORKER_DEAD_MS - 1})
    none = command("healthy", **environment)
    assert (none.returncode, none.stdout) == (1, "")
    assert "no process of this machine" in none.stderr

    client.zadd(keys.LISTENERS(), {processes.sign(): later, "elsewhere:2": later})
    found = command("healthy", "--json", **environment)
    assert (found.returncode, json.loads(found.stdout)) == (0, OTHERS | {"listener": 1})
    assert command("healthy", "--role", "worker", **environment).returncode == 1
    assert command("healthy", "--role", "listener", **environment).stdout == "1 listener\n"


@pytest.mark.parametrize("role", ["web", "archive", "deliver"])
def test_each_kind_of_process_signs_in_and_out(
    command: Command,
    environment: dict[str, str],
    client: "redis.Redis",
    start: ProcessFactory,
    tmp_path: Path,
    role: str,
) -> None:
    given = web_command() if role == "web" else [script("identity-worker"), role]
    running = start(role, given, IDENTITY_WORKER_ARCHIVE=str(tmp_path / "archive"))
    eventually(client, lambda: client.zcard(keys.SIGNS()))
    found = command("healthy", "--role", role, "--json", **environment)
    assert (found.returncode, json.loads(found.stdout)) == (0, {role: 1})
    assert command("healthy", "--role", "worker", **environment).returncode == 1
    assert running.stop() == 0
    assert not client.exists(keys.SIGNS())


def test_a_loop_that_stands_still_gives_no_sign(client: "redis.Redis", redis_url: str) -> None:
    signing = Signing(redis_url, "web")
    signing._sign(client)
    assert client.zcard(keys.SIGNS()) == 1
    client.delete(keys.SIGNS())
    signing._came_round = monotonic() - 6
    signing._sign(client)
    assert not client.exists(keys.SIGNS())
    assert signs_of_life.of_this_machine(client) == OTHERS


def test_a_redis_that_never_answers_is_told_before_a_probe_ends(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        at = f"127.0.0.1:{mute.getsockname()[1]}/0"
        told = command("healthy", REDIS_URL=f"redis://:hush@{at}")
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == f"identity-worker: the Redis at redis://{at} has not answered within 2 seconds\n"


def test_a_probe_takes_little_of_a_processor(environment: dict[str, str], client: "redis.Redis") -> None:
    client.zadd(keys.WORKERS(), {processes.sign(): redis_ms(client.time()) + 600_000})

    def is_little() -> bool:
        # Not as a fork of ours: all that a probe imports is a part of what it takes.
        took = processor([script("identity-worker"), "healthy"], environment)
        # Beside others that use the processor's caches everything takes longer, Python's own start too.
        bare = processor([sys.executable, "-c", "pass"], environment)
        return took < MOST_SECONDS * max(1.0, bare / PYTHON_SECONDS)

    assert any(is_little() for _ in range(20)), "nor does the best of many"


def processor(words: list[str], environment: dict[str, str]) -> float:
    """Return the seconds of a processor that a command takes, which must end well."""
    given = {**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": ""}
    process = subprocess.Popen(words, env=given, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime
