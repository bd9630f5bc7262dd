"""What a person may set of an account's limits while it runs: checked here, with the rule that is broken."""

import math
from collections.abc import Mapping, Sequence

#: What lifts a cap, as enterprise accounts have it; on record it is 0.
NONE = "none"


class BadLimit(ValueError):
    """Raised when a limit can't be set; names the option, the value and the rule."""

    def __init__(self, option: str, value: str, rule: str) -> None:
        super().__init__(f"{option} {value!r}: {rule}")


def checked(given: Mapping[str, str], weights: Sequence[str], in_force: Mapping[str, int]) -> dict[str, str]:
    """Return the fields of the account's record that these options set; raises BadLimit.

    `given` is by the limits' names (`config.accounts.Limits`), `in_force` what holds now.
    """
    limits = {
        name: _whole(_option(name), text, least=0 if name == "express" else 1) for name, text in given.items()
    }
    _keep_room(limits, in_force)
    shares = {
        f"weight:{batch}": f"{share:.15g}" for batch, share in (pair("--weight", text) for text in weights)
    }
    return {name: str(number) for name, number in limits.items()} | shares


def pair(option: str, text: str) -> tuple[str, float]:
    """Return the batch and the number of `BATCH=NUMBER`; raises BadLimit."""
    batch, _, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not batch or not math.isfinite(value) or value <= 0:
        raise BadLimit(option, text, "must be BATCH=NUMBER, a number above 0")
    return batch, value


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _whole(option: str, text: str, least: int) -> int:
    if text == NONE and least:
        return 0
    if not text.isascii() or not text.isdecimal() or not least <= int(text) <= 1_000_000:
        lifted = f", or {NONE} for no limit" if least else ""
        raise BadLimit(option, text, f"must be a whole number from {least} to 1000000{lifted}")
    return int(text)


def _keep_room(limits: Mapping[str, int], in_force: Mapping[str, int]) -> None:
    """All jobs in the express share would leave briefs of no urgency waiting for ever."""
    both = {**in_force, **limits}
    if ("express" in limits or "jobs" in limits) and both["jobs"] and both["express"] >= both["jobs"]:
        option, value = ("--express", both["express"]) if "express" in limits else ("--jobs", both["jobs"])
        rule = f"the express share ({both['express']}) must be less than the jobs ({both['jobs']})"
        raise BadLimit(option, str(value), rule)
