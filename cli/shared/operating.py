"""Shared by `resolve`, `retry` and `cancel`: which briefs are meant, and the report of what was done."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NoReturn

import typer

from actors.broker import dead_letters
from actors.broker.dead_letters import DeadLetter
from cli.shared.output import DID_NOT, USED_WRONGLY, complain, fail, fail_unknown, print_json, say
from config.text import printable
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record, brief_subject
from worker.lifecycle.charges import Journal, paid_text, take_apart
from worker.operations.actions import Recorded
from worker.shards.merged import clients_of
from worker.views import snapshots

if TYPE_CHECKING:
    import redis

    from cli.shared.acting import Order
    from config.settings import Settings
    from worker.operations.operator import Operator


@dataclass(frozen=True)
class Outcome:
    """The result of an operator's command for one brief."""

    brief_id: str
    did: bool
    state: str
    """Where it stands now."""
    paid: str
    """What was paid for it so far, in words."""
    said: str
    """What was done, or why nothing was."""


def read(ledger: Ledger, brief_id: str) -> tuple[Record, Journal]:
    """Return a brief and its journal; end the command when there is none."""
    brief = ledger.read(brief_subject(brief_id))
    if brief is None:
        fail_unknown(ledger.client, brief_id)
    return brief, journal_of(ledger, brief_id)


def journal_of(ledger: Ledger, brief_id: str) -> Journal:
    """Return a brief's journal, grouped by call."""
    return take_apart(snapshots.journal(ledger.client, brief_id))


def one_of(**given: object) -> None:
    """End the command unless exactly one way to say which briefs are meant was used."""
    if sum(bool(value) for value in given.values()) != 1:
        names = {"brief_id": "BRIEF", "wanted": "a filter, as --batch or --state"}
        ways = ", ".join(names.get(name, f"--{name.replace('_', '-')}") for name in given)
        fail(f"say which briefs are meant, in one way of: {ways}", USED_WRONGLY)


def dead_letter_of(client: "redis.Redis", message_id: str) -> "tuple[redis.Redis, DeadLetter] | None":
    """Return the dead letter of this id, as it is or as it is shown, with the client of its shard.

    None where there is none. A brief of the same id goes first.
    """
    if snapshots.brief(client, message_id) is not None:
        return None
    return dead_letters.shown_as(clients_of(client), message_id)


def operator_of(
    client: "redis.Redis", values: "Settings", order: "Order", order_id: str | None
) -> "Operator":
    """Return who does it at a shard."""
    # Not at the top: what is at stake is told before this is imported, which takes long.
    from worker.operations.operator import Operator

    return Operator(client, values, order.by, order.why, order_id)


def tell(
    ledger: Ledger, brief_id: str, act: Callable[[Record, Journal], str], *, sets_off: bool = False
) -> Outcome:
    """Give a command to one brief; return the result.

    `sets_off`: the command lets a stopped brief go on. What a worker begins at once then is not what was paid
    so far; where a brief is ended, though, what is under way may have been paid.
    """
    # Not at the top: what is at stake is told before this is imported, which takes long.
    from worker.lifecycle.recovery import OperationRefusedError

    brief, journal = read(ledger, brief_id)
    try:
        said, did = act(brief, journal), True
    except OperationRefusedError as error:
        said, did = str(error), False
    view = snapshots.brief(ledger.client, brief_id)
    state, credits_known = (brief.state, 0.0) if view is None else (view.state, view.credits)
    paid = paid_text(credits_known, journal if sets_off else journal_of(ledger, brief_id))
    return Outcome(brief_id, did, state, paid, said)


def marked(recorded: Recorded | None, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Yield results; where one was not done, the command for it alone that is on record is marked."""
    for outcome in outcomes:
        if recorded is not None and not outcome.did:
            recorded.not_done()
        yield outcome


def report(outcomes: Iterable[Outcome], *, as_json: bool) -> NoReturn:
    """Print each result as it comes, and end the command: with 1 when something was not done."""
    if as_json:
        found = list(outcomes)
        print_json([asdict(outcome) for outcome in found])
        raise typer.Exit(0 if all(outcome.did for outcome in found) else DID_NOT)
    any_met, all_did = False, True
    for outcome in outcomes:
        any_met, all_did = True, all_did and outcome.did
        if outcome.did:
            say(printable(f"{outcome.brief_id}: {outcome.said}; paid so far: {outcome.paid}"))
        else:
            complain(printable(outcome.said))
    if not any_met:
        say("Nothing was to be done: none of these is in a state for it.")
    raise typer.Exit(0 if all_did else DID_NOT)
