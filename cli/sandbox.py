"""`identity-worker sandbox`: the hosted API, emulated on this machine."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.common import fail


def command(
    port: Annotated[int, typer.Option(metavar="PORT", min=1, max=65_535, help="Port on 127.0.0.1.")] = 8900,
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
        typer.Option(metavar="FILE", dir_okay=False, help="File to go on from, and to save to at the end."),
    ] = None,
) -> None:
    """Run an emulation of the PiktID v2 API until it is stopped."""
    need_packages()
    from sandbox.server import HOST, serve

    def announce() -> None:
        typer.echo(f"sandbox: http://{HOST}:{port}, {speed:g} times as fast, dialect {dialect}")
        typer.echo("Any token of the form sandbox-NAME is an account. Ctrl-C stops it.")

    try:
        serve(port=port, speed=speed, dialect=dialect, seed=seed, state=state, announce=announce)
    except (OSError, ValueError) as error:
        fail(f"the sandbox can't run: {error}")


def need_packages() -> None:
    """End the command unless the packages are installed that the sandbox draws with."""
    try:
        import sandbox.server  # noqa: F401  # whether it can be
    except ImportError as error:
        fail(
            f"the sandbox needs the package of {error.name}: install identity-worker with its extra "
            "`sandbox`, in a clone by\n  pip install '.[sandbox]'"
        )
