"""Completes the line of a filter: what its last word may be."""

from collections.abc import Iterable, Iterator, Sequence

from worker.selection.filter import FIELDS, META, STATES

#: Lines that are offered.
MOST = 20
#: Fields that a person types; the others cut into pages.
_FIELDS = [each for each in FIELDS if each not in ("limit", "after", f"{META}KEY")]
_AGES = ("1h", "1d", "1w")


def completions(line: str, accounts: Sequence[str], batches: Sequence[str]) -> list[str]:
    """Return lines that begin as this one, each with its last word made whole."""
    before, _, last = line.rpartition(" ")
    before = f"{before} " if before else ""
    found = (word for word in _words(accounts, batches) if word.startswith(last) and word != last)
    return [before + word for word, _ in zip(found, range(MOST), strict=False)]


def _words(accounts: Iterable[str], batches: Iterable[str]) -> Iterator[str]:
    """Yield fields first, then each field with its values."""
    yield from (f"{field}:" for field in _FIELDS)
    yield META
    values = {"state": STATES, "account": accounts}
    yield from (f"{field}:{value}" for field, its in values.items() for value in its)
    yield from (f"batch:{_quoted(batch)}" for batch in batches)
    yield from (f"age{sign}{age}" for sign in "><" for age in _AGES)


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value and '"' not in value else value
