"""Query parameters, and pages of a list (reference, section 1)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.common.errors import Fault, invalid

MOST_PER_PAGE = 100


def number(
    query: Mapping[str, str], field: str, default: int, most: int | None = None, *, least: int = 1
) -> int:
    """A whole number of the query; raises 400 for what is none, or out of bounds."""
    text = query.get(field)
    if text is None:
        return default
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
    if value < least or (most is not None and value > most):
        limit = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise invalid([Fault(field, f"Must be an integer {limit}.", "query")])
    return value


def choice(query: Mapping[str, str], field: str, choices: tuple[str, ...]) -> str:
    """One of the choices, the first if none is asked for; an empty first choice stands for no filter."""
    text = query.get(field)
    if text is None:
        return choices[0]
    if text not in choices or not text:
        raise invalid([Fault(field, f"Must be one of {', '.join(filter(None, choices))}.", "query")])
    return text


def flag(query: Mapping[str, str], field: str) -> bool:
    """True or false, false if it is not given; raises 400."""
    return choice(query, field, ("false", "true")) == "true"


def page_of(query: Mapping[str, str], name: str, items: Sequence[Any]) -> dict[str, Any]:
    """The asked page under `name`, with the paging envelope; raises 400."""
    page = number(query, "page", 1)
    per_page = number(query, "per_page", 20, MOST_PER_PAGE)
    start, pages = (page - 1) * per_page, -(-len(items) // per_page)
    return {
        name: list(items[start : start + per_page]),
        "pagination": {
            "page": page,
            "per_page": per_page,
            "total": len(items),
            "pages": pages,
            "has_next": page < pages,
            "has_prev": page > 1,
        },
    }
