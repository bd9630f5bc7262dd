"""The ledger's commands: for each file under `lua/`, what it is given and what it answers.

`Functions.run(command)` calls one (`worker.store.functions`), `AsyncFunctions.run` the same over asyncio.
What a command does stands at the head of its file. Those of listeners stand in `worker.ledger.leases`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from config import keys
from worker.ledger.arrivals import Arrival, Arrived
from worker.ledger.command_answers import (
    Waits,
    Woken,
    read_answer,
    read_arrived,
    read_pairs,
    read_waits,
    read_woken,
)
from worker.ledger.records import account_subject, brief_subject, inside
from worker.ledger.transition import Answer, Move, Note, Transition
from worker.store.functions import Command, flag, nothing, number, texts
from worker.store.functions import text as text_of
from worker.store.replicas import Claim, claim_arguments

if TYPE_CHECKING:
    from worker.ledger.events import Archived, BriefUpdated

#: What changes or tells a record: {field: text}.
Fields = Mapping[str, str]
#: What a brief's journal is told.
Entry = Mapping[str, Any]

# Records.


def accept(arrival: Arrival, redis_id: bytes | None = None) -> Command[Arrived]:
    """Put a brief on record; `redis_id` is the id in Redis of the message that brings it."""
    key = _record(brief_subject(arrival.brief_id))
    return Command("accept", key, read_arrived, arrival.arguments(), () if redis_id is None else (redis_id,))


def compare(arrivals: Sequence[Arrival]) -> Command[list[Arrived]]:
    """Return what `accept` would answer to each of at least one arrival."""
    given = {"arrivals": [arrival.arguments() for arrival in arrivals]}
    key = _record(brief_subject(arrivals[0].brief_id))
    return Command("compare", key, lambda answer: [read_arrived(each) for each in answer], given)


def advance(
    subject: str,
    transition: Transition,
    *,
    states: Sequence[str] | None = None,
    when: Fields | None = None,
    claim: Claim | None = None,
) -> Command[Answer]:
    """Move a record to a state, from one of `states` if they are given, and only while `when` holds.

    A `claim` that was granted is granted again.
    """
    given = {"subject": subject, "from": states, "when": when} | claim_arguments(claim)
    return Command("advance", _record(subject), read_answer, given | transition.arguments())


def note(
    subject: str, note: Note, *, state: str, when: Fields | None = None, claim: Claim | None = None
) -> Command[Answer]:
    """Change a record that stays in its state; `when` and `claim` as of `advance`."""
    given = {"subject": subject, "state": state, "when": when, **claim_arguments(claim), **note.arguments()}
    return Command("note", _record(subject), read_answer, given)


def plan(
    brief: str, promotions: Sequence[Fields], *, when: Fields | None = None, fields: Fields | None = None
) -> Command[Answer]:
    """Record a choice of drafts, and `fields` of the brief, only while `when` holds."""
    given = {"brief": brief, "promotions": list(promotions), "when": when, "set": fields}
    return Command("plan", _record(brief_subject(brief)), read_answer, given)


def recount(briefs: Sequence[str], anew: str | None = None) -> Command[None]:
    """Put right what is counted of briefs; `anew`: begin to count all of this account's anew."""
    key = _record(brief_subject(briefs[0]) if briefs else account_subject(anew or ""))
    return Command("recount", key, nothing, {"briefs": list(briefs), "anew": anew})


def job_over(subject: str, when: Fields) -> Command[Answer]:
    """Hand on the job permit of a held record."""
    return Command("job_over", _record(subject), read_answer, {"subject": subject, "when": when})


def drop(account: str, subject: str) -> Command[bool]:
    """Give back what a subject holds whose record is gone."""
    return Command("drop", _record(subject), flag, {"account": account, "subject": subject})


def why(subject: str) -> Command[Waits | None]:
    """Return what a waiting record waits for, None where it does not wait."""
    return Command("why", _record(subject), read_waits, {"subject": subject})


def archive(brief: str, when: Fields, archived: str, event: "Archived") -> Command[Answer]:
    """Put on record what of a brief lies in the archive, and tell of it."""
    given = {"brief": brief, "when": when, "archived": archived, "event": event.arguments()}
    return Command("archive", _record(brief_subject(brief)), read_answer, given)


# What an operator does.


def update(
    brief: str,
    *,
    when: Fields,
    fields: Fields,
    batch: str | None,
    priority: int | None,
    event: "BriefUpdated",
    journal: Entry,
) -> Command[bool]:
    """Change a brief's metadata, and its batch or priority unless they are None."""
    given: dict[str, Any] = {"brief": brief, "when": when, "set": fields, "batch": batch}
    given |= {"priority": priority, "event": event.arguments(), "journal": _entry(journal)}
    return Command("update", _record(brief_subject(brief)), flag, given)


