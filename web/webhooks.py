"""`POST /webhooks/{account}`: the API's notifications by webhook (guide, *Tracking drafts*; piktid-v2.md 4).

One has the effect of the same event in a stream: it calls `wake`. An answer other than 2xx
lets the API try again.
"""

import asyncio
import json
import time
from collections.abc import Callable, Collection

import redis
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config import logs
from config.logs import Trouble
from config.settings import Settings
from config.shards import namespace_of
from config.text import printable
from web.v1 import bounded
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

    @property
    def routes(self) -> list[Route]:
        """Return what is answered."""
        return [Route("/webhooks/{account}", self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """Check a notification and wake the job that it names; one that is untrusted or broken does nothing.

        A request that is not signed is answered the same, after the same work, whether or not there is such
        an account: names of accounts are nobody's business.
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


def _decoded(body: bytes) -> Notification | None:
    try:
        return read_event(json.loads(body))
    except (ValueError, RecursionError):
        return None
