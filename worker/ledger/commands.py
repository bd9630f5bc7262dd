"""The ledger's commands: for each file under `lua/`, what it is given and what it answers.

`Functions.run(command)` calls one (`worker.store.functions`), `AsyncFunctions.run` the same over asyncio.
What a command does, and why it must be one call, stands at the head of its file.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from config import keys
from worker.ledger.records import account_subject, brief_subject
from worker.ledger.transition import Answer
from worker.store.functions import Command, flag, nothing, number, text, texts

#: What changes or tells a record: {field: text}.
Fields = Mapping[str, str]
#: An arrival's arguments (worker.ledger.arrivals.Arrival).
Arrival = Mapping[str, Any]


# Records.


def accept(arrival: Arrival, redis_id: bytes | None = None) -> Command[list[str]]:
    """Put a brief on record; `redis_id` is the id in Redis of the message that brings it.

    Answers the outcome, the state of the brief that was on record, what is remembered of a purchase of the
    same content (each "" for none), and the paths in which the two differ.
    """
    key = _record(brief_subject(arrival["id"]))
    return Command("accept", key, texts, arrival, () if redis_id is None else (redis_id,))


def compare(arrivals: Sequence[Arrival]) -> Command[list[list[str]]]:
    """Return what `accept` would answer to each of at least one arrival."""
    key = _record(brief_subject(arrivals[0]["id"]))
    return Command(
        "compare", key, lambda answer: [texts(each) for each in answer], {"arrivals": list(arrivals)}
    )


def advance(subject: str, to: str, **more: Any) -> Command[Answer]:
    """Move a record to a state."""
    return Command("advance", _record(subject), _answer, {"subject": subject, "to": to, **more})


def note(subject: str, **more: Any) -> Command[Answer]:
    """Change a record that stays in its state."""
    return Command("note", _record(subject), _answer, {"subject": subject, **more})


def plan(brief: str, promotions: Sequence[Fields]) -> Command[Answer]:
    """Record a person's choice of drafts."""
    given = {"brief": brief, "promotions": list(promotions)}
    return Command("plan", _record(brief_subject(brief)), _answer, given)


def job_over(subject: str, when: Fields) -> Command[Answer]:
    """Hand on the job permit of a held record."""
    return Command("job_over", _record(subject), _answer, {"subject": subject, "when": when})


def drop(account: str, subject: str) -> Command[bool]:
    """Give back what a subject holds whose record is gone."""
    return Command("drop", _record(subject), flag, {"account": account, "subject": subject})


def why(subject: str) -> Command[dict[str, Any] | None]:
    """Return what a waiting record waits for, None where it does not wait."""
    return Command("why", _record(subject), _object, {"subject": subject})


# What an operator does.


def update(
    brief: str,
    *,
    when: Fields,
    set: Fields,  # noqa: A002  # its name in Lua
    batch: str | None,
    priority: int | None,
    event: Sequence[str],
    journal: str,
) -> Command[bool]:
    """Change a brief's metadata, batch or priority."""
    given: dict[str, Any] = {"brief": brief, "when": when, "set": set, "batch": batch, "priority": priority}
    given |= {"event": event, "journal": journal}
    return Command("update", _record(brief_subject(brief)), flag, given)


def retry(
    brief: str,
    *,
    when: Fields | None = None,
    moves: Sequence[Mapping[str, Any]],
    promotions: Sequence[Fields] | None = None,
    journal: str,
) -> Command[Answer]:
    """Bring a brief back to where it was."""
    given = {"brief": brief, "when": when, "moves": moves, "promotions": promotions, "journal": journal}
    return Command("retry", _record(brief_subject(brief)), _answer, given)


def stop(brief: str, *, to: str, why: str, when: Fields, journal: str) -> Command[Answer]:
    """End a brief, as `cancelled` or `failed`."""
    given = {"brief": brief, "to": to, "why": why, "when": when, "journal": journal}
    return Command("stop", _record(brief_subject(brief)), _answer, given)


# Accounts and batches.


def set_limits(account: str, limits: Fields, by: str, file: str | None = None) -> Command[bool]:
    """Put an account's limits on record; `file` is their text where they come from the configuration."""
    given = {"account": account, "limits": limits, "by": by, "file": file}
    return Command("set_limits", _account(account), flag, given)


def resume(account: str, by: str) -> Command[dict[str, str]]:
    """Lift every pause of an account; answers the reasons of those that were on."""
    return Command("resume", _account(account), _pairs, {"account": account, "by": by})


def budget(batch: str, account: str, credits: str, by: str | None = None) -> Command[None]:  # noqa: A002
    """Set what a batch may cost."""
    given = {"batch": batch, "account": account, "credits": credits, "by": by}
    return Command("budget", keys.BUDGET(batch), nothing, given)


def sync_identities(account: str, codes: Sequence[str], since: int) -> Command[int]:
    """Put an account's own identities on record as listed at `since` (ms); answers how many count."""
    given = {"account": account, "codes": list(codes), "since": since}
    return Command("sync_identities", keys.IDENTITIES(account), number, given)


# The listeners' part.


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
) -> Command[str]:
    """Wake the step of the job that an event speaks of; answers ours, nobody, all, seen or old."""
    given = {"account": account, "event": event, "job": job, "code": code, "sent": sent}
    return Command("wake", keys.STREAM(account), text, given | {"live": live or None, "once": once or None})


def observe(account: str, job: str, snapshot: str) -> Command[bool]:
    """Put on record what the API says of an unclaimed job."""
    return Command(
        "observe", keys.UNCLAIMED(account), flag, {"account": account, "job": job, "snapshot": snapshot}
    )


def lease(account: str, listener: str, ms: int) -> Command[bool]:
    """Take or renew the lease to follow an account's events."""
    return Command("lease", keys.LEASE(account), flag, {"account": account, "listener": listener, "ms": ms})


def release(account: str, listener: str) -> Command[bool]:
    """Give a lease back."""
    return Command("release", keys.LEASE(account), flag, {"account": account, "listener": listener})


def followed(account: str, listener: str, what: str, why: str | None = None) -> Command[bool]:
    """Put on record what an event stream has done; answers whether it is to be opened again."""
    given = {"account": account, "listener": listener, "what": what, "why": why}
    return Command("followed", keys.STREAM(account), flag, given)


def _record(subject: str) -> str:
    return keys.RECORD(subject)


def _account(name: str) -> str:
    return keys.RECORD(account_subject(name))


def _answer(answer: Any) -> Answer:
    return Answer(text(answer))


def _object(answer: Any) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads(answer) if answer else None
    return found


def _pairs(answer: Any) -> dict[str, str]:
    found = texts(answer)
    return dict(zip(found[::2], found[1::2], strict=True))
