"""`POST /webhooks/{account}`: the API's notifications by webhook (guide, *Tracking drafts*; piktid-v2.md 4).

One has the effect of the same event in a stream: it calls `wake`. An answer other than 2xx
lets the API try again.
"""

import asyncio
import contextlib
import json
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection

import redis
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.process.orders_watch import OrdersWatch
from actors.process.reloading import AccountsWatch
from actors.process.schema_watch import SchemaWatch
from actors.process.signing import Signing
from config import logs
from config.accounts.live import LiveAccounts
from config.logs import Trouble
from config.settings import Settings
from config.shards import namespace_of
from config.text import printable
from web.connections import log_loop_errors
from web.metrics.readings import Readings
from web.metrics.routes import Monitoring
from web.page.page import Page
from web.v1 import bounded
from web.v1.problems import of_router
from web.v1.routes import V1
from worker.ledger import commands
from worker.ledger.library import ledger_library
from worker.piktid.notifications import Notification, read_event
from worker.piktid.webhook_signatures import NOBODY, SecretsError, SecretStore, is_signed
from worker.shards.shards import shards_of
from worker.store.connection import connect_async
from worker.store.functions import AsyncFunctions

log = logs.get("web")

#: Bytes of the largest notification.
MAX_BODY = 1024 * 1024

_UNSIGNED = "not signed with the account's secret"
_UNSET = "no webhook was set from here"
_UNKNOWN = "no such account"


class WebhookInlet:
    """Receives the notifications of all accounts."""

    def __init__(self, settings: Settings, accounts: Callable[[], Collection[str]], redis_url: str) -> None:
        """`accounts` returns those of now, by name."""
        self._accounts = accounts
        self._secrets = SecretStore(settings.secrets)
        self._shards = shards_of(redis_url, settings)
        names = [namespace_of(settings.namespace, shard) for shard in range(settings.shards)]
        self._clients = [connect_async(redis_url, namespace=each) for each in names]
        self._functions = [AsyncFunctions(each, ledger_library(settings)) for each in self._clients]
        self._refusals: dict[tuple[str, str], Trouble] = {}

    async def receive(self, request: Request) -> Response:
        """Check a notification and do what it says; what can't be trusted or read changes nothing.

        Whoever does not sign is answered the same, after the same work, whether there is such an account or
        not: names of accounts are nobody's business.
        """
        account = request.path_params["account"]
        known = account in self._accounts()
        name = account if known else printable(account[:64])  # anybody may have written it
        try:
            body = await bounded.read(request, MAX_BODY)
        except bounded.TooLargeError as error:
            return self._refused(name, 413, str(error))
        except bounded.NotWholeError as error:
            return self._refused(name, 408, str(error))
        try:
            webhook = self._secrets.read(account if known else NOBODY)
        except SecretsError as error:
            return self._refused(name, 401, str(error))
        signature = request.headers.get("x-webhook-signature", "")
        if not is_signed(webhook, body, signature, time.time()):
            return self._refused(name, 401, _UNSIGNED if webhook else _UNSET if known else _UNKNOWN)
        try:
            await self._wake(account, body)
        except redis.RedisError as error:
            log.warning("webhook.not_taken", account=account, error=str(error))
            return Response(status_code=503)
        return Response(status_code=204)

    def _refused(self, account: str, status: int, why: str) -> Response:
        """Refuse a request; the log tells of the first, and of how many more there were."""
        whose = account if account in self._accounts() else ""
        refusal = self._refusals.setdefault((whose, why), Trouble(log, "webhook.refused"))
        refusal.met(account=account, status=status, why=why)
        return Response(status_code=status)

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
        sent = None if notification.sent_at is None else round(notification.sent_at * 1000)
        job, code = notification.job, notification.code
        shard = await asyncio.to_thread(self._shards.of, account)
        whose = await self._functions[shard].run(
            commands.wake(account, notification.id, job=job, code=code, sent=sent, once=True)
        )
        log.info("webhook.taken", **told, whose=whose)

    async def close(self) -> None:
        """Close the connections."""
        self._shards.close()
        for client in self._clients:
            await client.aclose()


def build_app(settings: Settings, live: LiveAccounts, redis_url: str) -> Starlette:
    """Return the application, which reads accounts again as they change, and in the main thread at SIGHUP."""
    inlet = WebhookInlet(settings, lambda: live.named, redis_url)
    shards = shards_of(redis_url, settings)
    readings = Readings(shards.reading, settings)
    monitoring = Monitoring(settings, readings)
    v1 = V1(settings, lambda: live.named, redis_url)
    page = Page(settings, shards.reading, readings)

    watch, schema_watch = AccountsWatch(live), SchemaWatch(settings, redis_url)
    orders_watch = OrdersWatch(settings, redis_url)
    signing = Signing(redis_url, "web")

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(log_loop_errors)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGHUP, watch.tell)
        watch.start()
        schema_watch.start()
        orders_watch.start()
        signing.start()
        watching = asyncio.create_task(signing.watch())
        yield
        watching.cancel()
        signing.end()
        watch.end()
        schema_watch.end()
        orders_watch.end()
        await inlet.close()
        await v1.close()
        await page.close()
        shards.close()

    routes = [
        Route("/webhooks/{account}", inlet.receive, methods=["POST"]),
        Route("/healthz", _healthz, methods=["GET"]),
        *monitoring.routes,
        *v1.routes,
        *page.routes,
    ]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: of_router})


async def _healthz(_: Request) -> Response:
    """Answer that this process lives. It asks nobody: a Redis that is gone is no reason to end it."""
    return Response("ok\n", media_type="text/plain")


def _decoded(body: bytes) -> Notification | None:
    try:
        return read_event(json.loads(body))
    except (ValueError, RecursionError):
        return None
