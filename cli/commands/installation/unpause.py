"""`identity-worker unpause`: what a person has paused goes on."""

from cli.shared.halting import Account, Batch, at_all, named, which
from cli.shared.opening import load_settings, open_redis
from cli.shared.options import By, Why, person
from cli.shared.output import Json, print_json, say
from config.text import printable
from worker.ledger.ledger import Ledger
from worker.operations import halts


def command(
    account: Account = None, batch: Batch = None, why: Why = None, by: By = None, as_json: Json = False
) -> None:
    """End a pause that `pause` began, for an account or a batch.

    Pauses that began because the API refused are lifted by `resume`.
    """
    values = load_settings()
    with open_redis(values, writes=True) as client:
        what = which(client, account, batch)
        before = at_all(client, what, lambda its: halts.go_on(Ledger(its, values), what, person(by), why))
    if as_json:
        print_json({**what._asdict(), "before": None if before is None else before._asdict()})
        return
    say(
        f"{named(what)} goes on; it was {printable(before.words)}"
        if before
        else f"{named(what)} was not paused"
    )
