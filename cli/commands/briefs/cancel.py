"""`identity-worker cancel`: end briefs, wherever they are."""

from typing import TYPE_CHECKING, Annotated

import typer

from actors.broker import dead_letters
from actors.broker.dead_letters import DeadLetter
from cli.render.held import AS_WISHED
from cli.shared.opening import load_settings, open_redis
from cli.shared.operating import Outcome, dead_letter_of, of_batch, one_of, report, tell
from cli.shared.options import BriefOrDeadLetter, person
from cli.shared.output import Json
from worker.ledger.kinds import Kind, final
from worker.ledger.records import Record
from worker.ledger.transition import Answer
from worker.lifecycle.charges import Journal
from worker.operations.operator import Operator

if TYPE_CHECKING:
    import redis


def command(
    brief_id: BriefOrDeadLetter = None,
    batch: Annotated[
        str | None, typer.Option(metavar="NAME", help="All briefs of this batch that are not finished.")
    ] = None,
    as_json: Json = False,
) -> None:
    """End briefs, and say what was already paid for them.

    What waits ends at once. The API has no call that stops a job: a brief whose job is under way ends when
    the job does, and nothing more is bought for it. Identities that are bought already are finished.
    A dead letter is thrown away.
    """
    one_of(brief_id=brief_id, batch=batch)
    values = load_settings()
    with open_redis(values, writes=True) as client:
        operator = Operator(client, values, person())

        def cancel(brief: Record, _: Journal) -> str:
            repeated = operator.cancel(brief) is Answer.DUPLICATE
            return _said(operator, brief, repeated=repeated)

        def wanted(outcome_of: str) -> bool:
            brief = operator.ledger.read(f"{Kind.BRIEF}:{outcome_of}")
            return brief is not None and not final(Kind.BRIEF, brief.state)

        dead_letter = dead_letter_of(client, brief_id) if brief_id else None
        if dead_letter is not None:
            report([_thrown_away(client, dead_letter)], as_json=as_json)
        ids = [brief_id] if brief_id else list(filter(wanted, of_batch(client, batch or "")))
        outcomes: list[Outcome] = [tell(operator.ledger, each, cancel) for each in ids]
    report(outcomes, as_json=as_json)


def _thrown_away(client: "redis.Redis", dead_letter: DeadLetter) -> Outcome:
    did = dead_letters.drop(client, dead_letter)
    said = "is thrown away" if did else f"dead letter {dead_letter.id} was taken up by somebody else"
    return Outcome(dead_letter.id, did, "dead letter", "nothing", said)


def _said(operator: Operator, brief: Record, *, repeated: bool) -> str:
    now = operator.ledger.read(brief.subject)
    state = brief.state if now is None else now.state
    said = state if final(Kind.BRIEF, state) else f"{AS_WISHED} (it is {state})"
    return f"{said}, as was said before" if repeated else said
