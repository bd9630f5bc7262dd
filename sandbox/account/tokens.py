"""Tokens that an account was given, beside the one that names it (reference, section 1)."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Literal

from sandbox.account.account import Account, Token
from sandbox.account.world import World
from sandbox.common.errors import ApiError

MOST_API_TOKENS = 20
#: Lifetimes of what a login gives, in unscaled seconds; the sources name none.
LIFETIMES = {"login": 3_600.0, "refresh": 30 * 86_400.0}
#: Older ones are forgotten, and worth nothing then.
TOKENS_KEPT = 200


def issue_api_token(world: World, account: Account, seconds: float) -> Token:
    """A token of the asked lifetime; raises 400 when the account has twenty active ones."""
    now = world.clock.now()
    active = [token for token in account.tokens.values() if token.kind == "api" and token.expires > now]
    if len(active) >= MOST_API_TOKENS:
        raise ApiError(400, f"At most {MOST_API_TOKENS} tokens may be active.")
    return _issue(world, account, "api", seconds)


def log_in(world: World, account: Account) -> tuple[Token, Token]:
    """A token for a short time, and the one that it is renewed with."""
    login, refresh = (_issue(world, account, kind, LIFETIMES[kind]) for kind in ("login", "refresh"))
    return login, refresh


def renew(world: World, refresh_token: str) -> tuple[Token, Token]:
    """A new pair for a refresh token, which is used up; raises 401 for any other."""
    account = world.accounts.get(world.issued.get(refresh_token, ""))
    token = account.tokens.get(refresh_token) if account else None
    if account is None or token is None or token.kind != "refresh" or token.expires <= world.clock.now():
        raise ApiError(401, "Invalid or expired refresh token.")
    _forget(world, account, refresh_token)
    return log_in(world, account)


def _issue(world: World, account: Account, kind: Literal["api", "login", "refresh"], seconds: float) -> Token:
    account.tokens_made += 1
    token = Token(
        token_id=account.tokens_made,
        secret=secrets.token_urlsafe(32),
        kind=kind,
        expires=world.clock.now() + seconds,
        expires_on=(datetime.now(UTC) + timedelta(seconds=world.clock.real(seconds))).isoformat(),
    )
    account.tokens[token.secret] = token
    world.issued[token.secret] = account.name
    if len(account.tokens) > TOKENS_KEPT:
        _forget(world, account, next(iter(account.tokens)))
    return token


def _forget(world: World, account: Account, secret: str) -> None:
    del account.tokens[secret]
    del world.issued[secret]
