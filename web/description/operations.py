"""The table of what `/v1` answers: each operation, what it takes, and every status that it may have.

`web/v1` is built of it, and so is the OpenAPI document: what is not here is not answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from web.description import shapes
from worker.briefs.choices import BriefKind
from worker.selection.filter import STATES
from worker.views.models import BriefView


class Need(StrEnum):
    """What a caller must be allowed."""

    #: Anybody may ask.
    NOTHING = "nothing"
    #: Any token; on the loopback none, as long as nobody has one.
    READ = "read"
    #: `caller` and `operator`.
    WRITE = "write"


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
    def problems(self) -> tuple[int, ...]:
        """Every status of a problem that it may be answered by."""
        unread = {400} if self.parameters or self.need is Need.WRITE else set()
        return tuple(sorted({*self.refusals, *_ALWAYS[self.need], *unread}))

    @property
    def statuses(self) -> frozenset[int]:
        """Every status that it may be answered by."""
        return frozenset((*self.answers, *self.problems))


_READING = (401, 503)
_ALWAYS: Mapping[Need, tuple[int, ...]] = {
    Need.NOTHING: (),
    Need.READ: _READING,
    Need.WRITE: (*_READING, 403, 408, 413),
}

#: What a status means, of a problem.
MEANINGS: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "The request can't be read.",
    HTTPStatus.UNAUTHORIZED: "There is no such token.",
    HTTPStatus.FORBIDDEN: "The token does not allow it.",
    HTTPStatus.NOT_FOUND: "There is nothing of this name that the caller may see.",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not come whole.",
    HTTPStatus.CONFLICT: "As things stand it can't be done; of a brief: another one has its id.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than 16 MiB, or holds over 10,000 briefs.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Rules are broken; `faults` has path, value and rule of each.",
    HTTPStatus.TOO_MANY_REQUESTS: "The caller's credits of the day are used up.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Redis does not answer; send the same again.",
}


def _number(most: int) -> Mapping[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": most, "default": 100}


def _many(values: tuple[str, ...]) -> Mapping[str, Any]:
    return {"type": "string", "pattern": rf"^({'|'.join(values)})(,({'|'.join(values)}))*$"}


_TEXT = {"type": "string", "minLength": 1}
#: The filter of the command line (worker/selection/filter.py), which `meta.KEY=VALUE` belongs to as well.
_FILTER = (
    Parameter("state", "states, with commas between them", _many(STATES)),
    Parameter("account", "accounts, with commas between them", _TEXT),
    Parameter("batch", "a batch; blank: in none"),
    Parameter("error", "a text in what went wrong", _TEXT),
    Parameter("kind", "what is asked for", _many(tuple(BriefKind))),
    Parameter("older", "accepted so long ago, or at that time, or before", _TEXT),
    Parameter("newer", "accepted after that", _TEXT),
    Parameter("filter", "all of that in one line, as `state:held meta.sku:4711`", _TEXT),
    Parameter("limit", "at most so many", {**_number(1000), "maximum": 999_999_999}),
    Parameter("after", "`after` of the page before", {"type": "string", "pattern": r"^\d{1,15}:.+$"}),
)
#: An entry of the stream; where there are shards, one of each.
_ENTRY = r"\d{1,19}(-\d{1,19})?"
_PLACE = {"type": "string", "pattern": f"^{_ENTRY}(,{_ENTRY})*$"}

_READ, _WRITE, _STEERED = Need.READ, Need.WRITE, (404, 409, 422)

OPERATIONS = (
    Operation(
        "sendBriefs",
        "POST",
        "/v1/briefs",
        "Send one brief, an array of them, or one a line",
        _WRITE,
        {202: (shapes.Taken, shapes.Answers), 200: (shapes.Taken,)}
        | dict.fromkeys((409, 422, 429), (shapes.Answers,)),
        refusals=(409, 422, 429),
        takes_briefs=True,
        parameters=(
            Parameter(
                "Idempotency-Key",
                "the `brief_id` of a single brief",
                {"type": "string", "pattern": r"^[A-Za-z0-9._:-]{1,128}$"},
                "header",
            ),
        ),
    ),
    Operation(
        "planBriefs",
        "POST",
        "/v1/plan",
        "Tell what would become of briefs; nothing is sent",
        _WRITE,
        {200: (shapes.Plan,)},
        takes_briefs=True,
    ),
    Operation(
        "listBriefs",
        "GET",
        "/v1/briefs",
        "List briefs by a filter, a page at a time",
        _READ,
        {200: (shapes.Briefs,)},
        parameters=_FILTER,
    ),
    Operation(
        "getBrief",
        "GET",
        "/v1/briefs/{brief_id}",
        "Get a brief",
        _READ,
        {200: (BriefView, shapes.Queued)},
        refusals=(404,),
    ),
    Operation(
        "getBatch",
        "GET",
        "/v1/batches/{batch}",
        "Get how many briefs of a batch stand where",
        _READ,
        {200: (shapes.Batch,)},
        refusals=(404,),
    ),
    Operation(
        "pickDrafts",
        "POST",
        "/v1/briefs/{brief_id}/pick",
        "Choose among a brief's drafts",
        _WRITE,
        {200: (shapes.Picked,)},
        refusals=_STEERED,
        takes=shapes.Pick,
    ),
    Operation(
        "retryBrief",
        "POST",
        "/v1/briefs/{brief_id}/retry",
        "Bring back a brief that stopped",
        _WRITE,
        {200: (shapes.Done,)},
        refusals=_STEERED,
        takes=shapes.Why,
    ),
    Operation(
        "cancelBrief",
        "POST",
        "/v1/briefs/{brief_id}/cancel",
        "End a brief",
        _WRITE,
        {200: (shapes.Done,)},
        refusals=_STEERED,
        takes=shapes.Why,
    ),
    Operation(
        "updateBrief",
        "POST",
        "/v1/briefs/{brief_id}/update",
        "Change a brief's metadata, batch or priority",
        _WRITE,
        {200: (shapes.Changed,)},
        refusals=(404, 422),
        takes=shapes.Update,
    ),
    Operation(
        "listAccounts",
        "GET",
        "/v1/accounts",
        "List the accounts that the caller may use",
        _READ,
        {200: (shapes.Accounts,)},
    ),
    Operation(
        "readEvents",
        "GET",
        "/v1/events",
        "Read events after a place, or as they come",
        _READ,
        {200: (shapes.Events,)},
        parameters=(
            Parameter("after", "the place in the stream", _PLACE),
            Parameter("limit", "at most so many", _number(500)),
            Parameter("Last-Event-ID", "the place, of a stream that goes on", _PLACE, "header"),
        ),
        streams=True,
    ),
    Operation("getOpenAPI", "GET", "/v1/openapi.json", "Get this document", Need.NOTHING, {200: (dict,)}),
    Operation(
        "getAsyncAPI",
        "GET",
        "/v1/asyncapi.json",
        "Get what describes queue, stream and webhooks",
        Need.NOTHING,
        {200: (dict,)},
    ),
)