def retry(
    brief: str,
    *,
    when: Fields | None = None,
    moves: Sequence[Move],
    promotions: Sequence[Fields] | None = None,
    journal: Entry,
) -> Command[Answer]:
    """Bring a brief back to where it was."""
    given: dict[str, Any] = {"brief": brief, "when": when, "promotions": promotions}
    given |= {"moves": [each.arguments() for each in moves], "journal": _entry(journal)}
    return Command("retry", _record(brief_subject(brief)), read_answer, given)


def stop(
    brief: str, *, to: Literal["cancelled", "failed"], why: str, when: Fields, journal: Entry
) -> Command[Answer]:
    """End a brief."""
    given = {"brief": brief, "to": to, "why": why, "when": when, "journal": _entry(journal)}
    return Command("stop", _record(brief_subject(brief)), read_answer, given)


# Accounts and batches.


def set_limits(account: str, limits: Fields, by: str) -> Command[bool]:
    """Put an account's limits on record; answers whether what was to hold did (`Command.given`)."""
    return Command("set_limits", _account(account), flag, {"account": account, "limits": limits, "by": by})


def configure(groups: Sequence[Mapping[str, object]]) -> Command[list[str]]:
    """Put configured limits on record; answers the accounts of which something was set."""
    return Command("configure", keys.ACCOUNTS(), texts, {"groups": list(groups)})


def absent(account: str) -> Command[bool]:
    """Pause an account of which nobody has the token; answers whether it is paused for that."""
    return Command("absent", _account(account), flag, {"account": account})


def resume(account: str, by: str) -> Command[dict[str, str]]:
    """Lift every pause of an account; answers the reasons of those that were on."""
    return Command("resume", _account(account), read_pairs, {"account": account, "by": by})


class Halted(NamedTuple):
    """What a person pauses: an account, or a batch in all accounts; the other one is None."""

    account: str | None
    batch: str | None


def halt(what: Halted, text: str) -> Command[str]:
    """Pause it with this text, blank to let it go on; answers the text before, blank for none."""
    key = keys.BUDGET(what.batch) if what.batch is not None else _account(what.account or "")
    return Command("halt", key, text_of, {**what._asdict(), "text": text})


def budget(batch: str, account: str, credits: str, by: str | None = None) -> Command[None]:  # noqa: A002  # of the Lua file
    """Set what a batch may cost."""
    given = {"batch": batch, "account": account, "credits": credits, "by": by}
    return Command("budget", keys.BUDGET(batch), nothing, given)


def sync_identities(account: str, codes: Sequence[str], since: int, balance: float | None) -> Command[int]:
    """Put an account's own identities on record as listed at `since` (ms); answers how many count."""
    given = {"account": account, "codes": list(codes), "since": since, "credits": balance}
    return Command("sync_identities", keys.IDENTITIES(account), number, given)


# The listeners' part.


def recall(subject: str) -> Command[bool]:
    """Run a step that had to wait for a thread; answers False where there is nothing to run any more."""
    return Command("recall", keys.RECORD(subject), flag, {"subject": subject})


def due(most: int) -> Command[int]:
    """Wake what is due; answers the ms until the next timer, -1 when there is none."""
    return Command("due", keys.TIMERS(), number, {"most": most})


def wake(
    account: str,
    event: str,
    *,
    job: str | None = None,
    code: str | None = None,
    sent: int | None = None,
    live: bool = False,
    once: bool = False,
) -> Command[Woken]:
    """Wake the step of the job that an event speaks of.

    `event` is its id, `sent` when the API says it was sent (ms); `live`: it came just now by stream; `once`:
    it came by webhook, and counts the first time only.
    """
    how = {"sent": sent, "live": live or None, "once": once or None}
    given = {"account": account, "event": event, "job": job, "code": code, **how}
    return Command("wake", keys.STREAM(account), read_woken, given)


def observe(account: str, job: str, snapshot: str, *, listed: bool = False) -> Command[bool]:
    """Put on record what the API says of an unclaimed job, which its list has named or an event."""
    given: dict[str, Any] = {"account": account, "job": job, "snapshot": snapshot, "listed": listed}
    return Command("observe", keys.UNCLAIMED(account), flag, given)


def _record(subject: str) -> str:
    return keys.RECORD(subject)


def _account(name: str) -> str:
    return keys.RECORD(account_subject(name))


def _entry(told: Entry) -> str:
    return inside(told) + "}"  # what comes before it is the ledger's own
