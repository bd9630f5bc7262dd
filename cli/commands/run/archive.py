"""`identity-worker archive`: the archive process of the Procfile."""

import signal
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from cli.shared import installed
from cli.shared.opening import check_server, load_settings, redis_url
from cli.shared.output import DID_NOT, USED_WRONGLY, Json, fail, print_json, say, speak_as_process
from cli.shared.shards import ToServe, run_each, to_start
from config.text import counted
from worker.places.target import Target, TargetError
from worker.places.targets import open_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.settings import Settings
    from worker.archive.archiving import Counts

_UNSET = "set IDENTITY_WORKER_ARCHIVE to a folder, or to a bucket's URL"


def command(
    once: Annotated[
        bool, typer.Option("--once", help="Store what is on record now and end; else until stopped.")
    ] = False,
    shards: ToServe = None,
    as_json: Json = False,
) -> None:
    """Store the pictures of all briefs at IDENTITY_WORKER_ARCHIVE, before their links expire.

    Drafts are stored as soon as they can be chosen from, and metadata.json as soon as an identity is ready.
    The brief's record lists what is stored, and the event `identity.archived` tells of it. A file that is
    there is not fetched again.
    """
    from config import processes

    processes.reload_at_sighup()  # nothing, until there is something to reload
    if as_json and not once:
        fail("--json tells what --once has done; without that this runs until stopped", USED_WRONGLY)
    if not once:
        speak_as_process()
    values = load_settings()
    target = _target(values, once=once)
    installed.check()
    each = to_start(values, shards)
    if each and not once:
        raise typer.Exit(run_each(each, "archive"))
    counts = _run(
        [values.model_copy(update={"shard": shard}) for shard in each] or [values], target, once=once
    )
    if not once:
        return
    if as_json:
        print_json({"place": target.name} | asdict(counts))
    else:
        gone = f", {counted(counts.gone, 'picture is', 'pictures are')} gone" if counts.gone else ""
        say(
            f"{counted(counts.briefs, 'brief')} archived at {target.name}: "
            f"{counted(counts.fetched, 'picture')} fetched{gone}"
        )
    if counts.ended:
        fail("it was stopped before it had been through all briefs; the same command goes on from there")
    if counts.missing:
        fail(f"{counted(counts.missing, 'brief')} could not be archived whole; the same command tries again")
    raise typer.Exit(DID_NOT if counts.gone else 0)


def _run(served: "Sequence[Settings]", target: Target, *, once: bool) -> "Counts":
    """Archive one shard, or one after the other once."""
    from actors.archiver import archive
    from config import processes
    from config.accounts.account import AccountsError
    from worker.archive.archiving import Counts

    try:
        with redis_url(served[0]) as url:
            check_server(url, process=not once)
            found = Counts()
            for values in served:
                counts = archive(values, url, target, once=once)
                found = _added(found, counts)
                if counts.ended:
                    break
            processes.ignore()
            return found
    except AccountsError as error:
        fail(str(error), USED_WRONGLY)
    except TargetError as error:
        fail(f"{error}\nWhat is there is whole and on record; the same command goes on from it.")


def _added(one: "Counts", other: "Counts") -> "Counts":
    sums = {name: number + getattr(other, name) for name, number in asdict(one).items()}
    return replace(one, **sums | {"ended": other.ended})


def _target(values: "Settings", *, once: bool) -> Target:
    """Return the place; without one a process waits for its end: its supervisor need not know of it."""
    if not values.archive:
        if once:
            fail(_UNSET, USED_WRONGLY)
        _idle()
    try:
        return open_target(values.archive or "")
    except TargetError as error:
        fail(f"IDENTITY_WORKER_ARCHIVE: {error}", USED_WRONGLY)


def _idle() -> None:
    """Wait for a signal to end."""
    from config import logs, processes

    logs.get("archiver").info("archive.none", remedy=_UNSET)
    heard = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, heard)
    while signal.sigwait(heard) == signal.SIGHUP and not processes.terminal_is_closed():
        pass
    raise typer.Exit
