"""What the command says when it can't do what was asked: no Redis, no token, no port, no room."""

import json
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from commandline import SCRIPT, Command, environment
from processes import free_port
from support import DEADLINE

TRACEBACK = "Traceback"


def test_of_a_port_that_is_taken_the_sandbox_says_which(alone: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = alone("sandbox", "--port", str(port))
    assert answer.returncode == 1
    told = f"identity-worker: the sandbox can't run: port {port} can't be had: Address already in use\n"
    assert answer.stderr == told


@pytest.mark.parametrize("arguments", [["status"], ["events"], ["pick", "a", "1"], ["watch", "--once"]])
def test_without_redis_it_says_where_it_looked_and_what_to_do(arguments: list[str], alone: Command) -> None:
    port = free_port()
    answer = alone(*arguments, REDIS_URL=f"redis://:hush@127.0.0.1:{port}/0")
    assert answer.returncode == 1
    assert f"the Redis at redis://127.0.0.1:{port}/0 can't be used" in answer.stderr
    assert "set REDIS_URL" in answer.stderr
    assert TRACEBACK not in answer.stderr
    assert "hush" not in answer.stderr


def test_without_a_redis_url_the_embedded_server_is_used(alone: Command, tmp_path: Path) -> None:
    answer = alone("status")
    assert (answer.returncode, answer.stdout) == (0, "No briefs.\n")
    told = "REDIS_URL is not set: the embedded server of IDENTITY_WORKER_DATA_DIR is used"
    assert answer.stderr == f"identity-worker: {told}\n"
    assert (tmp_path / ".data" / "valkey").is_dir()
    # The server ends with its last user, a moment after the command.
    url, end = tmp_path / ".data" / "valkey" / "url", time.monotonic() + DEADLINE
    while url.exists():
        assert time.monotonic() < end, "the server goes on without a user"


def test_listening_without_an_account_says_what_to_set(command: Command) -> None:
    answer = command("listen")
    assert answer.returncode == 2
    assert "set PIKTID_API_TOKEN" in answer.stderr
    assert TRACEBACK not in answer.stderr


def test_the_sandbox_answers_until_it_is_told_to_stop() -> None:
    port = str(free_port())
    arguments = [SCRIPT, "sandbox", "--port", port, "--speed", "100", "--dialect", "docs", "--seed", "1"]
    with subprocess.Popen(arguments, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert f"http://127.0.0.1:{port}" in process.stdout.readline()
        assert "sandbox-NAME" in process.stdout.readline()
        # It says so only once it listens.
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_sandbox/ledger", timeout=20) as answer:
            ledger = json.load(answer)
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 0
    assert ledger["accounts"] == {}


def test_a_sandbox_whose_port_is_taken_says_so(alone: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = alone("sandbox", "--port", str(taken.getsockname()[1]))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "in use" in answer.stderr
    assert TRACEBACK not in answer.stderr


def test_a_web_process_whose_port_is_taken_says_so(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = command("web", "--port", port, PIKTID_API_TOKEN="hush")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(f"identity-worker: can't listen on 127.0.0.1 port {port}: ")
    assert TRACEBACK not in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "extras"), [(["sandbox"], "sandbox"), (["demo", "--briefs", "briefs"], "embedded,sandbox")]
)
def test_without_the_sandbox_s_packages_it_says_once_how_to_install_them(
    arguments: list[str], extras: str, alone: Command, tmp_path: Path
) -> None:
    (tmp_path / "missing").mkdir()
    (tmp_path / "missing" / "PIL.py").write_text("raise ModuleNotFoundError('no PIL', name='PIL')")
    (tmp_path / "briefs").mkdir()
    (tmp_path / "briefs" / "a.json").write_text('{"instructions": [{"prompt": "Someone."}]}')
    answer = alone(*arguments, PYTHONPATH=str(tmp_path / "missing"))
    assert (answer.returncode, answer.stdout) == (1, "")
    what = f"the {arguments[0]} needs packages that are not installed"
    assert answer.stderr == f"identity-worker: {what}: pip install 'identity-worker[{extras}]'\n"


def test_a_missing_accounts_file_is_named_once_with_what_to_do(command: Command) -> None:
    answer = command("listen", ACCOUNTS_FILE="accounts.toml")
    assert answer.returncode == 2
    assert answer.stderr.count("accounts.toml") == 1
    assert "set ACCOUNTS_FILE to a TOML file with a table [accounts.NAME]" in answer.stderr


def test_a_full_disk_ends_a_command_with_a_line_no_traceback(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [SCRIPT, "schema"], stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (1, "identity-worker: No space left on device\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_end_no_command(closed: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{SCRIPT} schema {closed}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_complaint_that_can_be_written_nowhere_is_no_other_exit_code(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [SCRIPT, "import", "none.jpg"], stderr=full, stdout=full, cwd=tmp_path, check=False
        )
    assert done.returncode == 1


def test_where_no_data_can_be_kept_a_command_says_what_to_set(alone: Command, tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    done = alone("status", IDENTITY_WORKER_DATA_DIR=str(tmp_path / "a-file" / "data"))
    assert done.returncode == 1
    assert "nothing can be kept in" in done.stderr
    assert "set IDENTITY_WORKER_DATA_DIR to a folder that can be written" in done.stderr
    assert TRACEBACK not in done.stderr


def test_the_demo_makes_nothing_that_it_could_not_write_down(alone: Command, tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    (tmp_path / "briefs").mkdir()
    (tmp_path / "briefs" / "ada.json").write_text('{"instructions": [{"prompt": "A model."}]}')
    done = alone("demo", "--briefs", "briefs", "--output", "a-file/output")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing can be kept in a-file/output" in done.stderr
    assert "--output names another folder" in done.stderr
    assert TRACEBACK not in done.stderr
