"""`identity-worker web`: the web process of the Procfile."""

import signal
from typing import Annotated

import typer

from cli.common import USED_WRONGLY, fail, load_settings, redis_url
from config import logs


def command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 8080,
) -> None:
    """Take the API's webhooks at /webhooks/ACCOUNT until stopped."""
    import uvicorn

    from config.accounts import BadAccounts, load_accounts
    from web.app import build_app

    values = load_settings()
    logs.configure(values)
    try:
        accounts = load_accounts(values)
    except BadAccounts as error:
        fail(str(error), USED_WRONGLY)
    # Uvicorn raises the signal that ended it once more, which would make an ordinary stop an error.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with redis_url(values) as url:
        uvicorn.run(
            build_app(values, accounts, url),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=5,
        )
