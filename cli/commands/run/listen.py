"""`identity-worker listen`: the listener process of the Procfile."""

import asyncio

import typer

from cli.shared import installed
from cli.shared.opening import check_server, load_settings, redis_url
from cli.shared.output import USED_WRONGLY, fail, speak_as_process
from cli.shared.shards import ToServe, run_each, to_start


def command(shards: ToServe = None) -> None:
    """Follow the accounts' events and the timers until stopped."""
    from actors.listener.listener import listen
    from config import processes
    from config.accounts.account import AccountsError
    from worker.operations.owners import TakenError

    speak_as_process()
    processes.reload_at_sighup()  # nothing, until there is something to reload
    values = load_settings()
    installed.check()
    if each := to_start(values, shards):
        raise typer.Exit(run_each(each, "listen"))
    try:
        with redis_url(values) as url:
            check_server(url)
            asyncio.run(listen(values, url))
            processes.ignore()
    except AccountsError as error:
        fail(str(error), USED_WRONGLY)
    except TakenError as error:
        fail(str(error))
