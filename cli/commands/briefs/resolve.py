"""`identity-worker resolve`: answer the question that a held brief asks."""

from typing import Annotated

import typer

from cli.shared.options import BriefId, By, Why, person
from cli.shared.output import USED_WRONGLY, Json, fail


def command(
    brief_id: BriefId,
    adopt: Annotated[
        str | None, typer.Option(metavar="JOB", help="Its create arrived: this is its job.")
    ] = None,
    resend: Annotated[
        bool, typer.Option("--resend", help="Make the call again, though it may have been paid already.")
    ] = False,
    give_up: Annotated[bool, typer.Option("--give-up", help="Fail it.")] = False,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Say what became of a paid call whose outcome is unknown.

    `status --held` lists the briefs that ask for this. With --adopt, the API is first asked for the job.
    """
    if sum((adopt is not None, resend, give_up)) != 1:
        fail("answer in one way: --adopt JOB, --resend or --give-up", USED_WRONGLY)
    # Not at the top: the help should not wait for its import.
    from cli.doing import resolving
    from cli.shared.acting import Order

    answer = f"adopt {adopt}" if adopt is not None else "resend" if resend else "give up"
    order = Order("resolve", person(by), why, as_json=as_json, more={"answer": answer})
    resolving.resolve(order, brief_id, adopt, resend=resend)
