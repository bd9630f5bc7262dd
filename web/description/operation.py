"""What stands in the table of operations: who may ask for one, what it takes, every status it may have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any


class Need(StrEnum):
    """What a caller must be allowed."""

    #: Anybody may ask.
    NOTHING = "nothing"
    #: Any token; on the loopback none, as long as nobody has one.
    READ = "read"
    #: `caller`, `operator` and `admin`.
    WRITE = "write"
    #: `admin`.
    ADMIN = "admin"


@dataclass(frozen=True)
class Parameter:
    """A parameter of a query, or a header."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    place: str = "query"


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    name: str
    method: str
    path: str
    summary: str
    need: Need
    answers: Mapping[int, tuple[type, ...]]
    """What a body may be, as JSON, by status; of a problem besides what it always is."""
    refusals: tuple[int, ...] = ()
    """Statuses of problems, beside those that each operation of its need may have."""
    takes: type | None = None
    """The body, as JSON; of briefs, the schema is made elsewhere."""
    takes_briefs: bool = False
    parameters: tuple[Parameter, ...] = ()
    streams: bool = False
    """Whether it also answers by server-sent events."""

    @property
    def sends(self) -> bool:
        """Whether it has a body."""
        return self.method in ("POST", "PATCH")

    @property
    def problems(self) -> tuple[int, ...]:
        """Every status of a problem that it may be answered by."""
        if self.need is Need.NOTHING:
            return ()
        found = {*self.refusals, 401, 503}
        found |= set() if self.need is Need.READ else {403}
        found |= {400} if self.parameters or self.sends else set()
        return tuple(sorted(found | ({408, 413, 415} if self.sends else set())))

    @property
    def statuses(self) -> frozenset[int]:
        """Every status that it may be answered by."""
        return frozenset((*self.answers, *self.problems))


#: What a status means, of a problem.
MEANINGS: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "The request can't be read.",
    HTTPStatus.UNAUTHORIZED: "There is no such token.",
    HTTPStatus.FORBIDDEN: "The token does not allow it.",
    HTTPStatus.NOT_FOUND: "There is nothing of this name that the caller may see.",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not come whole.",
    HTTPStatus.CONFLICT: "As things stand it can't be done; of a brief: another one has its id.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than 16 MiB, or holds over 10,000 briefs.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is compressed; send it as it is.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Rules are broken; `faults` has path, value and rule of each.",
    HTTPStatus.TOO_MANY_REQUESTS: "The caller's credits of the day are used up.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Redis does not answer; send the same again.",
}


def number(most: int) -> Mapping[str, Any]:
    """Return the schema of how many a page may have."""
    return {"type": "integer", "minimum": 1, "maximum": most, "default": min(most, 100)}


#: Characters of a reason: the log of actions keeps it.
LONGEST_WHY = 1_000
#: Of a text that must not be blank.
TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1}
#: How a list that is ordered by name is asked for a page.
PAGED = (
    Parameter("limit", "at most so many", number(1_000)),
    Parameter("after", "`after` of the page before", TEXT),
)
