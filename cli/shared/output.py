"""Prints for people and programs, and ends commands that fail: how all commands speak."""

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cli.shared import progress
from config.declared.setting_fields import YES
from config.text import printable

if TYPE_CHECKING:
    import redis
    from rich.console import Console, RenderableType

#: Whether the lines of logs are JSON, as the settings have it.
LOG_JSON = "IDENTITY_WORKER_LOG_JSON"
DID_NOT = 1
USED_WRONGLY = 2
#: Briefs of a name that are told, of many.
MOST_MEANT = 5

#: A command in a sentence, and what stands for its blanks while the sentence is folded.
_QUOTED, _BLANK = re.compile("`[^`]+`"), "\0"

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


#: Whether what goes wrong is a line of a process's log, and no word to a person.
_logged: list[bool] = []


def speak_as_process() -> None:
    """Have the end of this command, which is a process, logged as its other lines are."""
    given = next((value for name, value in os.environ.items() if name.upper() == LOG_JSON), "")
    _logged[:] = [given.strip().lower() in YES]


def is_process() -> bool:
    """Whether this command is a process, which logs what it has to say."""
    return bool(_logged)


def fail(message: str, code: int = DID_NOT) -> NoReturn:
    """End the command with a message on standard error."""
    complain(message)
    raise typer.Exit(code)


def complain(message: str) -> None:
    """Print on standard error what went wrong, each of its lines folded on a terminal.

    Of a process whose lines are JSON it is one of them; its settings may be what went wrong.
    """
    if _logged == [True]:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        said = {"part": "process", "error": message, "event": "process.failed", "level": "error"}
        typer.echo(json.dumps(said | {"timestamp": now}), err=True)
        return
    progress.wipe()
    for line in f"identity-worker: {message}".split("\n"):
        typer.echo(folded(line) if sys.stderr.isatty() else line, err=True)


def fail_unknown(client: "redis.Redis", brief_id: str, queued: str = "") -> NoReturn:
    """End the command because no brief of this id is on record; `queued` says what may yet come on record.

    A name, or what stands in the metadata, is no id: there may be several such briefs, which are told.
    """
    # Not at the top: only a command that fails needs it.
    from worker.views import snapshots

    told = [f"no brief {printable(brief_id)} is on record"]
    if meant := snapshots.called(client, brief_id):
        more = f" and {len(meant) - MOST_MEANT} more" if len(meant) > MOST_MEANT else ""
        told.append(
            f"A command takes the id; so called are: {printable(', '.join(meant[:MOST_MEANT]))}{more}"
        )
    else:
        listed = "`identity-worker status` lists those that are"
        told.append(f"{listed}; one just enqueued is on record once a worker took it.")
    fail("\n".join([*told, queued] if queued else told))


def console(*, stderr: bool = False) -> "Console":
    """Return where tables go. Text is shown as it is: what others wrote must not be read as markup."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def print_drawing(to: "Console", drawing: "RenderableType") -> None:
    """Print tables and the like, without the blanks with which they fill their lines."""
    with to.capture() as drawn:
        to.print(drawing)
    for line in drawn.get().splitlines():
        to.file.write(line.rstrip() + "\n")
    to.file.flush()


def say(text: str) -> None:
    """Print a line; a terminal gets it folded at blanks, so that URLs and ids stay whole."""
    progress.wipe()
    typer.echo(folded(text) if sys.stdout.isatty() else text)


def folded(text: str) -> str:
    """Return a line folded at blanks to the terminal's width; a command stays whole, as it is pasted.

    That is a line of its own, or what stands between backticks.
    """
    if text.lstrip().startswith("identity-worker "):
        return text
    # One column less: some terminals go on to the next line when the last column is written.
    width = shutil.get_terminal_size().columns - 1
    hanging = " " * (len(text) - len(text.lstrip()) + 4)
    whole = _QUOTED.sub(lambda found: found[0].replace(" ", _BLANK), text)
    return textwrap.fill(
        whole, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    ).replace(_BLANK, " ")


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print a value as JSON; ASCII only, so that nothing in it can act on a terminal."""
    progress.wipe()
    typer.echo(json.dumps(value, indent=indent))


def print_json_list(items: Iterable[object]) -> None:
    """Print a list, a line for each item as it comes: it may be longer than memory."""
    typer.echo("[", nl=False)
    _print_items(items, "  ")
    typer.echo("]")


def print_json_lists(
    lists: Mapping[str, Iterable[object]], beside: Mapping[str, object] | None = None
) -> None:
    """Print an object of lists as `print_json_list` does each, and of what is `beside` them.

    A list is not asked for its first item before the one before it is printed.
    """
    for number, (name, items) in enumerate(lists.items()):
        typer.echo(("{" if number == 0 else ",") + f"\n  {json.dumps(name)}: [", nl=False)
        _print_items(items, "    ", "  ")
        typer.echo("]", nl=False)
    for name, value in (beside or {}).items():
        typer.echo(f",\n  {json.dumps(name)}: {json.dumps(value)}", nl=False)
    typer.echo("\n}")


def _print_items(items: Iterable[object], indent: str, end: str = "") -> None:
    behind = ""
    for item in items:
        typer.echo(f"{behind}\n{indent}{json.dumps(item)}", nl=False)
        behind = ","
    if behind:
        typer.echo(f"\n{end}", nl=False)
