"""What an endpoint needs to know of its request."""

import json
from typing import Any

from starlette.requests import Request

from sandbox.account.account import Account
from sandbox.errors import Fault, invalid
from sandbox.world import World


def world_of(request: Request) -> World:
    """The running sandbox."""
    world: World = request.app.state.world
    return world


def account_of(request: Request) -> Account:
    """The account of the request's token."""
    account: Account = request.state.account
    return account


def base_url(request: Request) -> str:
    """Where the client reached the sandbox, for URLs in answers."""
    return str(request.base_url).rstrip("/")


async def json_object(request: Request) -> dict[str, Any]:
    """The body, which must be a JSON object; raises 400."""
    try:
        body = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        raise invalid([Fault(None, "The body is not valid JSON.")]) from None
    if not isinstance(body, dict):
        raise invalid([Fault(None, "The body must be a JSON object.")])
    return body
