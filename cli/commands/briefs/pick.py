"""`identity-worker pick`: a person's choice among a brief's drafts."""

from typing import Annotated

import typer

from cli.shared.acting import Order, Why, named
from cli.shared.opening import load_settings, open_redis
from cli.shared.options import BriefId, By, person
from cli.shared.output import Json, fail, print_json
from worker.ledger.ledger import Ledger
from worker.lifecycle.choosing import PickError
from worker.operations import picking


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
