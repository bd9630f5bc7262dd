"""What commands that change briefs have in common: who says so and why, and the record of one brief's."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from cli.shared.output import USED_WRONGLY, fail, fail_unknown
from config import keys
from worker.ledger.records import brief_subject
from worker.operations import actions
from worker.shards.merged import holder_of

if TYPE_CHECKING:
    import redis


class Order(NamedTuple):
    """A command for briefs: what it is called, by whom and why, and how it is to be given."""

    what: str
    by: str
    why: str | None
    dry_run: bool = False
    yes: bool = False
    as_json: bool = False
    more: Mapping[str, Any] = {}
    """What else the log of actions is to tell of it."""


def named(
    client: "redis.Redis", order: Order, brief_id: str, *, is_dead_letter: bool = False
) -> actions.Recorded:
    """Put a command for one brief or one dead letter on record; a caller for whom it does nothing marks it.

    Ends the command where there is no such brief, and where options are given that are for many.
    """
    if order.dry_run:
        fail("--dry-run is for a filter; `identity-worker status BRIEF` tells of one", USED_WRONGLY)
    if not is_dead_letter and not client.exists(keys.RECORD(brief_subject(brief_id))):
        fail_unknown(client, brief_id)
    which = {"dead_letter" if is_dead_letter else "brief": brief_id}
    return actions.record(holder_of(client, brief_id), order.what, order.by, order.why, **which, **order.more)
