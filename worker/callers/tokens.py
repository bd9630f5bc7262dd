"""Tokens of those who call by HTTP: shown once, when they are made; only their hash is kept.

A token is 256 random bits, so a plain SHA-256 of it is on record: there is nothing to guess that a slow hash
would make slower.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import redis

from config import keys
from config.accounts.names import ACCOUNT_NAME
from config.errors import IdentityWorkerError
from config.times import redis_ms

#: What a token begins with, by which programs that look for leaked ones know it.
PREFIX = "idw_"
#: A person's name may come from a proxy that signs people in, where it is often an e-mail address.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,63}")
#: The highest priority of a brief (docs/briefs.md).
HIGHEST = 100


class TokenError(IdentityWorkerError, ValueError):
    """Raised when a token can't be made as asked; names the field, the value and the rule."""


class Role(StrEnum):
    """What the owner of a token may do: each role may do what those before it may, except `caller`."""

    #: Sends briefs, and sees and steers those that it has sent alone.
    CALLER = "caller"
    #: Sees everything.
    VIEWER = "viewer"
    #: Sends briefs, and steers all.
    OPERATOR = "operator"
    #: Changes accounts, endpoints of webhooks and tokens.
    ADMIN = "admin"


#: The roles that see everything, each with all that those before it may.
_SEEING = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)


@dataclass(frozen=True)
class Caller:
    """Whose a token is, and what it allows."""

    name: str
    role: Role
    accounts: tuple[str, ...] = ()
    """The accounts that it may use; none named: all."""
    priority: int = HIGHEST
    """The highest priority that a brief of it may have."""
    credits_a_day: float | None = None
    """What the briefs that it sends in a day (UTC) may cost; None: no limit."""
    made_at: int = 0
    """Milliseconds since 1970."""
    by: str = ""

    @property
    def writes(self) -> bool:
        """Whether it may send briefs and steer them."""
        return self.role is not Role.VIEWER

    @property
    def sees_all(self) -> bool:
        """Whether it sees what others have sent."""
        return self.role is not Role.CALLER

    def may(self, role: Role) -> bool:
        """Return whether it may do what a role that sees everything may."""
        return self.sees_all and _SEEING.index(self.role) >= _SEEING.index(role)

    def may_use(self, account: str) -> bool:
        """Return whether it may use an account."""
        return not self.accounts or account in self.accounts


def name_in(value: object) -> str | None:
    """Return the name of a caller that a message holds; None of what is none."""
    return value if isinstance(value, str) and NAME.fullmatch(value) else None


def make(client: "redis.Redis", caller: Caller, *, replace: bool = False) -> str:
    """Put a new token on record, and return it: it is told here and never again.

    `replace` takes away what the name has. Raises TokenError, redis.RedisError.
    """
    check(caller)
    before = [digest for digest, each in _all(client) if each.name == caller.name]
    if before and not replace:
        raise TokenError(f"name '{caller.name}': has a token already; --replace makes a new one in its place")
    token = PREFIX + secrets.token_urlsafe(32)
    told = asdict(caller) | {"made_at": redis_ms(client.time())}
    with client.pipeline(transaction=True) as pipe:
        pipe.hset(keys.TOKENS(), digest_of(token), json.dumps(told))
        if before:
            pipe.hdel(keys.TOKENS(), *before)
        pipe.execute()
    return token


def find(client: "redis.Redis", token: str) -> Caller | None:
    """Return whose a token is; None of one that was never made, or is revoked."""
    return by_digest(client, digest_of(token))


def by_digest(client: "redis.Redis", digest: str) -> Caller | None:
    """Return whose the token of a digest is, as `find` does."""
    found: Any = client.hget(keys.TOKENS(), digest)
    return None if found is None else _caller(found)


def named(client: "redis.Redis", name: str) -> Caller | None:
    """Return what a name may; None where it has no token."""
    return next((caller for _, caller in _all(client) if caller.name == name), None)


def listed(client: "redis.Redis") -> list[Caller]:
    """Return those who have a token, by name."""
    return sorted((caller for _, caller in _all(client)), key=lambda each: each.name)


def any_made(client: "redis.Redis") -> bool:
    """Return whether anybody has a token."""
    return bool(client.exists(keys.TOKENS()))


def revoke(client: "redis.Redis", name: str) -> bool:
    """Take a name's token away; return whether it had one."""
    gone = [digest for digest, caller in _all(client) if caller.name == name]
    return bool(gone) and bool(client.hdel(keys.TOKENS(), *gone))


def _all(client: "redis.Redis") -> Iterator[tuple[str, Caller]]:
    found: Any = client.hgetall(keys.TOKENS())
    return ((digest, _caller(text)) for digest, text in found.items())


def _caller(text: str) -> Caller:
    told = json.loads(text)
    return Caller(**told | {"role": Role(told["role"]), "accounts": tuple(told["accounts"])})


def digest_of(token: str) -> str:
    """Return what stands on record of a token: its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()


def check(caller: Caller) -> None:
    """Raise TokenError for a name, priority, number of credits or account that no caller may have."""
    if not NAME.fullmatch(caller.name):
        raise TokenError(f"name '{caller.name}': letters, digits and _ . @ + -, 64 at most")
    if not -HIGHEST <= caller.priority <= HIGHEST:
        raise TokenError(f"priority {caller.priority}: a whole number from -{HIGHEST} to {HIGHEST}")
    if caller.credits_a_day is not None and not 0 < caller.credits_a_day < float("inf"):
        raise TokenError(f"credits a day {caller.credits_a_day:g}: a number above 0")
    _check_accounts(caller.accounts)


def _check_accounts(accounts: Sequence[str]) -> None:
    for account in accounts:
        if not ACCOUNT_NAME.fullmatch(account):
            raise TokenError(f"account '{account}': is no name that an account may have")
