"""`identity-worker pick`: a person's choice among a brief's drafts."""

from typing import Annotated

import typer

from cli.shared.opening import load_settings, open_redis
from cli.shared.options import BriefId, By, Why, person
from cli.shared.output import Json, fail, print_json


def command(
    brief_id: BriefId,
    drafts: Annotated[list[int], typer.Argument(metavar="DRAFT...", help="Ids of the drafts to promote.")],
    leave_rest: Annotated[
        bool, typer.Option("--leave-rest", help="Let instructions without a pick yield no identity.")
    ] = False,
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

    order = Order("pick", person(by), why, more={"drafts": drafts})
    values = load_settings()
    with open_redis(values, writes=True, brief=brief_id) as client:
        named(client, order, brief_id)
        try:
            promoting = picking.pick(Ledger(client, values), brief_id, drafts, leave_rest=leave_rest)
        except PickError as error:
            fail(str(error))
    if as_json:
        print_json({"brief_id": brief_id, "promoting": promoting})
    else:
        typer.echo(f"{brief_id}: promoting {', '.join(map(str, promoting))}")
