"""Changes of an account's limits that a person asks for while everything runs: checked, made, undone."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from config.errors import IdentityWorkerError
from config.limits import CAPS, NONE, too_much_express
from worker.ledger import commands
from worker.operations import actions

if TYPE_CHECKING:
    from worker.ledger.ledger import Ledger

#: The largest number that a limit may be.
MOST = 1_000_000


class LimitError(IdentityWorkerError, ValueError):
    """Raised when a limit can't be set; names the option, the value and the rule."""

    def __init__(self, option: str, value: str, rule: str) -> None:
        super().__init__(f"{option} {value!r}: {rule}")
        self.option, self.value, self.rule = option, value, rule


class UndoError(IdentityWorkerError):
    """Raised when a change can't be undone; says why."""


def change(ledger: "Ledger", account: str, fields: Mapping[str, str], by: str, why: str | None) -> None:
    """Change an account's limits at once, for all workers, with who and why on record."""
    actions.record(ledger.client, "limits", by, why, account=account, **fields)
    ledger.functions.run(commands.set_limits(account, fields, by).given(why=why or None))


def undone(changes: Sequence[Mapping[str, Any]], at: int | None = None) -> Mapping[str, Any]:
    """Return the change to undo: the one of that time, else the last one not undone yet. Raises UndoError.

    `changes` are those on record, the newest first.
    """
    over = {each.get("undoes") for each in changes} | {each["at"] for each in changes if "undoes" in each}
    for each in changes:
        if at is None and "budget" in each:
            # Else one before it would be set back, of which nobody speaks.
            batches = ", ".join(each["budget"])
            raise UndoError(f"the last change was the budget of batch {batches}: --budget sets it anew")
        if each["at"] == at or (at is None and each["at"] not in over and can_be_undone(each)):
            if can_be_undone(each):
                return each
            raise UndoError("what it was before that change is not on record")
    raise UndoError("no change of a person is on record that could be undone")


def can_be_undone(each: Mapping[str, Any]) -> bool:
    """Return whether the record of a person's change has the earlier values."""
    return bool(each.get("before")) and each.get("by") != "configuration"


def undo(ledger: "Ledger", account: str, each: Mapping[str, Any], by: str, why: str | None) -> dict[str, str]:
    """Set an account's limits as they were before a change; return them, blank ones being set no more.

    It is a change itself, and an action. Raises UndoError where they were changed again since.
    """
    before: Mapping[str, Any] = each["before"]
    back = {field: text for field, text in before.items() if text is not False}
    gone = [field for field in before if field not in back]
    now = {field: str(each["limits"][field]) if field in each["limits"] else "" for field in before}
    told = back | dict.fromkeys(gone, "")
    actions.record(ledger.client, "limits.undo", by, why, account=account, undoes=each["at"], **told)
    more = {"removed": gone or None, "when": now, "why": why or None, "undoes": each["at"]}
    if not ledger.functions.run(commands.set_limits(account, back, by).given(**more)):
        raise UndoError(f"a limit of account {account} was changed again since: undo that change first")
    return told


def checked(given: Mapping[str, str], weights: Sequence[str], in_force: Mapping[str, int]) -> dict[str, str]:
    """Return the fields of the account's record that these options set; raises LimitError.

    `given` is by the limits' names (`config.limits.Limits`), `in_force` what holds now.
    """
    limits = {name: _whole(name, text) for name, text in given.items()}
    _keep_room(limits, in_force)
    shares = {
        f"weight:{batch}": f"{share:.15g}" for batch, share in (pair("--weight", text) for text in weights)
    }
    return {name: str(number) for name, number in limits.items()} | shares


def pair(option: str, text: str) -> tuple[str, float]:
    """Return the batch and the number of `BATCH=NUMBER`; raises LimitError."""
    batch, _, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not batch or not math.isfinite(value) or value <= 0:
        raise LimitError(option, text, "must be BATCH=NUMBER, a number above 0")
    return batch, value


def account_budget(text: str) -> str:
    """Return the field of the account's record that holds its budget, blank for none; raises LimitError."""
    if text == NONE:
        return ""
    try:
        credits_allowed = float(text)
    except ValueError:
        credits_allowed = math.nan
    if not math.isfinite(credits_allowed) or credits_allowed <= 0:
        # 0 would read as "nothing may be spent", and lifts every other limit.
        raise LimitError(
            "--account-budget", text, f"must be a number of credits above 0, or {NONE} for no budget"
        )
    return f"{credits_allowed:.15g}"


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _whole(name: str, text: str) -> int:
    if text == NONE and name in CAPS:
        return 0
    if not text.isascii() or not text.isdecimal() or int(text) > MOST:
        lifted = f"; 0 and {NONE} mean no limit" if name in CAPS else ""
        raise LimitError(_option(name), text, f"must be a whole number from 0 to {MOST}{lifted}")
    return int(text)


def _keep_room(limits: Mapping[str, int], in_force: Mapping[str, int]) -> None:
    both = {**in_force, **limits}
    broken = too_much_express(both["jobs"], both["express"])
    if broken and ("express" in limits or "jobs" in limits):
        name = "express" if "express" in limits else "jobs"
        raise LimitError(_option(name), str(both[name]), broken)
