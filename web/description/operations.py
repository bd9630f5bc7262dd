"""The table of what `/v1` answers: each operation, what it takes, and every status that it may have.

`web/v1` is built of it, and so is the OpenAPI document: what is not here is not answered.
"""

from collections.abc import Mapping
from typing import Any

from web.description import shapes
from web.description.hook_operations import HOOKS
from web.description.operation import PAGED, TEXT, Need, Operation, Parameter, number
from worker.briefs.choices import BriefKind
from worker.selection.filter import STATES
from worker.views.models import BriefView


def _many(values: tuple[str, ...]) -> Mapping[str, Any]:
    return {"type": "string", "pattern": rf"^({'|'.join(values)})(,({'|'.join(values)}))*$"}


#: The filter of the command line (worker/selection/filter.py), which `meta.KEY=VALUE` belongs to as well.
_FILTER = (
    Parameter("state", "states, with commas between them", _many(STATES)),
    Parameter("account", "accounts, with commas between them", TEXT),
    Parameter("batch", "a batch; blank: in none"),
    Parameter("error", "a text in what went wrong", TEXT),
    Parameter("kind", "what is asked for", _many(tuple(BriefKind))),
    Parameter("older", "accepted so long ago, or at that time, or before", TEXT),
    Parameter("newer", "accepted after that", TEXT),
    Parameter("filter", "all of that in one line, as `state:held meta.sku:4711`", TEXT),
    Parameter("limit", "at most so many", number(999_999_999)),
    Parameter("after", "`after` of the page before", {"type": "string", "pattern": r"^\d{1,15}:.+$"}),
)
#: An entry of the stream; where there are shards, one of each.
_ENTRY = r"\d{1,19}(-\d{1,19})?"
_PLACE = {"type": "string", "pattern": f"^{_ENTRY}(,{_ENTRY})*$"}

_READ, _WRITE = Need.READ, Need.WRITE


def _steers(
    what: str,
    name: str,
    summary: str,
    answer: type,
    takes: type,
    refusals: tuple[int, ...] = (404, 409, 422),
) -> Operation:
    """Return an operation that does something to one brief."""
    path = f"/v1/briefs/{{brief_id}}/{what}"
    return Operation(name, "POST", path, summary, _WRITE, {200: (answer,)}, refusals=refusals, takes=takes)


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
        "listBatches",
        "GET",
        "/v1/batches",
        "List batches, and how many of their briefs are in which state",
        _READ,
        {200: (shapes.Batches,)},
        parameters=PAGED,
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
    _steers(
        "pick",
        "pickDrafts",
        "Choose among a brief's drafts, the first time or again",
        shapes.Picked,
        shapes.Pick,
        refusals=(404, 409, 422, 429),
    ),
    _steers("retry", "retryBrief", "Bring back a brief that stopped", shapes.Done, shapes.Why),
    _steers("cancel", "cancelBrief", "End a brief", shapes.Done, shapes.Why),
    _steers(
        "update",
        "updateBrief",
        "Change a brief's metadata, batch or priority",
        shapes.Changed,
        shapes.Update,
        refusals=(404, 422),
    ),
    Operation(
        "listAccounts",
        "GET",
        "/v1/accounts",
        "List the accounts that the caller may use",
        _READ,
        {200: (shapes.Accounts,)},
        parameters=PAGED,
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
            Parameter("limit", "at most so many are gone through, those of others too", number(500)),
            Parameter("Last-Event-ID", "the place, of a stream that goes on", _PLACE, "header"),
        ),
        streams=True,
    ),
    Operation(
        "listActions",
        "GET",
        "/v1/actions",
        "List what people did, the last first",
        _READ,
        {200: (shapes.Actions,)},
        refusals=(403,),
        parameters=(
            Parameter("after", "the cursor that the page before was told with", TEXT),
            Parameter("limit", "at most so many", number(1_000)),
        ),
    ),
    *HOOKS,
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
