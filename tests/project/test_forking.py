"""A command that is started as a fork is what its script would be."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path

import forking
import pytest
from processes import ProcessFactory, script
from support import DEADLINE

from tests.chaos.harness.fleet import QUICK, ROOT
from tests.chaos.starting import STARTING

COMMAND = script("identity-worker")


@pytest.fixture(autouse=True)
def forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forks are made here also where the suite is run without."""
    monkeypatch.delenv("IDENTITY_WORKER_TEST_STARTS", raising=False)


@pytest.mark.parametrize(
    "words",
    [["--help"], ["nothing"], ["status", "--json"], ["enqueue", "-"]],
    ids=" ".join,
)
def test_it_prints_the_same_and_ends_with_the_same_code(
    redis_url: str, tmp_path: Path, words: list[str]
) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IDENTITY", "PIKTID"))}
    environment = kept | {"REDIS_URL": redis_url, "COLUMNS": "80"}
    command = [COMMAND, *words]
    by_script = subprocess.run(
        command, cwd=tmp_path, env=environment, input=b"?", capture_output=True, check=False
    )
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(b"?")
        given.seek(0)
        fork = forking.start(command, environment, tmp_path, (given, out, err))
        assert isinstance(fork, forking.Fork)
        assert fork.wait(DEADLINE) == by_script.returncode
        for stream, printed in ((out, by_script.stdout), (err, by_script.stderr)):
            stream.seek(0)
            assert stream.read() == printed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_it_is_a_process_of_its_own_and_ends_by_its_signals(
    listener_process: ProcessFactory, number: signal.Signals
) -> None:
    fork, other = listener_process().process, listener_process().process
    assert isinstance(fork, forking.Fork)
    assert (os.getsid(fork.pid), os.getpgid(other.pid)) == (fork.pid, other.pid)
    assert fork.poll() is None
    fork.send_signal(number)
    # Before it has set its handlers it ends as the system would end it.
    assert fork.wait(DEADLINE) in {0, -number}
    assert other.poll() is None


def test_what_the_experiments_start_is_a_fork_too(environment: dict[str, str]) -> None:
    with Path(os.devnull).open("r+b") as nothing:
        streams = (nothing, nothing, nothing)
        process = STARTING.start(QUICK["listener"], {**os.environ, **environment}, ROOT, streams)
    assert isinstance(process, forking.Fork)
    assert process.poll() is None
    process.kill()
    assert process.wait(DEADLINE) == -signal.SIGKILL


def test_what_python_reads_at_its_start_is_left_to_a_script(
    listener_process: ProcessFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(listener_process(PYTHONPATH=str(tmp_path)).process, subprocess.Popen)
    monkeypatch.setenv("IDENTITY_WORKER_TEST_STARTS", "scripts")
    assert isinstance(listener_process().process, subprocess.Popen)
