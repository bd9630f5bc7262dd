"""Texts for people and logs: control characters escaped, counts with their nouns, the nearest known name."""

from collections.abc import Iterable
from difflib import get_close_matches

#: Characters of a name that are compared: a long one that others wrote must not take long.
_COMPARED = 64


def printable(text: object) -> str:
    """Return a text fit for a terminal, a log or an event: control characters are escaped, as `\\x1b`.

    They would act on a terminal, or begin a new line in a log.
    """
    plain = str(text)
    if plain.isprintable():
        return plain
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in plain
    )


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that looks most like `name`, None where none does; its case does not count."""
    lowered = {each.lower(): each for each in known}
    matches = get_close_matches(name[:_COMPARED].lower(), lowered, n=1)
    return lowered[matches[0]] if matches else None


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: `1 slot`, `2 slots`; `many` where an s does not make the plural."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def credits_text(amount: float) -> str:
    """Return an amount of credits with one decimal at the most, none where it is whole."""
    return f"{round(amount, 1):.15g}"
