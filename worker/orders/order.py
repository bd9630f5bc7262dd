"""An order as it stands on record: what is to be done, to how many, and how far that is."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import redis

from config import keys
from config.errors import IdentityWorkerError
from worker.operations.stakes import Stakes
from worker.operations.updating import Change
from worker.shards.merged import clients_of


class OrderError(IdentityWorkerError):
    """Raised when an order can't be read, given, begun or stopped; says why."""


class What(StrEnum):
    """What an order may do to its members."""

    RETRY = "retry"
    CANCEL = "cancel"
    UPDATE = "update"
    """Of metadata, batch, priority."""
    PAUSE = "pause"
    """Of the batches in which the briefs are: a pause is of a batch or an account."""
    UNPAUSE = "unpause"

    @property
    def is_of_batches(self) -> bool:
        """Whether it is done to the briefs' batches, not to each of them."""
        return self in (What.PAUSE, What.UNPAUSE)


_OF_BATCHES = [what for what in What if what.is_of_batches]


class State(StrEnum):
    """The state of an order."""

    COLLECTING = "collecting"
    """Its set is looked for."""
    READY = "ready"
    """Its set is fixed, and nothing is done before a person says so."""
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is done any more."""
        return self in (State.STOPPED, State.DONE)


@dataclass(frozen=True)
class Order:
    """An order as it was read."""

    order_id: str
    state: State
    what: What
    by: str
    why: str | None
    filter: str
    change: Change | None
    """What an update changes."""
    accounts: tuple[str, ...]
    """The accounts that who wants it may use; none: all."""
    at: int
    """When it was said, ms since 1970: what was accepted later is not meant."""
    cursor: str | None
    met: int
    sums: Stakes
    """What is at stake: of its set, as it was collected."""
    alone: int
    """Briefs in no batch, where batches are meant: they are left out."""
    left: int
    """How many are left to do: briefs, or batches."""
    done: int
    already: int
    refused: int
    begun_at: int | None
    ended_at: int | None
    ended_by: str | None
    ended_why: str | None

    @property
    def number(self) -> int:
        """How many are in its set: briefs, or batches."""
        return self.left + self.past

    @property
    def past(self) -> int:
        """How many of them it is through with."""
        return self.done + self.already + self.refused

    def facts(self) -> dict[str, Any]:
        """Return it for programs."""
        change = None if self.change is None else self.change._asdict()
        return {**vars(self), "sums": vars(self.sums), "number": self.number, "change": change}


def read(client: "redis.Redis", order_id: str) -> Order | None:
    """Return an order, None where there is none (any more); `client` may read several shards.

    Raises OrderError of one that a newer release has given.
    """
    found: list[tuple[Mapping[str, str], int]] = []
    for each in clients_of(client):
        with each.pipeline(transaction=True) as pipe:
            pipe.hgetall(keys.ORDER(order_id))
            pipe.zcard(keys.ORDER_LEFT(order_id))
            fields, left = pipe.execute()
        found.append((fields, left))
    # The first has the whole record, the others what was done there.
    first = found[0][0]
    if "what" not in first:
        return None
    # A batch is in the set of each shard: one of them counts.
    parts = found[:1] if first["what"] in _OF_BATCHES else found
    try:
        return _order(order_id, first, parts)
    except (LookupError, TypeError, ValueError):  # another word, field or form
        told = f"order {order_id} is {first.get('state')}, to {first['what']}"
        raise OrderError(f"{told}: it needs a newer release than this") from None


def under_way(client: "redis.Redis") -> list[Order]:
    """Return the orders that are collected or carried out, the first begun first; none of a newer release."""
    ids: Any = clients_of(client)[0].zrange(keys.ORDERS(), 0, -1)
    found = []
    for each in ids:
        with suppress(OrderError):
            found.append(read(client, each))
    return [order for order in found if order is not None]


def refusals(client: "redis.Redis", order_id: str) -> list[dict[str, str]]:
    """Return the newest of those that were refused: which (`member`), and why (`said`)."""
    texts = [
        text for each in clients_of(client) for text in _list(each.lrange(keys.ORDER_TOLD(order_id), 0, -1))
    ]
    return [json.loads(text) for text in texts]


def _list(answer: Any) -> list[str]:
    return list(answer)


def written_sums(sums: Stakes) -> str:
    """Return what is at stake as it stands on record."""
    return json.dumps({**vars(sums), "states": dict(sums.states)})


def _sums(text: str | None) -> Stakes:
    told = json.loads(text or "{}")
    return Stakes(**{**told, "states": Counter(told.get("states", {}))})


def _order(order_id: str, fields: Mapping[str, str], parts: Sequence[tuple[Mapping[str, str], int]]) -> Order:
    def counted(name: str) -> int:
        return sum(int(its.get(name, "0")) for its, _ in parts)

    return Order(
        order_id=order_id,
        state=State(fields["state"]),
        what=What(fields["what"]),
        by=fields["by"],
        why=fields.get("why"),
        filter=fields["filter"],
        change=Change(**json.loads(fields["change"])) if "change" in fields else None,
        accounts=tuple(json.loads(fields.get("accounts", "[]"))),
        at=int(fields["at"]),
        cursor=fields.get("cursor"),
        met=int(fields.get("met", "0")),
        sums=_sums(fields.get("sums")),
        alone=int(fields.get("alone", "0")),
        left=sum(left for _, left in parts),
        done=counted("done"),
        already=counted("already"),
        refused=counted("refused"),
        begun_at=_number(fields, "begun_at"),
        ended_at=_number(fields, "ended_at"),
        ended_by=fields.get("ended_by"),
        ended_why=fields.get("ended_why"),
    )


def _number(fields: Mapping[str, str], name: str) -> int | None:
    return int(fields[name]) if name in fields else None
