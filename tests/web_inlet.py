"""The webhook inlet in this process, and how a test's account has its events sent there."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from own_account import Api
from pydantic import SecretStr
from support import SPEED

from config.accounts.names import DEFAULT
from config.accounts.reading import live_accounts
from config.settings import Settings
from web.app import build_app
from web.connections import server_config
from worker.network.descriptors import allow_many
from worker.network.pool import Pool, open_pool
from worker.piktid.client import PiktID
from worker.piktid.webhook_signatures import SecretStore, sign

#: What a test signs with that has the API set no webhook.
SECRET = SecretStr("the secret of now")


@dataclass
class Web:
    """A running `web`, called as the API would."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/{DEFAULT}"

    def post(self, body: bytes, signature: str | None, account: str = DEFAULT) -> int:
        headers = {} if signature is None else {"X-Webhook-Signature": signature}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("POST", f"/webhooks/{account}", body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status

    def send(self, event: dict[str, Any], secret: SecretStr = SECRET) -> int:
        body = json.dumps(event).encode()
        return self.post(body, sign(secret, body).decode())


@contextmanager
def serving(
    settings: Settings,
    redis_url: str,
    descriptors: Callable[[], int] = allow_many,
    host: str = "127.0.0.1",
) -> Iterator[Web]:
    """Run the inlet in a thread of this process for the length of the block."""
    app = build_app(settings, live_accounts(settings), redis_url)
    server = uvicorn.Server(server_config(app, descriptors))
    with socket.create_server((host, 0)) as listening:
        # What connects before the server is up waits in the socket's queue.
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield Web(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(10)
    assert not thread.is_alive()


@dataclass(frozen=True)
class Inlet:
    """The inlet that takes the events of one test's account after another's."""

    web: Web
    secrets: Path
    pool: Pool

    @contextmanager
    def taking(self, api: Api) -> Iterator[None]:
        """Have the account's events sent here for the length of the block."""
        set_ = PiktID(self.pool, api.url, SecretStr(api.token)).set_webhook(self.web.url)
        assert set_.secret is not None
        SecretStore(self.secrets).replace(DEFAULT, self.web.url, set_.secret, time.time())
        yield
        # What the account still sends is refused from now on: the API has no call that removes a webhook.
        (self.secrets / f"{DEFAULT}.json").unlink()


@contextmanager
def inlet_running(redis_url: str, secrets: Path) -> Iterator[Inlet]:
    """Run an inlet that keeps its secrets in a folder; to start and stop it takes a quarter of a second."""
    settings = Settings(
        api_url="http://127.0.0.1",
        api_token=SecretStr("unused: it calls nobody"),
        secrets_dir=secrets,
        speed=SPEED,
    )
    with serving(settings, redis_url) as web, open_pool() as pool:
        yield Inlet(web, secrets, pool)
