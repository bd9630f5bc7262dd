"""`identity-worker retry`: bring back briefs that stopped."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from actors.broker import dead_letters
from actors.broker.dead_letters import DeadLetter
from cli.shared.opening import load_settings, open_redis
from cli.shared.operating import Outcome, dead_letter_of, of_batch, one_of, report, tell
from cli.shared.options import BriefOrDeadLetter, person
from cli.shared.output import Json
from worker.ledger.records import Record
from worker.lifecycle.charges import Journal
from worker.operations.operator import Operator
from worker.views import snapshots
from worker.views.models import BriefView

if TYPE_CHECKING:
    import redis


def command(
    brief_id: BriefOrDeadLetter = None,
    batch: Annotated[
        str | None, typer.Option(metavar="NAME", help="The briefs of this batch that stopped.")
    ] = None,
    all_held: Annotated[
        bool, typer.Option("--all-held", help="All that are held, and all dead letters.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring briefs that failed or are held back to where they were, without paying again for what was paid.

    Paid drafts are chosen from again, chosen drafts promoted again; only a brief whose create the API never
    took on is sent again.
    """
    one_of(brief_id=brief_id, batch=batch, all_held=all_held)
    values = load_settings()
    with open_redis(values, writes=True) as client:
        operator = Operator(client, values, person())

        def retry(brief: Record, journal: Journal) -> str:
            return f"goes on at {operator.retry(brief, journal)}"

        dead = _dead(client, brief_id, all_held=all_held)
        meant = [] if brief_id and dead else _meant(client, brief_id, batch)
        outcomes = [tell(operator.ledger, each, retry) for each in meant]
        outcomes += [_revive(client, dead_letter) for dead_letter in dead]
    report(outcomes, as_json=as_json)


def _meant(client: "redis.Redis", brief_id: str | None, batch: str | None) -> list[str]:
    if brief_id is not None:
        return [brief_id]
    if batch is None:
        return snapshots.held_ids(client)
    return [brief.brief_id for brief in snapshots.each(client, of_batch(client, batch)) if _stopped(brief)]


def _dead(client: "redis.Redis", brief_id: str | None, *, all_held: bool) -> Iterable[DeadLetter]:
    """Return the dead letters that are meant."""
    if all_held:
        return dead_letters.each(client, dead_letters.ids(client))
    dead_letter = dead_letter_of(client, brief_id) if brief_id else None
    return [] if dead_letter is None else [dead_letter]


def _revive(client: "redis.Redis", dead_letter: DeadLetter) -> Outcome:
    did = dead_letters.revive(client, dead_letter)
    said = (
        "is in its queue again" if did else f"dead letter {dead_letter.id} was brought back by somebody else"
    )
    return Outcome(dead_letter.id, did, "dead letter", "nothing", said)


def _stopped(brief: BriefView) -> bool:
    """Whether a brief of a batch is one that can be retried: what breaks rules, or was cancelled, is not."""
    failed = brief.state == "failed" and not brief.faults
    part = brief.state == "done" and any(promotion.state == "failed" for promotion in brief.promotions)
    return brief.state == "held" or failed or part
