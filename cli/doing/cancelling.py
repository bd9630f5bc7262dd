"""What `identity-worker cancel` does."""

from typing import TYPE_CHECKING

from actors.broker import dead_letters
from actors.broker.dead_letters import DeadLetter
from cli.render.held import STOP_REQUESTED
from cli.shared.acting import Order, named
from cli.shared.opening import load_settings, open_redis
from cli.shared.operating import Outcome, dead_letter_of, marked, one_of, operator_of, report, tell
from cli.shared.ordering import Meant, announced, carried, paid_so_far
from worker.ledger.kinds import Kind, final
from worker.ledger.records import Record
from worker.ledger.transition import Answer
from worker.lifecycle.charges import Journal
from worker.selection.filter import Filter
from worker.shards.merged import at_each

if TYPE_CHECKING:
    import redis

    from worker.operations.operator import Operator


def cancel(order: Order, wanted: Filter, brief_id: str | None) -> None:
    """End the briefs that are meant, and the command."""
    one_of(brief_id=brief_id, wanted=wanted != Filter())
    values = load_settings()
    with open_redis(values, writes=True) as client:

        def cancel(brief: Record, _: Journal) -> str:
            its = operator(brief.brief_id)
            repeated = its.cancel(brief) is Answer.DUPLICATE
            if repeated and recorded is not None:
                recorded.not_done()
            return _said(its, brief, repeated=repeated)

        found = dead_letter_of(client, brief_id) if brief_id else None
        recorded = None
        if brief_id is not None:
            recorded = named(client, order, brief_id, is_dead_letter=found is not None)
            meant = Meant(iter((brief_id,)))
        else:
            meant = announced(client, values, wanted, order, paid_so_far)
        if found is not None:
            report(marked(recorded, [_thrown_away(*found)]), as_json=order.as_json)
        operator = at_each(client, lambda its: operator_of(its, values, order, meant.order_id))
        with carried(meant) as ids:
            outcomes = (tell(operator(each).ledger, each, cancel) for each in ids)
            report(marked(recorded, outcomes), as_json=order.as_json)


def _thrown_away(client: "redis.Redis", dead_letter: DeadLetter) -> Outcome:
    did = dead_letters.drop(client, dead_letter)
    said = "is thrown away" if did else f"dead letter {dead_letter.id} was taken up by somebody else"
    return Outcome(dead_letter.id, did, "dead letter", "nothing", said)


def _said(operator: "Operator", brief: Record, *, repeated: bool) -> str:
    now = operator.ledger.read(brief.subject)
    state = brief.state if now is None else now.state
    said = state if final(Kind.BRIEF, state) else f"{STOP_REQUESTED} (it is {state})"
    return f"{said}, as was said before" if repeated else said
