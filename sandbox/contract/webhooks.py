"""PUT /webhooks and POST /webhooks/test (reference, section 4)."""

import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account.account import Account, Notification, Webhook
from sandbox.account.world import World
from sandbox.common.dates import today
from sandbox.common.errors import ApiError, Fault, invalid
from sandbox.serving.context import account_of, json_object, world_of


async def put_webhook(request: Request) -> JSONResponse:
    """Set the account's single webhook. Rotates the secret, which only this answer shows, and pings."""
    world, account, body = world_of(request), account_of(request), await json_object(request)
    url = body.get("url")
    if not isinstance(url, str) or not _is_http(url):
        raise invalid([Fault("url", "Must be an http or https URL.")])
    before = account.webhook
    account.webhook = Webhook(
        id=before.id if before else world.new_webhook_id(),
        url=url,
        secret=secrets.token_hex(32),
        created_on=before.created_on if before else today(),
        updated_on=today(),
        last_response_status=before.last_response_status if before else None,
        last_response_at=before.last_response_at if before else None,
    )
    _ping(world, account)
    return JSONResponse({**_public(account.webhook), "secret": account.webhook.secret})


async def check_webhook(request: Request) -> JSONResponse:
    """Send another ping."""
    account = account_of(request)
    if account.webhook is None:
        raise ApiError(404, "No webhook is set.")
    _ping(world_of(request), account)
    return JSONResponse({"success": True, "message": "Test event sent."})


def _ping(world: World, account: Account) -> None:
    """A ping goes to the webhook only; it tells of nothing that a stream should replay."""
    event = Notification(world.new_notification_id(), "ping", {}, time.time(), world.clock.now())
    if world.faults.take("event", ("lose",), account=account.name, event=event.name) is None:
        world.deliveries.send(account, event)


def _public(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "secret": None,
        "is_active": True,
        "created_at": webhook.created_on,
        "updated_at": webhook.updated_on,
        "last_response_status": webhook.last_response_status,
        "last_response_at": webhook.last_response_at,
    }


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
