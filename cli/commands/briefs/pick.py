"""`identity-worker pick`: a person's choice among a brief's drafts, the first one and another after it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cli.shared.opening import load_settings, open_redis
from cli.shared.options import BriefId, By, Why, person
from cli.shared.output import USED_WRONGLY, Json, fail, print_json

if TYPE_CHECKING:
    from cli.shared.acting import Order
    from worker.ledger.ledger import Ledger


def command(
    brief_id: BriefId,
    drafts: Annotated[list[int], typer.Argument(metavar="DRAFT...", help="Ids of the drafts to promote.")],
    leave_rest: Annotated[
        bool, typer.Option("--leave-rest", help="Let instructions without a pick yield no identity.")
    ] = False,
    again: Annotated[
        bool,
        typer.Option("--again", help="After a choice: promote one draft more, for the price of an identity."),
    ] = False,
    instead_of: Annotated[
        int | None,
        typer.Option(metavar="DRAFT", help="Replace this draft, whose promotion has not begun."),
    ] = None,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Choose which drafts of a brief become identities.

    `status BRIEF` shows the drafts with the URLs of their pictures.
    """
    # Not at the top: the help should not wait for its import.
    from cli.shared.acting import Order, named
    from worker.ledger.ledger import Ledger
    from worker.lifecycle.choosing import PickError
    from worker.operations import picking

    is_again = again or instead_of is not None
    if is_again and (len(drafts) != 1 or leave_rest):
        fail("a choice is made again for one draft at a time, without --leave-rest", USED_WRONGLY)
    more = {"drafts": drafts} | ({"instead_of": instead_of} if is_again else {})
    order = Order("choose again" if is_again else "pick", person(by), why, more=more)
    values = load_settings()
    with open_redis(values, writes=True, brief=brief_id) as client:
        ledger = Ledger(client, values)
        said_before = not is_again and picking.is_on_record(ledger, brief_id, drafts)
        promoting = drafts
        if not said_before:
            try:
                with named(client, order, brief_id).refused_by(PickError):
                    if is_again:
                        promoting = _again(ledger, order, brief_id, drafts, instead_of)
                    else:
                        promoting = picking.pick(ledger, brief_id, drafts, leave_rest=leave_rest)
            except PickError as error:
                fail(str(error))
    if as_json:
        print_json({"brief_id": brief_id, "promoting": promoting})
    else:
        before = ", as was said before" if said_before else ""
        typer.echo(f"{brief_id}: promoting {', '.join(map(str, promoting))}{before}")


def _again(
    ledger: "Ledger", order: "Order", brief_id: str, drafts: Sequence[int], instead_of: int | None
) -> list[int]:
    """Have one draft more promoted, or one in place of another. Raises PickError."""
    from worker.operations import picking

    (draft,) = drafts
    instead = None if instead_of is None else picking.number_of(ledger, brief_id, instead_of)
    picking.choose_again(ledger, brief_id, draft, instead=instead, by=order.by, why=order.why)
    return [draft]
