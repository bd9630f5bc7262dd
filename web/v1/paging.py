"""Pages of lists that are ordered by name: `limit`, and `after` the last one of the page before."""

from collections.abc import Sequence
from typing import NamedTuple

from starlette.requests import Request

from web.v1.problems import bad_request

#: Names of a page, and at most.
PAGE, MOST = 100, 1_000


class Page(NamedTuple):
    """What is told of a list, and the place to go on from; None where it is at its end."""

    names: Sequence[str]
    after: str | None


def page(request: Request, names: Sequence[str]) -> Page:
    """Return the page of names, which are in order, that a request asks for. Raises ProblemError."""
    after, limit = request.query_params.get("after", ""), limit_in(request)
    left = [name for name in names if name > after]
    return Page(left[:limit], left[limit - 1] if len(left) > limit else None)


def limit_in(request: Request, most: int = MOST) -> int:
    """Return how many a request asks for at most. Raises ProblemError."""
    given = request.query_params.get("limit", str(PAGE))
    if not given.isdecimal() or len(given) > len(str(most)) or not 0 < int(given) <= most:
        raise bad_request(f"limit '{given[:40]}': a whole number from 1 to {most}")
    return int(given)
