"""Tokens: made, listed, got by a login and renewed (reference, section 1)."""

import base64
import binascii
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.account.account import Account, Token
from sandbox.account.tokens import issue_api_token, log_in, renew
from sandbox.common.errors import ApiError, Fault, invalid
from sandbox.common.names import TOKEN_PREFIX
from sandbox.extras.account import profile
from sandbox.serving.context import account_of, json_object, world_of
from sandbox.serving.paging import choice, flag, page_of

HOUR = 3_600.0
FOUR_YEARS = 4 * 365.25 * 86_400
_DURATION = TypeAdapter(timedelta)


async def make_token(request: Request) -> JSONResponse:
    """A token of the account with the asked lifetime; only this answer shows it."""
    seconds = _seconds((await json_object(request)).get("expiration"))
    token = issue_api_token(world_of(request), account_of(request), seconds)
    return JSONResponse({"token": token.secret, "expiration_date": token.expires_on})


async def list_tokens(request: Request) -> JSONResponse:
    """A page of the tokens made so, without the tokens themselves."""
    query, now = request.query_params, world_of(request).clock.now()
    expired = flag(query, "include_expired")
    found = [
        {"token_id": token.token_id, "expiration_date": token.expires_on}
        for token in account_of(request).tokens.values()
        if token.kind == "api" and (expired or token.expires > now)
    ]
    if choice(query, "order", ("desc", "asc")) == "desc":
        found.reverse()
    return JSONResponse(page_of(query, "tokens", found))


async def login(request: Request) -> JSONResponse:
    """A pair of tokens for a user (HTTP Basic). The user NAME is the account sandbox-NAME."""
    account = _user(request)
    pair = log_in(world_of(request), account)
    return JSONResponse({**_pair(*pair), "user": profile(account)})


async def refresh(request: Request) -> JSONResponse:
    """A new pair for a refresh token."""
    token = (await json_object(request)).get("refresh_token")
    if not isinstance(token, str):
        raise invalid([Fault("refresh_token", "Must be a string.")])
    return JSONResponse(_pair(*renew(world_of(request), token)))


def _pair(token: Token, renewal: Token) -> dict[str, str]:
    return {
        "token": token.secret,
        "expiration_date": token.expires_on,
        "refresh_token": renewal.secret,
        "refresh_expiration": renewal.expires_on,
    }


def _user(request: Request) -> Account:
    """The account of the Basic credentials, which need some password; raises 401."""
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        name = password = ""
    account = world_of(request).named(TOKEN_PREFIX + name)
    if kind.lower() != "basic" or account is None or not password:
        raise ApiError(401, "Wrong user or password.")
    return account


def _seconds(expiration: object) -> float:
    """The lifetime, given as a number of seconds or as an ISO 8601 duration; raises 400."""
    fault = Fault("expiration", "Must be a duration from 1 hour to 4 years.")
    if isinstance(expiration, bool):
        raise invalid([fault])
    try:
        seconds = _DURATION.validate_python(expiration).total_seconds()
    except (ValidationError, OverflowError):
        raise invalid([fault]) from None
    if not HOUR <= seconds <= FOUR_YEARS:
        raise invalid([fault])
    return seconds
