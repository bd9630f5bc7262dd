"""`POST /webhooks/{account}`: the API's notifications by webhook (guide, *Tracking drafts*; piktid-v2.md 4).

One has the effect of the same event in a stream: the script `wake` is run for it. An answer other than 2xx
lets the API try again.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping

import redis
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from config import logs
from config.accounts import Account
from config.connection import connect_async
from config.settings import Settings
from worker.notifications import Notification, read_event
from worker.scripts import Scripts
from worker.webhooks import BadSecrets, SecretStore, is_signed

log = logs.get("web")

#: Bytes of the largest notification, and seconds in which it must have come.
MAX_BODY = 1024 * 1024
BODY_SECONDS = 10.0


class _TooLarge(Exception):
    """Raised when a body is larger than MAX_BODY."""


class WebhookInlet:
    """Takes the notifications of all accounts."""

    def __init__(self, settings: Settings, accounts: Mapping[str, Account], redis_url: str) -> None:
        self._accounts = accounts
        self._secrets = SecretStore(settings.secrets)
        self._redis = connect_async(redis_url)
        self._scripts = Scripts(self._redis, settings)

    async def receive(self, request: Request) -> Response:
        """Check a notification and do what it says; what can't be trusted or read changes nothing."""
        account = request.path_params["account"]
        if account not in self._accounts:
            # Anybody may have written it.
            return _refused(ascii(account[:64]), 404, "no such account")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read(request)
        except _TooLarge:
            return _refused(account, 413, f"over {MAX_BODY} bytes")
        except (TimeoutError, ClientDisconnect):
            return _refused(account, 408, "it did not come whole")
        try:
            webhook = self._secrets.read(account)
            if webhook is None:
                return _refused(account, 401, "no webhook was set from here")
            if not is_signed(webhook, body, request.headers.get("x-webhook-signature", ""), time.time()):
                return _refused(account, 401, "not signed with the account's secret")
            await self._wake(account, body)
        except (BadSecrets, redis.RedisError) as error:
            log.warning("webhook.not_taken", account=account, error=str(error))
            return Response(status_code=503)
        return Response(status_code=204)

    async def _wake(self, account: str, body: bytes) -> None:
        notification = _decoded(body)
        if notification is None:
            log.warning("webhook.unreadable", account=account, bytes=len(body), begins=ascii(body[:60]))
            return
        told = {"account": account, "name": notification.name[:64], "notification": notification.id}
        # A ping names no job, so it would wake all.
        if notification.name == "ping":
            log.info("webhook.ping", **told)
            return
        whose = await self._scripts.run(
            "wake",
            account=account,
            event=notification.id,
            job=notification.job,
            code=notification.code,
            once=True,
            sent=None if notification.sent_at is None else round(notification.sent_at * 1000),
        )
        log.info("webhook.taken", **told, whose=whose)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


def build_app(settings: Settings, accounts: Mapping[str, Account], redis_url: str) -> Starlette:
    """Return the ASGI application."""
    inlet = WebhookInlet(settings, accounts, redis_url)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await inlet.close()

    routes = [Route("/webhooks/{account}", inlet.receive, methods=["POST"])]
    return Starlette(routes=routes, lifespan=lifespan)


def _refused(account: str, status: int, why: str) -> Response:
    log.warning("webhook.refused", account=account, status=status, why=why)
    return Response(status_code=status)


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise _TooLarge
    return bytes(body)


def _decoded(body: bytes) -> Notification | None:
    try:
        return read_event(json.loads(body))
    except (ValueError, RecursionError):
        return None
