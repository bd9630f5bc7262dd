"""The command as a whole: its help, its exit codes, and what it says when it can't do what was asked."""

import itertools
import json
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from commandline import SCRIPT, Command, environment

from cli.main import COMMANDS
from config.settings import Settings
from worker.briefs.brief import schema

TRACEBACK = "Traceback"


def test_the_help_lists_every_command_with_what_it_does(alone: Command) -> None:
    answer = alone("--help")
    assert answer.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"^\W+{name} +\w+", answer.stdout, re.MULTILINE), name


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)])
def test_help_has_a_short_name_and_no_line_that_ends_early(arguments: list[str], alone: Command) -> None:
    answer = alone(*arguments, "-h", COLUMNS="80")
    assert answer.returncode == 0
    prose = answer.stdout.partition("╭")[0]
    for line, following in itertools.pairwise(line.strip() for line in prose.splitlines()):
        if line and following:
            assert len(f"{line} {following.split()[0]}") > 78, "the next word would have fitted"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_of_its_own(name: str, alone: Command) -> None:
    answer = alone(name, "--help")
    assert answer.returncode == 0
    assert f"identity-worker {name}" in answer.stdout


def test_the_version_is_that_of_the_distribution(alone: Command) -> None:
    assert re.fullmatch(r"identity-worker \d+\.\d+\.\d+\n", alone("--version").stdout)


@pytest.mark.parametrize("arguments", [["nonsense"], ["schema", "nonsense"], ["pick", "a", "x"], ["enqueue"]])
def test_used_wrongly_it_ends_with_2(arguments: list[str], alone: Command) -> None:
    answer = alone(*arguments)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "Usage: identity-worker" in answer.stderr


def test_the_schema_is_that_of_a_brief(alone: Command) -> None:
    answer = alone("schema", "brief")
    assert answer.returncode == 0
    assert json.loads(answer.stdout) == schema()


def test_the_settings_are_described_by_their_variables_each_in_words(alone: Command) -> None:
    answer = alone("schema", "settings")
    told = json.loads(answer.stdout)["properties"]
    assert {"REDIS_URL", "PIKTID_API_URL", "PIKTID_API_TOKEN", "ACCOUNTS_FILE"} < set(told)
    assert len(told) == len(Settings.model_fields)
    assert [name for name, each in told.items() if not each.get("description")] == []
    assert "Days" in told["IDENTITY_WORKER_KEEP_DAYS"]["description"]


def test_what_doctor_names_for_wrong_settings_is_there_where_it_is_installed(alone: Command) -> None:
    answer = alone("doctor", IDENTITY_WORKER_KEEP_DAYS="soon")
    named = re.findall("`identity-worker ([^`]+)`", answer.stdout)
    assert named == ["schema settings"]
    assert alone(*named[0].split()).returncode == 0


def test_a_setting_unknown_to_the_sandbox_is_told_the_known_ones(alone: Command) -> None:
    answer = alone("sandbox", "--port", "0", "--set", "slots=2")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "slots: not known; those that are: jobs_cap, slots_cap, " in answer.stderr


