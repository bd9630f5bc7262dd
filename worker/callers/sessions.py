"""Sessions of the page: a random cookie stands for a token, for twelve hours.

The token itself is in no cookie and on no record, and of the cookie its SHA-256 alone is. Whose a session is
stands on the token's record, which is read at each request: with the token all its sessions end.
"""

import secrets
from typing import Any

import redis

from config import keys
from worker.callers import tokens
from worker.callers.tokens import Caller

#: Milliseconds after which one signs in again.
LASTS_MS = 12 * 3_600_000


def new_cookie() -> str:
    """Return the value of a cookie that nobody can guess."""
    return secrets.token_urlsafe(32)


def begin(client: "redis.Redis", token: str) -> str | None:
    """Put a session on record, and return its cookie; None where there is no such token."""
    if tokens.find(client, token) is None:
        return None
    cookie = new_cookie()
    client.set(_key(cookie), tokens.digest_of(token), px=LASTS_MS)
    return cookie


def find(client: "redis.Redis", cookie: str) -> Caller | None:
    """Return who has signed in; None if the session has ended, or its token was revoked."""
    digest: Any = client.get(_key(cookie))
    return None if digest is None else tokens.by_digest(client, digest)


def end(client: "redis.Redis", cookie: str) -> None:
    """Sign out."""
    client.delete(_key(cookie))


def _key(cookie: str) -> str:
    return keys.SESSION(tokens.digest_of(cookie))
