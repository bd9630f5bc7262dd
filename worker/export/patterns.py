"""The pattern by which a person names pictures: `{metadata.sku}_{n}`."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from config.errors import IdentityWorkerError
from config.text import nearest
from worker.places.names import safe_name
from worker.selection.metadata import value_at

DEFAULT = "{brief_id}"
#: What may stand in braces, beside a path of the metadata.
_PLACES = ("brief_id", "name", "batch", "account", "n")
_PLACE = re.compile(r"\{([^{}]*)\}")
#: Stands for the number while briefs are compared.
_ANY = "#"


class PatternError(IdentityWorkerError):
    """Raised for a pattern with a place in braces that nothing known can fill."""


class Named(NamedTuple):
    """The facts of a brief by which a pattern may name its pictures."""

    brief_id: str
    name: str | None
    batch: str | None
    account: str
    metadata: Mapping[str, Any]


def check(pattern: str) -> str:
    """Return a pattern whose places are all known; raises PatternError."""
    if not pattern.strip() or "{" in _PLACE.sub("", pattern) or "}" in _PLACE.sub("", pattern):
        raise PatternError(f"{pattern!r}: must be a text with places in braces, as {DEFAULT}")
    for place in _PLACE.findall(pattern):
        if place not in _PLACES and not (place.startswith("metadata.") and place != "metadata."):
            near = nearest(place, _PLACES)
            known = (
                f"the nearest is {{{near}}}" if near else f"known are {', '.join(_PLACES)}, metadata.FIELD"
            )
            raise PatternError(f"{{{place}}}: is no place for a name; {known}")
    if not _PLACE.search(pattern):
        raise PatternError(f"{pattern!r}: would name all pictures the same; put in a place, as {DEFAULT}")
    return pattern


def base(pattern: str, brief: Named) -> str:
    """Return the name that a brief's pictures have in common: briefs of the same one are told apart."""
    return _filled(pattern, brief, _ANY)


def name(pattern: str, brief: Named, number: int, rank: int) -> str:
    """Return the name of a brief's picture `number`, of the brief that is `rank`-th of its base; from 1.

    What is added begins with `~`, which no text of others brings in.
    """
    filled = _filled(pattern, brief, str(number))
    more = "" if number == 1 or "{n}" in pattern else f"~{number}"
    return filled + more + ("" if rank == 1 else f"~b{rank}")


def lacks_all(pattern: str, brief: Named) -> bool:
    """Return whether a brief has nothing of what a pattern names; then it is called by its id."""
    return not any(_value(place, brief, "") for place in _PLACE.findall(pattern))


def _filled(pattern: str, brief: Named, number: str) -> str:
    """Return a pattern with its places filled; a brief that lacks all of them is called by its id."""
    values = {place: _value(place, brief, number) for place in _PLACE.findall(pattern)}
    if lacks_all(pattern, brief):
        return safe_name(brief.brief_id + (f"_{number}" if "n" in values else ""))
    return safe_name(_PLACE.sub(lambda found: values[found[1]], pattern))


def _value(place: str, brief: Named, number: str) -> str:
    if place == "n":
        return number
    if place in _PLACES:
        return str(getattr(brief, place) or "")
    found = value_at(brief.metadata, place.removeprefix("metadata."))
    return "" if found is None or isinstance(found, Mapping | list) else str(found)