def test_of_a_port_that_is_taken_the_sandbox_says_which(alone: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = alone("sandbox", "--port", str(port))
    assert answer.returncode == 1
    told = f"identity-worker: the sandbox can't run: port {port} can't be had: Address already in use\n"
    assert answer.stderr == told


def test_the_schema_comes_without_redis_http_and_tables(alone: Command) -> None:
    answer = alone("schema", PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()}
    assert "worker.briefs.brief" in imported
    assert not imported & {
        "redis",
        "dramatiq",
        "httpx",
        "rich.table",
        "sandbox",
        "actors",
        "cli.commands.briefs.status",
    }


@pytest.mark.parametrize("arguments", [["status"], ["events"], ["pick", "a", "1"], ["watch", "--once"]])
def test_without_redis_it_says_where_it_looked_and_what_to_do(arguments: list[str], alone: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    answer = alone(*arguments, REDIS_URL=f"redis://:hush@127.0.0.1:{port}/0")
    assert answer.returncode == 1
    assert f"the Redis at redis://127.0.0.1:{port}/0 can't be used" in answer.stderr
    assert "set REDIS_URL" in answer.stderr
    assert TRACEBACK not in answer.stderr
    assert "hush" not in answer.stderr


def test_an_error_is_folded_on_a_terminal(on_terminal: Callable[..., list[str]]) -> None:
    lines = on_terminal("why", "nobody", stream="stderr")
    assert lines[0] == "identity-worker: no brief nobody is on record"
    assert len(lines) == 3
    assert max(map(len, lines)) < 80


@pytest.mark.parametrize("arguments", [["status"], ["events"], ["pick", "a", "1"]])
def test_what_reads_needs_no_token(arguments: list[str], command: Command) -> None:
    answer = command(*arguments)
    assert "token" not in answer.stderr.lower()
    assert answer.returncode == (1 if arguments[0] == "pick" else 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIKTID_API_URL", "ftp://user:hush@host"),
        ("IDENTITY_WORKER_SPEED", "hush"),
        ("IDENTITY_WORKER_KEEP_EVENTS", "0"),
        ("REDIS_URL", "http://:hush@host"),
        ("REDIS_URL", "redis://:hush@host:port"),
    ],
)
def test_a_wrong_setting_is_named_without_its_value(name: str, value: str, alone: Command) -> None:
    answer = alone("status", **{name: value})
    assert (answer.returncode, answer.stdout) == (2, "")
    assert name in answer.stderr
    assert "hush" not in answer.stderr
    assert TRACEBACK not in answer.stderr


def test_a_setting_that_does_not_exist_is_warned_of_with_the_nearest(alone: Command) -> None:
    wrong = {"IDENTITY_WORKER_SPED": "10"}
    told = "IDENTITY_WORKER_SPED is no setting; the nearest is IDENTITY_WORKER_SPEED"
    assert f"warn settings: {told}" in alone("doctor", **wrong).stdout
    assert told in alone("listen", **wrong).stderr


def test_without_a_redis_url_the_embedded_server_is_used(alone: Command, tmp_path: Path) -> None:
    answer = alone("status")
    assert (answer.returncode, answer.stdout) == (0, "No briefs.\n")
    assert (tmp_path / ".data" / "valkey").is_dir()
    # The server ends with its last user, a moment after the command.
    url, end = tmp_path / ".data" / "valkey" / "url", time.monotonic() + 15
    while url.exists():
        assert time.monotonic() < end, "the server goes on without a user"


def test_listening_without_an_account_says_what_to_set(command: Command) -> None:
    answer = command("listen")
    assert answer.returncode == 2
    assert "set PIKTID_API_TOKEN" in answer.stderr
    assert TRACEBACK not in answer.stderr


def test_the_sandbox_answers_until_it_is_told_to_stop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = str(reserved.getsockname()[1])
    arguments = [SCRIPT, "sandbox", "--port", port, "--speed", "100", "--dialect", "docs", "--seed", "1"]
    with subprocess.Popen(arguments, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert f"http://127.0.0.1:{port}" in process.stdout.readline()
        assert "sandbox-NAME" in process.stdout.readline()
        # It says so only once it listens.
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_sandbox/ledger", timeout=20) as answer:
            ledger = json.load(answer)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
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


@pytest.mark.parametrize("arguments", [["sandbox"], ["demo", "--briefs", "briefs"]])
def test_without_the_sandbox_s_packages_it_says_once_how_to_install_them(
    arguments: list[str], alone: Command, tmp_path: Path
) -> None:
    (tmp_path / "missing").mkdir()
    (tmp_path / "missing" / "PIL.py").write_text("raise ModuleNotFoundError('no PIL', name='PIL')")
    (tmp_path / "briefs").mkdir()
    (tmp_path / "briefs" / "a.json").write_text('{"instructions": [{"prompt": "Someone."}]}')
    answer = alone(*arguments, PYTHONPATH=str(tmp_path / "missing"))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.count("PIL") == 1
    assert "pip install 'identity-worker[sandbox]'" in answer.stderr


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
