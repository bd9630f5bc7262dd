"""The command `identity-worker`: finds the module of the command that is run, and imports only that."""

import inspect
import os
import sys
from importlib import import_module
from io import TextIOWrapper
from keyword import iskeyword
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from cli.shared.output import DID_NOT

#: The commands in the order of the help, each with its room: `cli/commands/ROOM/NAME.py`, whose function
#: `command` it is; its docstring is its help.
COMMANDS = {
    "demo": "run",
    "sandbox": "run",
    "work": "run",
    "listen": "run",
    "archive": "run",
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
    "pick": "briefs",
    "update": "briefs",
    "export": "bulk",
    "choose": "bulk",
    "resolve": "briefs",
    "retry": "briefs",
    "cancel": "briefs",
    "actions": "installation",
    "mark": "bulk",
    "verify": "bulk",
    "audit": "installation",
    "doctor": "installation",
    "schema": "installation",
    "web": "run",
    "webhook": "installation",
}


#: What Typer raises for wrong use; it exports the errors that are made of it alone.
_UsageError: Any = typer.BadParameter.__mro__[1]


class Single(TyperCommand):
    """A command that says how a value is given which begins as an option does: ids of others may."""

    # Any: as below.
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except _UsageError as error:
            option = getattr(error, "option_name", None)
            meant = next((each for each in given if option and each.startswith(option)), None)
            if meant is not None and not meant.startswith("--"):
                error.message += (
                    f" (an id that begins with - comes last, after --: `{ctx.command_path} -- {meant}`)"
                )
            raise


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
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        function = import_module(f"cli.commands.{COMMANDS[cmd_name]}.{module}").command
        single = typer.Typer(add_completion=False)
        single.command(cmd_name, cls=Single, help=_unfolded(function.__doc__), context_settings=_HELP)(
            function
        )
        return typer.main.get_command(single)


_HELP = {"help_option_names": ["-h", "--help"]}

# Pretty tracebacks would show local variables, and tokens are among them.
app = typer.Typer(
    cls=Commands,
    add_completion=False,
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that can't show a character must not end the command.
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            app(prog_name="identity-worker")
        finally:
            sys.stdout.flush()
    except OSError as error:
        _end_without_traceback(error)


def _end_without_traceback(error: OSError) -> NoReturn:
    """End the command at what the system refuses and nobody expected: a full disk, a file without rights."""
    where = f"{error.filename}: " if error.filename else ""
    typer.echo(f"identity-worker: {where}{error.strerror or error}", err=True)
    # What is left in the buffer of a full standard output would raise once more, at the interpreter's end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(DID_NOT)
