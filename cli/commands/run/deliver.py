"""`identity-worker deliver`: the deliverer process of the Procfile."""

import asyncio

import typer

from cli.shared import installed
from cli.shared.opening import check_server, load_settings, redis_url
from cli.shared.output import USED_WRONGLY, fail, speak_as_process
from cli.shared.shards import ToServe, run_each, to_start


def command(shards: ToServe = None) -> None:
    """Send the events to the endpoints that `hooks` has added, until stopped.

    Any number may run. An event that an endpoint does not take is sent again for three days, which does not
    delay other endpoints.
    """
    from actors.deliverer.deliverer import deliver
    from config import processes
    from config.errors import NetworkSettingsError
    from worker.traces.exporting import TracesError

    speak_as_process()
    processes.reload_at_sighup()  # nothing: secrets are read at each use
    values = load_settings()
    installed.check()
    if each := to_start(values, shards):
        raise typer.Exit(run_each(each, "deliver"))
    try:
        with redis_url(values) as url:
            check_server(url)
            asyncio.run(deliver(values, url))
            processes.ignore()
    except (NetworkSettingsError, TracesError) as error:
        fail(str(error), USED_WRONGLY)
