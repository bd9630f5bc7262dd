"""Webhook deliveries: signed, tried again with growing pauses (reference, section 4)."""

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass, field

import httpx

from sandbox.account.account import Account, Notification, Webhook
from sandbox.common.clock import Clock
from sandbox.common.dates import today
from sandbox.common.faults import Faults

#: How long a receiver may take to answer (wall seconds), and how many are asked at a time.
RECEIVER_SECONDS = 10.0
CONCURRENT_DELIVERIES = 8


@dataclass
class Deliveries:
    """Sends the events of all accounts that have a webhook."""

    clock: Clock
    faults: Faults
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONCURRENT_DELIVERIES))
    _client: httpx.AsyncClient | None = None

    def send(self, account: Account, event: Notification) -> None:
        """Start the delivery of an event, if the account has a webhook."""
        webhook = account.webhook
        if webhook is None:
            return
        fault = self.faults.take(
            "webhook", ("lose", "double", "late", "forge"), account=account.name, event=event.name
        )
        kind = fault.kind if fault else None
        if kind == "lose":
            return
        delay = fault.seconds if fault and kind == "late" else 0.0
        if kind == "forge":
            self._start(self._attempt(account, webhook, event, secret=secrets.token_hex(16)))
        for _ in range(2 if kind == "double" else 1):
            self._start(self._deliver(account, webhook, event, delay))

    async def close(self) -> None:
        """Give up what is under way: the sandbox stops."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def _start(self, work: Coroutine[None, None, object]) -> None:
        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, account: Account, webhook: Webhook, event: Notification, delay: float) -> None:
        if delay:
            await self.faults.delay(delay)
        for attempt in range(account.settings.webhook_tries):
            if attempt:
                pause = account.settings.webhook_retry_seconds * 2 ** (attempt - 1)
                await asyncio.sleep(self.clock.real(pause))
            if await self._attempt(account, webhook, event):
                return

    async def _attempt(
        self, account: Account, webhook: Webhook, event: Notification, secret: str | None = None
    ) -> bool:
        """One POST; True when the receiver answered 2xx. A given `secret` forges the signature."""
        body = json.dumps(event.public()).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Webhook-Signature": sign(secret or webhook.secret, body),
            "X-Webhook-Event": event.name,
        }
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=RECEIVER_SECONDS)
        status: int | None = None
        async with self._gate:
            try:
                status = (await self._client.post(webhook.url, content=body, headers=headers)).status_code
            except (httpx.HTTPError, httpx.InvalidURL):
                status = None
        # It may have been set anew since; what it tells is the account's last delivery.
        current = account.webhook or webhook
        current.last_response_status, current.last_response_at = status, today()
        account.deliveries.append(
            {
                "at": round(self.clock.now(), 3),
                "event_id": event.id,
                "event": event.name,
                "status": status,
                "forged": secret is not None,
            }
        )
        return status is not None and 200 <= status < 300


def sign(secret: str, body: bytes) -> str:
    """The value of `X-Webhook-Signature`: HMAC-SHA256 over the raw body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
