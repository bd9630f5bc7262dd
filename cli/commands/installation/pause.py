"""`identity-worker pause`: nothing new begins of an account or a batch."""

from cli.shared.halting import Account, Batch, at_all, named, which
from cli.shared.opening import load_settings, open_redis
from cli.shared.options import By, Why, person
from cli.shared.output import Json, print_json, say
from config import keys
from config.text import printable
from worker.ledger.ledger import Ledger
from worker.operations import halts


def command(
    account: Account = None, batch: Batch = None, why: Why = None, by: By = None, as_json: Json = False
) -> None:
    """Pause an account or a batch: none of its waiting briefs starts until `unpause`; what runs goes on.

    A batch may be paused before its briefs come. Who paused it, when and why is on record, and shown by
    status, why and watch.
    """
    values = load_settings()
    with open_redis(values, writes=True) as client:
        what = which(client, account, batch)
        before = at_all(client, what, lambda its: halts.halt(Ledger(its, values), what, person(by), why))
        is_new = what.batch is not None and not client.exists(keys.BATCH(what.batch))
    if as_json:
        print_json({**what._asdict(), "before": None if before is None else before._asdict()})
        return
    say(f"{named(what)} is paused" + (f"; it was {printable(before.words)}" if before else ""))
    if is_new:
        say("No brief of it is on record yet; `identity-worker accounts` names the batches that wait.")
