"""The limits of an account, a row each: a field of `Limits` says its name, default, unit, window and meaning.

Everything else reads the rows: the accounts file, `identity-worker limits`, the permits (worker/ledger/lua),
the views and the forecast. The defaults are those of the API (guide, *Limits and validation*;
piktid-v2.md section 5).
"""

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Annotated, get_type_hints

from config import durations

#: The word that lifts a limit, as 0 does, which is what is stored.
NONE = "none"
_MINUTE = durations.RATE_WINDOW_SECONDS
#: The windows' names for people, by seconds; others are told in seconds.
_PERIODS = {60: "minute", 3_600: "hour", 86_400: "day"}


class Endpoint(StrEnum):
    """The paid endpoints at which jobs are ordered, as keys, journal, pauses and views call them."""

    CREATE = "create"
    PROMOTE = "promote"


@dataclass(frozen=True, slots=True)
class Limit:
    """What the number of a limit counts."""

    unit: str
    meaning: str
    """What it bounds, as a sentence for people."""
    endpoint: Endpoint | None = None
    """The paid endpoint whose requests it bounds; None: it bounds no requests."""
    seconds: float | None = None
    """The length of their window, in the API's time. An endpoint may have several."""
    can_be_lifted: bool = True
    """Whether 0, and NONE, mean no limit."""


# No model of pydantic, which takes as long to import as all else that `status` needs: config/accounts
# makes one of it, where limits are read that people have written.
@dataclass(frozen=True)
class Limits:
    """The limits of one account; 0 means no limit, as enterprise accounts have none on jobs and slots."""

    jobs: Annotated[
        int, Limit("jobs", "Jobs in flight at once, shared with the account's other products.")
    ] = 5
    slots: Annotated[int, Limit("identities", "Identities in the library.")] = 50
    create_per_minute: Annotated[
        int, Limit("requests", "Creates in any minute.", Endpoint.CREATE, _MINUTE)
    ] = 5
    promote_per_minute: Annotated[
        int, Limit("requests", "Promotes in any minute.", Endpoint.PROMOTE, _MINUTE)
    ] = 5
    express: Annotated[
        int, Limit("jobs", "Jobs that only briefs of a priority above 0 may take.", can_be_lifted=False)
    ] = 0
    budget: Annotated[
        float | None,
        Limit("credits", "Credits that the account may cost in all, from when a budget was first set."),
    ] = None
    weights: dict[str, float] = field(default_factory=dict)
    """Shares of batches, beside the 1 that a batch has by default."""

    def fields(self) -> dict[str, str]:
        """Return the limits as the account's record holds them."""
        plain = {name: str(getattr(self, name)) for name in DEFAULTS}
        if self.budget is not None:
            plain["budget"] = f"{self.budget:.15g}"
        return plain | {f"weight:{batch}": f"{weight:g}" for batch, weight in self.weights.items()}


@dataclass(frozen=True, slots=True)
class Window:
    """A sliding window over the requests of a paid endpoint."""

    name: str
    """Of its key, and of its place in the views: the first of an endpoint is named like the endpoint."""
    limit: str
    """The name of the limit that says how many requests it takes."""
    endpoint: Endpoint
    seconds: float
    """Its length in the API's time."""

    @property
    def period(self) -> str:
        """Return its length in words: `minute`."""
        return period(self.seconds)


def period(seconds: float) -> str:
    """Return a window's length in words: `minute`, `day`, `90 s`."""
    return _PERIODS.get(round(seconds), f"{seconds:g} s")


def _windows() -> tuple[Window, ...]:
    found: list[Window] = []
    for name, limit in ROWS.items():
        if limit.endpoint is not None and limit.seconds is not None:
            is_first = all(window.endpoint != limit.endpoint for window in found)
            key = limit.endpoint if is_first else name
            found.append(Window(key, name, limit.endpoint, limit.seconds))
    return tuple(found)


#: The names of all that an account's limits are.
NAMES = tuple(each.name for each in fields(Limits))
ROWS: dict[str, Limit] = {
    name: each
    for name, hint in get_type_hints(Limits, include_extras=True).items()
    for each in getattr(hint, "__metadata__", ())
    if isinstance(each, Limit)
}
#: The limits that are whole numbers, with what holds where nothing is on record.
DEFAULTS: dict[str, int] = {
    each.name: each.default for each in fields(Limits) if isinstance(each.default, int)
}
#: The limits of which NONE may be said.
CAPS = tuple(name for name in DEFAULTS if ROWS[name].can_be_lifted)
WINDOWS = _windows()


def windows_of(endpoint: str) -> tuple[Window, ...]:
    """Return the windows that bound an endpoint; its first one counts the requests under way as well."""
    return tuple(window for window in WINDOWS if window.endpoint == endpoint)


def too_much_express(jobs: int, express: int) -> str | None:
    """Return the rule that an express share breaks, None if it is less than the jobs (0: no cap).

    All jobs in the express share would leave briefs of no urgency waiting for ever.
    """
    if not jobs or express < jobs:
        return None
    return f"the express share ({express}) must be less than the jobs ({jobs})"
