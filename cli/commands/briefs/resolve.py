"""`identity-worker resolve`: answer the question that a held brief asks."""

from typing import Annotated

import typer

from cli.shared.acting import Order, Why, named
from cli.shared.opening import load_settings, open_redis
from cli.shared.operating import report, tell
from cli.shared.options import BriefId, By, person
from cli.shared.output import USED_WRONGLY, Json, fail
from config.accounts.account import AccountsError
from config.accounts.reading import load_accounts
from config.settings import Settings
from worker.ledger.records import Record
from worker.lifecycle.charges import Journal, paid_text
from worker.operations.operator import Operator
from worker.piktid.errors import ApiError


def command(
    brief_id: BriefId,
    adopt: Annotated[
        str | None, typer.Option(metavar="JOB", help="Its create arrived: this is its job.")
    ] = None,
    resend: Annotated[
        bool, typer.Option("--resend", help="Make the call again that may have been paid already.")
    ] = False,
    give_up: Annotated[bool, typer.Option("--give-up", help="Fail it.")] = False,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Say what became of a paid call whose outcome nobody knows.

    `status --held` lists the briefs that ask. With --adopt the API is asked for the job first.
    """
    if sum((adopt is not None, resend, give_up)) != 1:
        fail("answer in one way: --adopt JOB, --resend or --give-up", USED_WRONGLY)
    order = Order("resolve", person(by), why, more={"answer": _answer(adopt, resend=resend)})
    values = load_settings()
    with open_redis(values, writes=True, brief=brief_id) as client:
        named(client, order, brief_id)
        operator = Operator(client, values, order.by, why)

        def answer(brief: Record, journal: Journal) -> str:
            if adopt is not None:
                return _adopt(operator, values, brief, adopt)
            if resend:
                operator.resend(brief)
                return "goes on; the call in question is made again"
            operator.give_up(brief, paid_text(float(brief.get("credits_used") or 0), journal))
            return "given up"

        outcome = tell(operator.ledger, brief_id, answer)
    report([outcome], as_json=as_json)


def _answer(adopt: str | None, *, resend: bool) -> str:
    return f"adopt {adopt}" if adopt is not None else "resend" if resend else "give up"


def _adopt(operator: Operator, values: Settings, brief: Record, job_id: str) -> str:
    # Not at the top: the other answers need no HTTP client.
    from worker.network.pool import open_pool
    from worker.piktid.client import PiktID

    try:
        account = load_accounts(values).get(brief.account)
    except AccountsError as error:
        fail(str(error), USED_WRONGLY)
    if account is None:
        fail(
            f"account {brief.account} of brief {brief.brief_id} is not among the accounts here", USED_WRONGLY
        )
    with open_pool(timeout_read=values.request_timeout) as pool:
        try:
            operator.adopt(brief, job_id, PiktID(pool, values.api_url, account.token))
        except ApiError as error:
            fail(f"the API could not be asked for job {job_id}: {error}\nTry again later.")
    return f"has job {job_id} and goes on"
