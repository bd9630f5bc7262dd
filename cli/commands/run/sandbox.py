"""`identity-worker sandbox`: the hosted API, emulated on this machine."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cli.shared.output import USED_WRONGLY, Json, fail, print_json
from config.text import printable


def command(
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 8900,
    speed: Annotated[
        float,
        typer.Option(metavar="X", min=0.001, help="How many times faster than the real API its clocks are."),
    ] = 1.0,
    dialect: Annotated[
        Literal["guide", "docs"], typer.Option(help="Whose spelling of events and results.")
    ] = "guide",
    seed: Annotated[int | None, typer.Option(metavar="N", help="Make its chances repeatable.")] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", dir_okay=False, help="File to load the state from, and to save it to at the end."
        ),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A setting, the value as JSON; a wrong NAME lists all settings.",
        ),
    ] = None,
    until_closed: Annotated[
        bool,
        typer.Option(
            "--until-closed", help="End when standard input ends, so with the process that starts it."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Run an emulation of the PiktID v2 API until it is stopped."""
    need_packages()
    from sandbox.account.world import SettingsError
    from sandbox.server import serve

    def announce(url: str) -> None:
        if as_json:
            print_json({"url": url}, indent=None)
        else:
            typer.echo(f"sandbox: {url}, {speed:g} times as fast, dialect {dialect}")
            typer.echo("Any token of the form sandbox-NAME is an account. Ctrl-C stops it.")

    settings = dict(_setting(each) for each in given or [])
    how: dict[str, Any] = {"speed": speed, "dialect": dialect, "seed": seed, "state": state, **settings}
    try:
        serve(port, announce=announce, until_closed=until_closed, **how)
    except SettingsError as error:
        fail(f"the sandbox can't run: {printable(error)}", USED_WRONGLY)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        fail(f"the sandbox can't run: {printable(why)}")


def _setting(given: str) -> tuple[str, Any]:
    """Return name and value of NAME=VALUE; end the command unless it is that, and the value JSON."""
    name, _, value = given.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        fail(f"--set {printable(given)}: must be NAME=VALUE, with the value as JSON", USED_WRONGLY)


def need_packages() -> None:
    """End the command unless the packages are installed that the sandbox draws with."""
    if not has_packages():
        fail("the sandbox needs packages that are not installed: pip install 'identity-worker[sandbox]'")


def has_packages() -> bool:
    """Return whether the packages are installed that the sandbox draws with."""
    try:
        import sandbox.server  # noqa: F401  # whether it can be
    except ImportError:
        return False
    return True
