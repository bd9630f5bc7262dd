"""Prints the faults of many briefs once for each kind: what is wrong, how often, and where first."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from worker.briefs.faults import Fault

#: Kinds that are told, and places of each that are named.
KINDS, PLACES = 15, 3
#: Where a rule names a place of its own, which would make each fault a kind of its own.
_OWN_PLACE = re.compile(r"(line|column|byte|at) \d+|0x[0-9a-f]{2}")


@dataclass
class Group:
    """The faults of one kind, the first of them as an example."""

    example: Fault
    count: int = 0
    briefs: int = 0
    """Those that have it, of which one may have it more than once."""
    sources: list[str] = field(default_factory=list)
    """Where the first of these are, and the last one."""


def grouped(faults: Iterable[tuple[str, Fault]]) -> list[Group]:
    """Return the kinds of these faults (source and fault), the most frequent first."""
    found: dict[tuple[str, str], Group] = {}
    for source, each in faults:
        kind = (re.sub(r"\[\d+\]", "[]", each.path), _OWN_PLACE.sub("", each.rule))
        group = found.setdefault(kind, Group(each))
        group.count += 1
        if source not in group.sources[-1:]:
            group.briefs += 1
            del group.sources[PLACES:]
            group.sources.append(source)
    return sorted(found.values(), key=lambda group: -group.count)


def lines(groups: list[Group]) -> Iterator[str]:
    """Yield the kinds as text, at most `KINDS` of them, and how many more there are."""
    for group in groups[:KINDS]:
        more = group.briefs - PLACES
        where = ", ".join(group.sources[:PLACES]) + (f" and {more} more" if more > 0 else "")
        times = f"{group.count} times: " if group.count > 1 else ""
        yield f"  {times}{group.example}"
        yield f"    {where}"
    if len(groups) > KINDS:
        rest = sum(group.count for group in groups[KINDS:])
        yield f"  and {rest} faults of {len(groups) - KINDS} other kinds; --json lists all"
