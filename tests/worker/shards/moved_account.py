"""An account that is to move to another shard, with briefs that stand where they stand for longer."""

from collections.abc import Sequence
from typing import Any

import redis
from pydantic import SecretStr

from config import keys
from config.accounts.account import Account
from config.settings import Settings
from tests.worker.two_shards import ONE, OTHER
from worker.ledger.ledger import Ledger
from worker.ledger.records import brief_subject
from worker.lifecycle import acceptance
from worker.operations.operator import Operator
from worker.shards.merged import clients_of
from worker.views import account_reading, counts, snapshots

#: NAME lives in shard 0 of one, and in shard 1 of two.
STAYS, NAME = ONE, OTHER


def fill(ledger: Ledger, settings: Settings, names: Sequence[str] = (NAME, STAYS)) -> None:
    """Put briefs of accounts on record; the first account has a batch with a budget."""
    accounts = {name: Account(name=name, token=SecretStr(name)) for name in names}
    ledger.configure(accounts.values())
    for account in accounts:
        for number in range(7):
            raw = brief(brief_id=f"{account}-{number}", account=account)
            raw |= {"batch": "b"} if number % 2 else {}
            acceptance.accept(ledger, accounts, settings, acceptance.Message(raw, "m"))
        operator = Operator(ledger.client, settings, "test", None)
        cancelled = ledger.read(brief_subject(f"{account}-6"))
        assert cancelled is not None
        operator.cancel(cancelled)
    ledger.set_budget("only", names[0], 500, "test")
    raw = brief(brief_id="budgeted", account=names[0], batch="only")
    acceptance.accept(ledger, accounts, settings, acceptance.Message(raw, "m"))


def standing(client: "redis.Redis", names: Sequence[str] = (NAME, STAYS)) -> dict[str, Any]:
    """Return what is told of the accounts and their briefs."""
    ids = sorted(map(str, client.zrange(keys.BRIEFS(), 0, -1)))
    reports = [account_reading.report(client, name) for name in sorted(names)]
    return {
        "briefs": [each.facts() | {"read_at": 0} for each in snapshots.by_ids(client, ids)],
        "counts": counts.counts(client),
        "accounts": [(each.limits, each.waiting, len(each.jobs), each.batches) for each in reports],
        "open": sum(int(each.hget(keys.BUDGET("b"), "open") or 0) for each in clients_of(client)),
        "batch": sorted(client.zrange(keys.BATCH("b"), 0, -1)),
        "journals": snapshots.journals(client, ids),
    }


def left_of(client: "redis.Redis", account: str) -> set[str]:
    """Return the keys of a shard that are about an account."""
    return {name for name in map(str, client.scan_iter()) if account in name or "budgeted" in name}


def forget(client: "redis.Redis") -> None:
    """Let a shard know nothing of what has come to it."""
    client.delete(*(name for name in client.scan_iter() if name != keys.SCHEMA()))


def brief(**fields: Any) -> dict[str, Any]:
    """Return a small brief."""
    return {"instructions": [{"prompt": "a sailor", "num_variations": 2}], **fields}
