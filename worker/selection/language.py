"""The filter in one line: `state:held account:shop meta.sku:4711 error:"not found" age>1h`.

`age>1h` is `older:1h`, and `age<1h` is `newer:1h`.

A field or value with a blank or a quote in it stands in double quotes, in which a backslash takes the next
character as it is. An empty line means all briefs.
"""

import re

from worker.selection.filter import META, Filter, FilterError, filter_of

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_WORD = re.compile(rf'\s*(?P<field>{_QUOTED}|[^\s:"]+):(?P<value>{_QUOTED}|[^\s"]*)(?=\s|$)', re.DOTALL)
_AGE = re.compile(r"\s*age(?P<sign>[<>])(?P<value>\S*)(?=\s|$)")
_FIELD_NEEDS_QUOTES, _NEEDS_QUOTES = re.compile(r'[\s":]'), re.compile(r'[\s"]|^$')


def parse(line: str) -> Filter:
    """Return the filter that a line says; raises FilterError."""
    return filter_of(pairs(line))


def pairs(line: str) -> list[tuple[str, str]]:
    """Return the fields of a line with their values; raises FilterError where they can't be told apart."""
    given: list[tuple[str, str]] = []
    place, end = 0, len(line.rstrip())
    while place < end:
        if (age := _AGE.match(line, place)) is not None:
            given.append(("older" if age["sign"] == ">" else "newer", age["value"]))
            place = age.end()
            continue
        word = _WORD.match(line, place)
        if word is None:
            raise FilterError("filter", line[place:].strip(), "must be FIELD:VALUE, as state:held")
        given.append((_unquoted(word["field"]), _unquoted(word["value"])))
        place = word.end()
    return given


def written(wanted: Filter) -> str:
    """Return the line of a filter: `parse` makes the same filter of it."""
    words = [
        (field, value)
        for field in ("state", "account", "batch", "error", "kind")
        for value in getattr(wanted, field)
    ]
    words += [(field, each.text) for field in ("older", "newer") if (each := getattr(wanted, field))]
    words += [(META + name, value) for name, value in wanted.meta]
    words += [("limit", str(wanted.limit))] if wanted.limit is not None else []
    words += [("after", wanted.after)] if wanted.after is not None else []
    return " ".join(
        f"{_quoted(field, _FIELD_NEEDS_QUOTES)}:{_quoted(value, _NEEDS_QUOTES)}" for field, value in words
    )


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL) if value.startswith('"') else value


def _quoted(value: str, needs: re.Pattern[str]) -> str:
    if not needs.search(value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
