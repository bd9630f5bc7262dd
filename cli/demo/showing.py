"""Runs the demo for its command: reads its briefs, keeps others out, and says how it ended."""

import fcntl
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import httpx
import redis
import typer
from pydantic import SecretStr
from rich.console import Console

from cli.demo.installation import TOKEN, Check, Installation
from cli.demo.processes import ChildDiedError, tail
from cli.demo.run import Demo, run
from cli.demo.signals import StoppedError, noted
from cli.demo.summary import table
from cli.sending.files import Item, Reading
from cli.sending.photos import PhotoCheck
from cli.sending.preparing import Rules, prepare
from cli.sending.spool import Spool
from cli.shared.opening import load_settings, standard_input
from cli.shared.output import USED_WRONGLY, console, fail, print_drawing, print_json
from config import durations
from config.accounts.account import Account
from config.accounts.names import DEFAULT
from config.settings import Settings
from config.text import printable
from worker.export.fetching import PictureError
from worker.piktid.errors import ApiError
from worker.store import folders
from worker.store.embedded import EmbeddedServerError


def show(briefs: Path, output: Path, speed: float, *, fresh: bool, hold: bool, as_json: bool) -> NoReturn:
    """Run the briefs of a folder to their end, print the summary, and end the command.

    `hold`: only when it is told to end.
    """
    values = load_settings()
    # With --json, standard output is for the summary alone.
    to = console(stderr=as_json)
    directory = values.data_dir.absolute() / "demo"
    plan = Demo(directory, speed, _read(briefs, values), output)
    _see_that_results_are_kept(directory, output)
    with _only_one(directory):
        try:
            with noted(lambda: to.print("Stopping …")) as check:
                held = partial(_hold, to, output, check) if hold else None
                summary = run(plan, to, check, fresh=fresh, hold=held)
        except StoppedError as stopped:
            typer.echo(
                f"Stopped by {stopped}, nothing is left running. The next demo resumes here.", err=True
            )
            raise typer.Exit(128 + stopped.number) from None
        except (ChildDiedError, EmbeddedServerError, ApiError, PictureError, httpx.HTTPError) as error:
            fail(str(error))
        except redis.RedisError as error:
            log = directory / "valkey" / "valkey.log"
            fail(f"Valkey failed: {error}; the end of {log}:\n{tail(log)}")
    if as_json:
        print_json(summary)
    elif not hold:
        _print(to, output, summary)
    raise typer.Exit(0 if summary["ok"] else 1)


def _print(to: Console, output: Path, summary: dict[str, Any]) -> None:
    print_drawing(to, table(summary, to.width))
    to.print(f"\nOutput: {output}/summary.json and {output}/<identity_code>/", soft_wrap=True)


def _hold(
    to: Console, output: Path, check: Check, installation: Installation, summary: dict[str, Any]
) -> None:
    """Print the summary, and leave everything up until the demo is told to end."""
    _print(to, output, summary)
    token = f"REDIS_URL='{installation.redis_url}' identity-worker token me --role admin"
    told = f"\nThe page stays up at {installation.page_url}; Ctrl-C ends it. To act there: {token}"
    to.print(told, soft_wrap=True)
    with suppress(StoppedError):
        while True:
            check()
            installation.check()
            time.sleep(durations.DEMO_LOOK_SECONDS)


def _read(folder: Path, values: Settings) -> Spool:
    """Return the briefs of a folder; end the command when there are none, or bad ones."""
    accounts = {DEFAULT: Account(name=DEFAULT, token=SecretStr(TOKEN))}
    reading = Reading([str(folder)], standard_input())
    outgoing = prepare(map(_named, reading.items()), Rules(values, accounts), PhotoCheck(values))
    if reading.missed:
        missed = f"no briefs: {reading.missed[0]}\n--briefs DIR names the folder of the briefs to run."
        fail(missed, USED_WRONGLY)
    faults = [printable(f"  {each.source}: {fault}") for each in outgoing for fault in each.faults]
    if faults:
        fail("\n".join(["these briefs break rules:", *faults]), USED_WRONGLY)
    return outgoing


def _named(item: Item) -> Item:
    """Return a brief with its file's name as its id, unless it has one: here people read them, one by one."""
    if not isinstance(item.value, dict) or item.value.get("brief_id") is not None:
        return item
    name = re.sub(r"[^A-Za-z0-9]+", "-", Path(item.file).stem + item.place).strip("-")
    return replace(item, value={**item.value, "brief_id": name or "brief"})


def _see_that_results_are_kept(directory: Path, output: Path) -> None:
    """End the command before anything is made that could not be written down."""
    try:
        folders.writable(directory.parent, "set IDENTITY_WORKER_DATA_DIR to a folder that can be written")
        folders.writable(output, "--output names another folder")
    except folders.FolderError as error:
        fail(str(error))


@contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    """Hold the demo's state for this process alone; end the command when another one has it."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder, which a new run removes. The kernel frees the lock, however its holder ends.
    with directory.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(f"another demo runs on {directory}")
        yield
