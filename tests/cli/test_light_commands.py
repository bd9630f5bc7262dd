"""Commands import what they need: those that read nothing of what writes, calls, runs or checks."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commandline import Command, environment
from project.reading.starts import imported_at_start
from project.rooms import ROOT
from stepping import Flow

from cli.main import COMMANDS, Commands, module_of, read_docstring

#: What a command that reads hashes does without: it is slow to import, and has nothing to do there.
HEAVY = {
    *("dramatiq", "httpx", "httpcore", "httpx_sse", "starlette", "uvicorn", "structlog", "prometheus_client"),
    *("worker.lifecycle", "worker.piktid", "worker.network", "worker.files", "worker.briefs.brief"),
    *("worker.ledger.ledger", "worker.ledger.events", "worker.store.embedded", "actors"),
    *("pydantic", "pydantic_core", "pydantic_settings", "config.settings", "config.accounts"),
}
#: What `enqueue` of a JSON file does without, as it logs nothing in most of its runs and calls nobody.
UNUSED = {"structlog", "dramatiq", "openpyxl", "PIL", "httpx", "httpcore"}
#: What takes long to import, and what each command's own module imports of it: all that its help waits for.
#: What only some of its runs need is imported by these.
SLOW = {
    *(
        "redis",
        "pydantic",
        "httpx",
        "httpcore",
        "rich",
        "structlog",
        "dramatiq",
        "starlette",
        "PIL",
        "openpyxl",
    ),
}
AT_START = {
    **{
        each: {"redis"}
        for each in ("status", "wait", "why", "accounts", "limits", "resume", "export", "audit", "events")
    },
    **{each: {"redis"} for each in ("pause", "unpause", "restored", "actions", "mark", "doctor", "shards")},
    "watch": {"redis"},
    "token": {"redis"},
}
#: What no help waits for, by whatever way it would be imported.
NOT_FOR_HELP = {"pydantic", "pydantic_core", "httpx", "httpcore", "structlog", "dramatiq", "starlette", "PIL"}
PROGRAM = """
import json, sys
from cli.main import main
sys.argv = ["identity-worker", *sys.argv[1:]]
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
#: Which models and clients were imported by a command, however it ends.
MODELS = """
import sys
from cli.main import main
try:
    main()
finally:
    print([each for each in ("pydantic", "httpx", "dramatiq") if each in sys.modules], file=sys.stderr)
"""
#: The same of what is imported when a person is told for the first time what a command is at, and no more.
FIRST_TOLD = """
import json, sys
from cli.main import main
from cli.shared import progress

def show(line):
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
    sys.exit()

progress.show = show
main()
"""


def imported_by(*arguments: str, program: str = PROGRAM, **variables: str) -> set[str]:
    """The modules that a command has imported when it ends, which it does as it should."""
    answer = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(answer.stderr.splitlines()[-1]))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_module_of_a_command_imports_no_more_than_it_may(name: str) -> None:
    module = f"cli.commands.{COMMANDS[name]}.{module_of(name)}"
    assert imported_at_start(module) & SLOW - AT_START.get(name, set()) == set()


def test_no_help_waits_for_models_of_data_or_an_http_client() -> None:
    every = (
        "from cli.main import COMMANDS, Commands\nfor name in COMMANDS: Commands().get_command(None, name)"
    )
    program = f"{every}\nimport sys; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = set(told.stdout.split())
    assert "cli.commands.briefs.enqueue" in imported
    assert imported & NOT_FOR_HELP == set()


@pytest.mark.parametrize("arguments", [("status", "--state", "held"), ("watch", "--once"), ("accounts",)])
def test_a_command_that_reads_imports_little_whatever_else_is_set_wrongly(
    redis_url: str, arguments: tuple[str, ...]
) -> None:
    imported = imported_by(*arguments, REDIS_URL=redis_url, IDENTITY_WORKER_KEEP_DAYS="soon")
    assert "redis" in imported
    assert not [each for each in imported if each.startswith("opentelemetry.")], "redis-py would"
    assert {each for each in imported if each in HEAVY or each.startswith("worker.lifecycle.")} == set()


def test_a_list_of_briefs_is_drawn_without_rich(flow: Flow, redis_url: str) -> None:
    flow.accept(brief_id="ada")
    imported = imported_by("status", REDIS_URL=redis_url)
    assert "cli.render.columns" in imported
    assert "rich" not in imported


def test_a_command_for_many_briefs_tells_what_is_at_stake_without_models(redis_url: str) -> None:
    imported = imported_by("retry", "--all-held", "--dry-run", REDIS_URL=redis_url)
    assert "worker.orders.carrying" in imported
    assert imported & NOT_FOR_HELP - {"structlog"} == set()


def test_an_answer_that_changes_nothing_waits_for_no_models(flow: Flow, redis_url: str) -> None:
    flow.accept(brief_id="a")
    flow.accept(brief_id="b")
    for words in (("cancel", "a"), ("retry", "b"), ("pick", "b", "1"), ("resolve", "b", "--resend")):
        told = subprocess.run(
            [sys.executable, "-c", MODELS, *words],
            cwd=ROOT,
            env=environment(REDIS_URL=redis_url),
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.stderr.splitlines()[-1] == "[]", words


@pytest.mark.parametrize(
    "words",
    [
        ("enqueue", "people.csv"),
        ("describe", "photos", "--to", "briefs"),
        ("import", "photos"),
        ("export", "--batch", "none", "--to", "nowhere"),
    ],
    ids=lambda words: words[0],
)
def test_what_takes_a_while_says_so_before_its_imports(redis_url: str, words: tuple[str, ...]) -> None:
    imported = imported_by(*words, program=FIRST_TOLD, REDIS_URL=redis_url)
    assert "cli.shared.progress" in imported
    assert imported & (NOT_FOR_HELP - {"structlog"}) == set()


def test_a_line_of_progress_is_on_terminals_alone_and_wiped_away(
    on_terminal: Callable[..., list[str]], command: Command, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text("age,prompt\n28,a sailor\n")
    shown = on_terminal("enqueue", "people.csv", "--json", stream="stderr")
    assert [line for line in shown if line][:2] == ["reading people.csv", " " * len("reading people.csv")]
    told = command("enqueue", "people.csv", "missing.csv", "--json")
    assert json.loads(told.stdout)
    assert "reading" not in told.stderr


def test_changes_on_no_terminal_are_told_without_rich(flow: Flow, redis_url: str) -> None:
    flow.accept(brief_id="ada")
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "watch"],
        cwd=ROOT,
        env=environment(REDIS_URL=redis_url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "1 brief on record, 0 of them finished" in process.stdout.readline()
    assert "ada  waiting" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, "rich" in json.loads(told.splitlines()[-1])) == (0, False)


def test_what_is_enqueued_from_files_needs_no_logs_and_no_http(redis_url: str) -> None:
    file = "examples/briefs/01-spring-catalog.json"
    imported = imported_by("enqueue", "--dry-run", file, REDIS_URL=redis_url)
    assert "worker.briefs.brief" in imported
    assert imported & UNUSED == set()


def test_the_help_imports_no_command_and_says_what_the_own_does() -> None:
    imported = imported_by("--help")
    assert "rich" not in imported
    commands = {f"cli.commands.{place}" for place in COMMANDS.values()}
    assert {each for each in imported if each.startswith("cli.commands.")} - commands == set()
    group = Commands()
    own = {name: group.get_command(None, name).help for name in COMMANDS}
    assert {name: read_docstring(name) for name in COMMANDS} == own
