"""The limits of an account, a row each: a field of `Limits` says its name, default, unit, window and meaning.

Everything else reads the rows: the accounts file, `identity-worker limits`, the permits (worker/ledger/lua),
the views and the forecast. The defaults are those of the API (guide, *Limits and validation*;
piktid-v2.md section 5).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

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
    endpoint: Endpoint | None = None
    """The paid endpoint whose requests it bounds; None: it bounds no requests."""
    seconds: float | None = None
    """The length of their window, in the API's time. An endpoint may have several."""
    can_be_lifted: bool = True
    """Whether 0, and NONE, mean no limit."""


class Limits(BaseModel):
    """The limits of one account; 0 means no limit, as enterprise accounts have none on jobs and slots."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    jobs: Annotated[int, Limit("jobs")] = Field(
        5, ge=0, description="Jobs in flight at once, shared with the account's other products."
    )
    slots: Annotated[int, Limit("identities")] = Field(50, ge=0, description="Identities in the library.")
    create_per_minute: Annotated[int, Limit("requests", Endpoint.CREATE, _MINUTE)] = Field(
        5, ge=0, description="Creates in any minute."
    )
    promote_per_minute: Annotated[int, Limit("requests", Endpoint.PROMOTE, _MINUTE)] = Field(
        5, ge=0, description="Promotes in any minute."
    )
    express: Annotated[int, Limit("jobs", can_be_lifted=False)] = Field(
        0, ge=0, description="Jobs that only briefs of a priority above 0 may take."
    )
    budget: Annotated[float | None, Limit("credits")] = Field(
        None,
        gt=0,
        strict=True,
        allow_inf_nan=False,
        description="Credits that the account may cost in all, from when a budget was first set.",
    )
    weights: dict[str, PositiveFloat] = Field(
        default_factory=dict, description="Shares of batches, beside the 1 that a batch has by default."
    )

    def fields(self) -> dict[str, str]:
        """Return the limits as the account's record holds them."""
        plain = {name: str(value) for name, value in self.model_dump(include=set(DEFAULTS)).items()}
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


ROWS: dict[str, Limit] = {
    name: each
    for name, field in Limits.model_fields.items()
    for each in field.metadata
    if isinstance(each, Limit)
}
#: The limits that are whole numbers, with what holds where nothing is on record.
DEFAULTS: dict[str, int] = {
    name: default for name in ROWS if isinstance(default := Limits.model_fields[name].default, int)
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
