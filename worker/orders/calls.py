"""The ledger's commands about orders.

What each does stands at the head of its file, `worker/ledger/lua/orders/`.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from config import keys
from worker.operations import actions
from worker.orders.order import State
from worker.store.functions import Command, flag, nothing

#: The state of an order that does not exist.
NONE = "none"


def order_add(
    order: str,
    members: Sequence[tuple[int, str]],
    fields: Mapping[str, str] | None = None,
    since: str | None = None,
) -> Command[bool]:
    """Put members into the set of an order, by the times that they were accepted; answers if it is open.

    `fields` say how far the set is collected then, and `since` the place from which the caller went on, blank
    for the beginning. If another process has got further, nothing is put in, and the answer is as if the set
    were not open.
    """
    given = {"order": order, "members": list(members), "set": fields, "since": since}
    return Command("order_add", keys.ORDER(order), flag, given)


def order_move(
    order: str,
    states: Sequence[str],
    to: State,
    fields: Mapping[str, str] | None = None,
    log: str | None = None,
) -> Command[bool]:
    """Bring an order on from one of these states; answers whether it is there."""
    kept = None if log is None else actions.KEPT
    given = {"order": order, "from": list(states), "to": to, "set": fields, "log": log, "log_most": kept}
    return Command("order_move", keys.ORDER(order), flag, given)


def order_pass(
    order: str, member: str, how: Literal["already", "refused"], told: str | None = None
) -> Command[None]:
    """Go past a member for which nothing was to be done, or which refused it."""
    given = {"order": order, "member": member, "how": how, "told": told}
    return Command("order_pass", keys.ORDER(order), nothing, given)
