"""`identity-worker work`: the worker process of the Procfile."""

import os
import signal
import sys
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer

from cli.shared import installed
from cli.shared.opening import check_server, redis_url
from cli.shared.output import DID_NOT, USED_WRONGLY, fail, speak_as_process
from cli.shared.shards import ToServe, run_each, to_start
from config.errors import SettingsError
from config.settings import Settings, settings


def command(
    processes: Annotated[
        int, typer.Option(metavar="N", min=1, help="Processes; if one dies, all end, to be started again.")
    ] = 1,
    threads: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Threads of each process; else IDENTITY_WORKER_THREADS, or 64."
        ),
    ] = None,
    shards: ToServe = None,
) -> None:
    """Take briefs from the queue and run their steps until stopped.

    With shards, --processes is the number for each shard.
    """
    from dramatiq.cli import main, make_argument_parser

    from config import logs
    from config import processes as starting

    speak_as_process()
    starting.reload_at_sighup()  # until there is something to begin anew
    if starting.terminal_is_closed():
        raise typer.Exit(DID_NOT)  # before that was heard of: while this process took an earlier one's place
    installed.check()
    _check_shared_memory()
    values = _values()
    # First: Dramatiq, whose main process this becomes, sets up logs where there are none.
    logs.configure(values)
    if values.redis_url is not None:
        _refuse_unusable_redis(values)
    given = ["--processes", str(processes), "--threads", str(threads or values.threads)]
    if each := to_start(values, shards):
        raise typer.Exit(run_each(each, "work", *given))
    import_module("actors.path")  # once for all of its processes, which are forks
    # What Dramatiq runs in its place at SIGHUP, when its processes have ended, and how.
    sys.argv = starting.python("cli", "work", *given)
    os.execvp = _begin_anew
    shutdown = ["--worker-shutdown-timeout", str(round(values.shutdown_seconds * 1000))]
    # For 30 s, or until its workers are ready, Dramatiq's main process takes no signal and does not notice
    # when one is killed. It waits before it starts processes of other kinds, of which we have none. The
    # least that it takes is 10 ms.
    ready = ["--worker-fork-timeout", "10"]
    # An empty --path: its default puts the current folder first.
    code = main(make_argument_parser().parse_args(["actors.path", *given, *shutdown, *ready, "--path"]))
    starting.ignore()
    raise typer.Exit(code)


def _check_shared_memory() -> None:
    """End the command where processes can't share memory: Dramatiq's main process and the others do."""
    from multiprocessing import Value

    try:
        Value("b")
    except OSError as error:
        fail(f"a worker needs a folder /dev/shm to write to ({error.strerror}): mount a tmpfs there")


def _begin_anew(file: Any, args: Any) -> NoReturn:
    """Run a program in place of this one, where one SIGHUP more is ignored from its first moment."""
    # Handlers do not outlast this, and until the program has set its own the signal would end it.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.execv(file, args)  # noqa: S606  # a program and its arguments, without a shell


def _values() -> Settings:
    """Return the settings; end the command where by these, or what they name, no process could start."""
    from config.accounts.account import AccountsError
    from config.accounts.reading import accounts_at_start
    from worker.callers import inlets
    from worker.network.pool import check_environment
    from worker.store.embedded import OWN_SERVER, NotInstalledError, check_package
    from worker.traces.exporting import TracesError, open_exporter

    try:
        values = settings()
        accounts_at_start(values)
        inlets.at_start(values.inlets)
        if values.traces:
            open_exporter().end()
        check_environment()
        if values.redis_url is None:
            check_package(OWN_SERVER)
    except (AccountsError, inlets.InletsError, SettingsError, TracesError) as error:
        fail(str(error), USED_WRONGLY)
    except NotInstalledError as error:
        fail(str(error))
    return values


def _refuse_unusable_redis(values: Settings) -> None:
    """End the command, with what to do, where its processes would only end one after the other.

    One that does not answer yet is theirs to wait for.
    """
    import redis

    from worker.store.remedies import is_lasting

    with redis_url(values) as url:
        try:
            check_server(url, process=False)
        except redis.RedisError as error:
            if is_lasting(error):
                raise
