"""`identity-worker pick`: a person's choice among a brief's drafts."""

from typing import Annotated

import typer

from cli.shared.opening import load_settings, open_redis
from cli.shared.options import BriefId
from cli.shared.output import Json, fail, fail_unknown, print_json
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record, brief_subject
from worker.ledger.transition import Answer
from worker.lifecycle import choosing, record_fields
from worker.lifecycle.choosing import Chosen, PickError


def command(
    brief_id: BriefId,
    drafts: Annotated[list[int], typer.Argument(metavar="DRAFT...", help="Ids of the drafts to promote.")],
    leave_rest: Annotated[
        bool, typer.Option("--leave-rest", help="Let instructions without a pick yield no identity.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Choose which drafts of a brief become identities.

    `status BRIEF` shows the drafts with the URLs of their pictures.
    """
    values = load_settings()
    with open_redis(values, writes=True) as client:
        ledger = Ledger(client, values)
        brief = ledger.read(brief_subject(brief_id))
        if brief is None:
            fail_unknown(brief_id)
        if brief.state != "choosing":
            fail(
                f"brief {brief_id} is {brief.state}: only drafts of a brief that is choosing can be picked\n"
                f"`identity-worker why {brief_id}` says what becomes of it."
            )
        chosen = _choose(brief, drafts, leave_rest=leave_rest)
        if ledger.plan(brief_id, [each.fields() for each in chosen]) is not Answer.APPLIED:
            fail(f"brief {brief_id} was decided on by somebody else just now; see `status {brief_id}`")
    promoting = [draft.image_result_id for each in chosen for draft in each.drafts[:1]]
    if as_json:
        print_json({"brief_id": brief_id, "promoting": promoting})
    else:
        typer.echo(f"{brief_id}: promoting {', '.join(map(str, promoting))}")


def _choose(brief: Record, picks: list[int], *, leave_rest: bool) -> list[Chosen]:
    rules, drafts = record_fields.rules_of(brief), record_fields.drafts_of(brief)
    try:
        choosing.check_picks(rules, drafts, picks)
    except PickError as error:
        fail(str(error))
    left = choosing.unpicked(rules, drafts, picks)
    if left and not leave_rest:
        # There is no second pick: their drafts, which are paid for, would be lost.
        names = ", ".join(f"instructions[{number}]" for number in left)
        fail(f"no pick for {names}; name a draft of each, or add --leave-rest")
    return choosing.choose(rules, drafts, picks) or []
