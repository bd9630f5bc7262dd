"""The command `identity-worker`: finds the module of the command that is run, and imports only that."""

import ast
import gc
import inspect
import os
import sys
from importlib import import_module
from io import TextIOWrapper
from keyword import iskeyword
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from cli.shared import progress
from cli.shared.output import DID_NOT, USED_WRONGLY
from cli.shared.single import Single, UsageError
from config.errors import NetworkSettingsError
from config.text import nearest
from worker.traces.withholding import withhold

#: The commands in the order of the help, each with its room: `cli/commands/ROOM/NAME.py`, whose function
#: `command` it is; its docstring is its help.
COMMANDS = {
    "demo": "run",
    "sandbox": "run",
    "work": "run",
    "listen": "run",
    "archive": "run",
    "deliver": "run",
    "enqueue": "briefs",
    "describe": "bulk",
    "import": "bulk",
    "status": "briefs",
    "watch": "briefs",
    "wait": "briefs",
    "events": "briefs",
    "why": "briefs",
    "accounts": "installation",
    "limits": "installation",
    "resume": "installation",
    "pause": "installation",
    "unpause": "installation",
    "restored": "installation",
    "shards": "installation",
    "pick": "briefs",
    "update": "briefs",
    "export": "bulk",
    "choose": "bulk",
    "resolve": "briefs",
    "retry": "briefs",
    "cancel": "briefs",
    "actions": "installation",
    "orders": "bulk",
    "token": "http",
    "mark": "bulk",
    "verify": "bulk",
    "audit": "installation",
    "doctor": "installation",
    "healthy": "installation",
    "schema": "installation",
    "web": "run",
    "webhook": "http",
    "hooks": "http",
}


class Commands(TyperGroup):
    """The commands by name, imported when one is asked for."""

    # Any: Typer's own copy of click, whose types these are, is private.
    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # the base class's signature
        """Return all names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # the base class's signature
        """Return a command, None when there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        gc.disable()  # what is imported stays: to look for garbage meanwhile takes a tenth of the time
        try:
            function = import_module(f"cli.commands.{COMMANDS[cmd_name]}.{module_of(cmd_name)}").command
        finally:
            gc.enable()
        if COMMANDS[cmd_name] != "run":
            # The same of what it imports later; it lives too short to have much garbage in circles.
            gc.set_threshold(_OBJECTS)
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name, cls=Single, help=_unfolded(function.__doc__), context_settings=_HELP)(
            function
        )
        return typer.main.get_command(single)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the arguments name; of one that is none, say what it looks like."""
        try:
            return super().resolve_command(ctx, args)
        except UsageError as error:
            if (near := nearest(args[0], COMMANDS)) is not None:
                error.message += f" Did you mean '{near}'?"
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write what each command does, for which none is imported: all together take a second."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(each, read_docstring(each).partition("\n\n")[0]) for each in self.list_commands(ctx)]
            )


def module_of(command: str) -> str:
    """Return what the module of a command is called: `import` is a word of Python's own."""
    return f"{command}_" if iskeyword(command) else command


def read_docstring(command: str) -> str:
    """Return the help of a command as its file says it."""
    file = Path(__file__).parent / "commands" / COMMANDS[command] / f"{module_of(command)}.py"
    parsed = ast.parse(file.read_text(encoding="utf-8"))
    functions = (each for each in parsed.body if isinstance(each, ast.FunctionDef))
    function = next(each for each in functions if each.name == "command")
    return _unfolded(ast.get_docstring(function) or "")


#: Objects after which a short-lived command looks for garbage.
_OBJECTS = 50_000
#: How wide a help is at most, in columns: longer lines are no easier to read.
_WIDTH = 100
_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": _WIDTH}

# Pretty tracebacks would show local variables, and tokens are among them.
app = typer.Typer(
    cls=Commands,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=_HELP,
)


def _unfolded(docstring: str) -> str:
    """Return a docstring with each paragraph on one line: Typer keeps the breaks of all but the first."""
    paragraphs = inspect.cleandoc(docstring).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"identity-worker {version('identity-worker')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Turn briefs into finished identities on the PiktID v2 API.

    Redis is that of REDIS_URL; without it an embedded Valkey keeps its data under .data/.

    Exit codes: 0 did what was asked, 1 did not, 2 used wrongly.
    """


def main() -> None:
    """Run the command that the arguments name."""
    withhold()
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that can't show a character must not end the command.
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            app(prog_name="identity-worker")
        finally:
            progress.wipe()  # Ctrl-C may come at any time
            sys.stdout.flush()
    except OSError as error:
        _end_without_traceback(error)
    except NetworkSettingsError as error:
        typer.echo(f"identity-worker: {error}", err=True)
        sys.exit(USED_WRONGLY)


def _open_streams() -> None:
    """Open the null device in place of each standard stream that was closed before this process began.

    Otherwise the next file that is opened gets its number, and Python has nothing to print to.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nowhere, "w" if number else "r", encoding="utf-8"))


def _end_without_traceback(error: OSError) -> NoReturn:
    """End the command at what the system refuses and nobody expected: a full disk, a file without rights."""
    where = f"{error.filename}: " if error.filename else ""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        typer.echo(f"identity-worker: {where}{error.strerror or error}", err=True)
    except OSError:  # it is standard error that can't be written to
        os.dup2(nowhere, sys.stderr.fileno())
    # What is left in the buffer of a full standard output would raise once more, at the interpreter's end.
    os.dup2(nowhere, sys.stdout.fileno())
    sys.exit(DID_NOT)
