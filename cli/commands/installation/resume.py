"""`identity-worker resume`: lifts the pauses of an account at once."""

import typer

from cli.shared.opening import load_settings, open_redis
from cli.shared.options import Account, By, Why, must_be_known, person
from cli.shared.output import Json, print_json, say
from config.text import printable
from worker.ledger.kinds import ENDPOINTS
from worker.ledger.ledger import Ledger
from worker.operations import halts

_WHAT: dict[str, str] = {
    "pause": "the pause of the whole account",
    **{endpoint: f"the pause of {endpoint}s" for endpoint in ENDPOINTS},
    "prepare": "the pause of uploads and descriptions",
    "slots": "what the API has said of the slots, identities",
    "working": "the limit while others use the account, jobs",
}


def command(account: Account, why: Why = None, by: By = None, as_json: Json = False) -> None:
    """Lift all pauses of an account: what waited for their end goes on now.

    Use it when you know that the reason is gone: there is a new token, there are credits or a free slot. If
    it is not gone, the API refuses the next request too, and the account pauses again.
    """
    values = load_settings()
    with open_redis(values, writes=True, account=account) as client:
        must_be_known(client, account)
        lifted = halts.resume(Ledger(client, values), account, person(by), why)
    if as_json:
        print_json({"account": account, "lifted": lifted})
        return
    if not lifted:
        typer.echo(f"account {printable(account)} was not paused")
    for what, reason in lifted.items():
        say(printable(f"lifted {_WHAT[what]}: {reason}"))
