"""What `identity-worker retry` does."""

from itertools import chain
from typing import TYPE_CHECKING

from actors.broker import dead_letters
from actors.broker.dead_letters import DeadLetter
from cli.shared.acting import Order, named
from cli.shared.opening import load_settings, open_redis
from cli.shared.operating import Outcome, dead_letter_of, marked, one_of, operator_of, report, tell
from cli.shared.ordering import Meant, announced, carried, still_to_pay
from worker.ledger.records import Record
from worker.lifecycle.charges import Journal
from worker.selection.filter import Filter
from worker.shards.merged import at_each, clients_of

if TYPE_CHECKING:
    import redis


def retry(order: Order, wanted: Filter, brief_id: str | None, *, all_held: bool) -> None:
    """Bring back the briefs that are meant, and end the command."""
    one_of(brief_id=brief_id, wanted=wanted != Filter(), all_held=all_held)
    values = load_settings()
    with open_redis(values, writes=True) as client:

        def retry(brief: Record, journal: Journal) -> str:
            return f"goes on at {operator(brief.brief_id).retry(brief, journal)}"

        dead = _dead(client, brief_id, all_held=all_held)
        recorded = None
        if brief_id is not None:
            recorded = named(client, order, brief_id, is_dead_letter=bool(dead))
            meant = Meant(iter(() if dead else (brief_id,)))
        else:
            which, of_dead = (Filter(state=("held",)), len(dead)) if all_held else (wanted, None)
            meant = announced(client, values, which, order, still_to_pay, dead_letters=of_dead)
        operator = at_each(client, lambda its: operator_of(its, values, order, meant.order_id))
        revived = (_revive(its, each) for its, one in dead for each in dead_letters.each(its, [one]))
        with carried(meant) as ids:
            outcomes = (tell(operator(each).ledger, each, retry, sets_off=True) for each in ids)
            report(marked(recorded, chain(outcomes, revived)), as_json=order.as_json)


def _dead(
    client: "redis.Redis", brief_id: str | None, *, all_held: bool
) -> "list[tuple[redis.Redis, tuple[str, str]]]":
    """Return queue and id of the dead letters that are meant, each with the client of its shard."""
    if all_held:
        return [(its, one) for its in clients_of(client) for one in dead_letters.ids(its)]
    found = dead_letter_of(client, brief_id) if brief_id else None
    return [] if found is None else [(found[0], (found[1].queue, found[1].id))]


def _revive(client: "redis.Redis", dead_letter: DeadLetter) -> Outcome:
    did = dead_letters.revive(client, dead_letter)
    said = (
        "is in its queue again" if did else f"dead letter {dead_letter.id} was brought back by somebody else"
    )
    return Outcome(dead_letter.id, did, "dead letter", "nothing", said)
