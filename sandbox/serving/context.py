"""What an endpoint needs to know of its request."""

import json
import math
from typing import Any

from starlette.requests import Request

from sandbox.account.account import Account
from sandbox.account.world import World
from sandbox.common.errors import Fault, invalid


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
        body = _strict_json(await request.body())
    except (ValueError, RecursionError):
        raise invalid([Fault(None, "The body is not valid JSON.")]) from None
    if not isinstance(body, dict):
        raise invalid([Fault(None, "The body must be a JSON object.")])
    return body


def _strict_json(content: bytes) -> Any:
    """Python also reads what no answer could hold: NaN, numbers beyond all bounds, halves of characters."""
    body = json.loads(content or b"{}", parse_constant=_refuse, parse_float=_finite)
    if b"\\u" in content:
        json.dumps(body, ensure_ascii=False).encode()
    return body


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
