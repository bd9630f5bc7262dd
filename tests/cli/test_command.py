"""The command as a whole: its help, its exit codes, and what it says of wrong settings."""

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import fields

import pytest
from commandline import Command

from cli.main import COMMANDS
from cli.shared.output import folded
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
    prose = re.split(r"^(?:Arguments|Options):", answer.stdout, maxsplit=1, flags=re.MULTILINE)[0]
    for line, following in itertools.pairwise(line.strip() for line in prose.splitlines()):
        if line and following:
            assert len(f"{line} {following.split()[0]}") > 76, "the next word would have fitted"


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
    assert len(told) == len(fields(Settings))
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


def test_an_error_is_folded_on_a_terminal(on_terminal: Callable[..., list[str]]) -> None:
    lines = on_terminal("why", "nobody", stream="stderr")
    assert lines[0] == "identity-worker: no brief nobody is on record"
    assert len(lines) == 3
    assert max(map(len, lines)) < 80


def test_a_command_stays_whole_where_its_sentence_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    told = "the rest waits for a person: see `identity-worker status --state held,choosing` and the page"
    assert folded(told).splitlines() == [
        "the rest waits for a person: see",
        "    `identity-worker status --state held,choosing` and the",
        "    page",
    ]
    typed = f"    identity-worker resolve {'x' * 60} --resend"
    assert folded(typed) == typed


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


def test_a_command_that_does_not_exist_is_answered_with_the_nearest(alone: Command) -> None:
    answer = alone("statsu")
    assert answer.returncode == 2
    assert "No such command 'statsu'. Did you mean 'status'?" in answer.stderr
    assert "Did you mean" not in alone("zzzzzz").stderr
