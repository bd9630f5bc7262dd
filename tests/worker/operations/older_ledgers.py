"""Ledgers as releases before the schema left them, and steps of a schema that is yet to come."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from config import keys
from config.recorded import schema
from config.recorded.schema import Step
from config.settings import Settings
from worker.ledger.library import ledger_library
from worker.operations.migrating import Following, Piece, migrate
from worker.store.functions import Functions

#: A step beside which nothing older may work: with it this release would be one of schema 3.
ALONE = Step(3, "0.9.0", "records are written anew", "count_briefs", oldest=3)


def forget_counts(client: "redis.Redis") -> None:
    """Leave the briefs on record as releases of schema 1 wrote them."""
    briefs: Any = client.zrange(keys.BRIEFS(), 0, -1)
    for brief_id in briefs:
        client.hdel(keys.RECORD(f"brief:{brief_id}"), "counted")
    client.delete(keys.BRIEFS(), keys.FINISHED_AS(), keys.COUNTS("default"), keys.COUNTED(), keys.SCHEMA())


@contextmanager
def newer_release(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be the release that has one step more."""
    with monkeypatch.context() as patch:
        patch.setattr(schema, "STEPS", (*schema.STEPS, ALONE))
        yield


def functions_of(client: "redis.Redis", settings: Settings) -> Functions:
    """The functions of the release that this is at the moment."""
    return Functions(client, ledger_library(settings))


def migrated(functions: Functions) -> list[Piece]:
    """Do all pieces that are to be done; what each returned."""
    done: list[Piece] = []
    while not done or done[-1].following is Following.MORE:
        done.append(functions.run(migrate()))
    return done
