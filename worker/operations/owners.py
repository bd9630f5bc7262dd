"""Which installation owns a ledger's accounts: a second one, with other tokens, must not start on it.

Its briefs would be bought from other accounts of the API, and what all of them hold would be counted as one.
On record is a digest of what the token is of, so that a renewed token of the same account starts as well.
"""

import json
from collections.abc import Iterable, Mapping
from itertools import islice

import redis
from pydantic import SecretStr

from config import durations, keys
from config.accounts.account import Account
from config.accounts.expiry import claims_of
from config.accounts.tokens import digest_of
from config.errors import IdentityWorkerError
from config.times import redis_ms
from worker.ledger.accounts import CONFIGURED_AT_ONCE
from worker.ledger.records import account_subject
from worker.operations import actions
from worker.store.functions import Command, Functions, texts


class TakenError(IdentityWorkerError):
    """Raised when accounts are used with other tokens; names one, and says what to do."""

    def __init__(self, taken: list[str]) -> None:
        more = f" (and {len(taken) - 1} more)" if taken[1:] else ""
        super().__init__(
            f"account {taken[0]}{more} is in use on this Redis with another token. A second installation "
            "needs an IDENTITY_WORKER_NAMESPACE, or a Redis, of its own; if it is a new token "
            f"of the same account, run this first: identity-worker accounts --token-changed {taken[0]}"
        )


def claim(
    functions: Functions, accounts: Mapping[str, Account], before: Mapping[str, Account] | None = None
) -> None:
    """Record that this installation owns these accounts.

    `before` are those that this process had until now.

    Raises TakenError, and redis.RedisError.
    """
    taken: list[str] = []
    remaining = iter(accounts.values())
    while some := list(islice(remaining, CONFIGURED_AT_ONCE)):
        known = [before[each.name] for each in some if before and each.name in before]
        taken += functions.run(_own(_owners(some), _owners(known)))
    if taken:
        raise TakenError(sorted(taken))


def expect_another(client: "redis.Redis", account: str, by: str) -> None:
    """Let the first process that starts with another token within a day own an account.

    Processes that start with the old token meanwhile do not change that. Raises redis.RedisError.
    """
    actions.record(client, "token-changed", by, None, account=account)
    until = redis_ms(client.time()) + durations.OWNER_EXPECTED_MS
    client.hset(keys.RECORD(account_subject(account)), "owner_open_until", until)


def _own(owners: Mapping[str, str], before: Mapping[str, str]) -> Command[list[str]]:
    given = {"owners": dict(owners), "before": dict(before)}
    return Command("own", keys.ACCOUNTS(), texts, given)


def _owners(accounts: Iterable[Account]) -> dict[str, str]:
    return {account.name: owner_of(account.name, account.token) for account in accounts}


def owner_of(account: str, token: SecretStr) -> str:
    """Return a digest of a token's owner: of the user that a JWT names, else of the token itself.

    The account's name is part of it, so nobody sees that the tokens of two accounts are of one user.
    """
    return digest_of(account, _user(token))


def _user(token: SecretStr) -> str:
    """Return the user that a JWT names (RFC 7519, 4.1.1 and 4.1.2), any other token as it is."""
    claims = claims_of(token)
    user = json.dumps([claims.get("iss"), claims.get("sub")], sort_keys=True)
    return user if claims.get("sub") else token.get_secret_value()
