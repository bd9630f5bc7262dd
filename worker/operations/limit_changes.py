"""Checks changes of an account's limits that a person asks for while everything runs."""

import math
from collections.abc import Mapping, Sequence

from config.errors import IdentityWorkerError
from config.limits import CAPS, NONE, too_much_express

#: The largest number that a limit may be.
MOST = 1_000_000


class LimitError(IdentityWorkerError, ValueError):
    """Raised when a limit can't be set; names the option, the value and the rule."""

    def __init__(self, option: str, value: str, rule: str) -> None:
        super().__init__(f"{option} {value!r}: {rule}")


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
