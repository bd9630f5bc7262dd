"""Writes `limits.md`, the page of an account's limits, from their rows: `python -m docs.make`."""

from pathlib import Path

from config.limits import ROWS, Limit, Limits, period

_DEFAULTS = Limits()
PAGE = Path(__file__).parent / "limits.md"


def page() -> str:
    """Return the whole page."""
    return "\n".join(
        [
            "# The limits of an account",
            "",
            "Made from `config/limits.py` by `python -m docs.make`; a test keeps the two the same.",
            "A limit stands in the accounts file under its name, and `identity-worker limits ACCOUNT`",
            "shows and changes it while everything runs. Where 0 lifts a limit, `none` does as well.",
            "",
            "| limit | what it bounds | counts | by default | 0 |",
            "|---|---|---|---|---|",
            *(_row(name, limit) for name, limit in ROWS.items()),
            "",
        ]
    )


def _row(name: str, limit: Limit) -> str:
    default = getattr(_DEFAULTS, name)
    at_first = "none" if default is None else default
    window = f" of `{limit.endpoint}` in a {period(limit.seconds)}" if limit.seconds is not None else ""
    zero = "none are kept" if not limit.can_be_lifted else "no limit" if default is not None else "refused"
    return f"| `{name}` | {limit.meaning} | {limit.unit}{window} | {at_first} | {zero} |"
