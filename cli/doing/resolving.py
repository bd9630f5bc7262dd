"""What `identity-worker resolve` does."""

from typing import NoReturn

import typer

from cli.shared.acting import Order, named
from cli.shared.opening import load_settings, open_redis
from cli.shared.operating import marked, report, tell
from cli.shared.output import USED_WRONGLY, fail
from config.settings import Settings
from worker.ledger.records import Record
from worker.lifecycle.charges import Journal, paid_text
from worker.operations.operator import Operator


def resolve(order: Order, brief_id: str, adopt: str | None, *, resend: bool) -> NoReturn:
    """Answer for a brief: adopt a job, send it again, or else give it up; ends the command."""
    values = load_settings()
    with open_redis(values, writes=True, brief=brief_id) as client:
        recorded = named(client, order, brief_id)
        operator = Operator(client, values, order.by, order.why)

        def answer(brief: Record, journal: Journal) -> str:
            if adopt is not None:
                return _adopt(operator, values, brief, adopt)
            if resend:
                operator.resend(brief)
                return "goes on; the call in question is made again"
            operator.give_up(brief, paid_text(float(brief.get("credits_used") or 0), journal))
            return "given up"

        # Whatever ends an answer with `fail` has changed nothing.
        with recorded.refused_by(typer.Exit):
            outcome = tell(operator.ledger, brief_id, answer)
        report(marked(recorded, [outcome]), as_json=order.as_json)


def _adopt(operator: Operator, values: Settings, brief: Record, job_id: str) -> str:
    # Not at the top: the other answers need no HTTP client and no accounts.
    from config.accounts.account import AccountsError
    from config.accounts.reading import load_account
    from worker.network.pool import open_pool
    from worker.piktid.client import PiktID
    from worker.piktid.errors import ApiError

    try:
        account = load_account(values, brief.account)
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
