"""`identity-worker web`: the web process of the Procfile."""

import signal
import socket
from typing import Annotated

import typer

from cli.shared import installed
from cli.shared.opening import check_server, load_settings, redis_url
from cli.shared.output import USED_WRONGLY, fail, speak_as_process


def command(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=1, max=65_535, envvar="PORT", help="Port to listen on.")
    ] = 8080,
) -> None:
    """Show the page, answer /v1, and take the API's webhooks at /webhooks/ACCOUNT, until stopped."""
    from config import processes
    from config.accounts.account import AccountsError
    from config.accounts.reading import live_accounts
    from web.app import build_app
    from web.connections import Server, server_config

    speak_as_process()
    processes.reload_at_sighup()  # nothing, until there is something to reload
    values = load_settings()
    installed.check()
    try:
        live = live_accounts(values)
    except AccountsError as error:
        fail(str(error), USED_WRONGLY)
    with _listen(host, port) as listener, redis_url(values) as url:
        check_server(url)
        server = Server(server_config(build_app(values, live, url)))

        def end(*_: object) -> None:
            server.should_exit = True

        # Uvicorn raises the signal that ended it once more, which would make an ordinary stop an error; and
        # one that comes before its own handlers are set must not be lost.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        server.run(sockets=[listener])
        processes.ignore()


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Uvicorn's own attempt would end the process without a word."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Asyncio sets TCP_NODELAY only on sockets that say they are TCP, and those of create_server don't.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        fail(f"can't listen on {host} port {port}: {error.strerror}; --host and --port name another place")
    return listener
