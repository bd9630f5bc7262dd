"""One command as Typer runs it: how its help is written, and what is said of an id that looks like an option.

Typer would write the help with rich, whose import takes as long as everything else that a help needs.
"""

from typing import Any

import typer
from typer.core import TyperCommand

#: What Typer raises for wrong use; it exports the errors that are made of it alone.
UsageError: Any = typer.BadParameter.__mro__[1]


class Single(TyperCommand):
    """A command that says how a value is given which begins as an option does: ids of others may."""

    # Any: Typer's own copy of click, whose types these are, is private.
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except UsageError as error:
            option = getattr(error, "option_name", None)
            meant = next((each for each in given if option and each.startswith(option)), None)
            if meant is not None and not meant.startswith("--"):
                error.message += (
                    f" (an id that begins with - comes last, after --: `{ctx.command_path} -- {meant}`)"
                )
            raise

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options: those that belong together under a title of their own."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            line = parameter.get_help_record(ctx)
            if line is not None:
                own = "Arguments" if parameter.param_type_name == "argument" else "Options"
                title = getattr(parameter, "rich_help_panel", None) or own
                sections.setdefault(title, []).append(line)
        for title, lines in sections.items():
            if lines:
                with formatter.section(title):
                    formatter.write_dl(lines)
