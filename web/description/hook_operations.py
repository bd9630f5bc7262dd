"""The part of the table that is about endpoints of webhooks (docs/webhooks.md)."""

from web.description import hook_shapes as shapes
from web.description.operation import LONGEST_WHY, PAGED, TEXT, Need, Operation, Parameter
from worker.hooks.standing import PLACE

_LIMIT, _ = PAGED
_WHY = Parameter("why", "the reason, for the log of actions", {**TEXT, "maxLength": LONGEST_WHY})
_ONE = "/v1/hooks/{name}"

HOOKS = (
    Operation(
        "listHooks",
        "GET",
        "/v1/hooks",
        "List endpoints of webhooks, and how each fares",
        Need.ADMIN,
        {200: (shapes.Hooks,)},
        parameters=PAGED,
    ),
    Operation(
        "addHook",
        "POST",
        "/v1/hooks",
        "Add an endpoint; its secret is told this once",
        Need.ADMIN,
        {201: (shapes.MadeSecret,)},
        refusals=(409, 422),
        takes=shapes.NewHook,
    ),
    Operation("getHook", "GET", _ONE, "Get an endpoint", Need.ADMIN, {200: (shapes.Hook,)}, refusals=(404,)),
    Operation(
        "changeHook",
        "PATCH",
        _ONE,
        "Change where an endpoint is, or what it is told of; what waits for it is sent there",
        Need.ADMIN,
        {200: (shapes.HookDone,)},
        refusals=(404, 409, 422),
        takes=shapes.HookChange,
    ),
    Operation(
        "removeHook",
        "DELETE",
        _ONE,
        "Forget an endpoint, all that waits for it, and its secret",
        Need.ADMIN,
        {200: (shapes.HookDone,)},
        refusals=(404, 409),
        parameters=(_WHY,),
    ),
    *(
        Operation(
            f"{what}Hook",
            "POST",
            f"{_ONE}/{what}",
            summary,
            Need.ADMIN,
            {200: (shapes.HookDone,)},
            refusals=(404, 422),
            takes=shapes.Reason,
        )
        for what, summary in (
            ("pause", "Send an endpoint nothing from now on"),
            ("unpause", "Send an endpoint all that waits for it"),
        )
    ),
    Operation(
        "renewHookSecret",
        "POST",
        f"{_ONE}/secret",
        "Make a secret anew, told this once; the one before signs beside it for a while",
        Need.ADMIN,
        {200: (shapes.MadeSecret,)},
        refusals=(404, 409, 422),
        takes=shapes.NewSecret,
    ),
    Operation(
        "resendToHook",
        "POST",
        f"{_ONE}/resend",
        "Send events to an endpoint again",
        Need.ADMIN,
        {200: (shapes.Resent,)},
        refusals=(404, 422),
        takes=shapes.Resend,
    ),
    Operation(
        "listDeliveries",
        "GET",
        f"{_ONE}/deliveries",
        "List what was sent to an endpoint, the last first",
        Need.ADMIN,
        {200: (shapes.Deliveries,)},
        refusals=(404,),
        parameters=(
            _LIMIT,
            Parameter(
                "after", "`after` of the page before", {"type": "string", "pattern": f"^{PLACE.pattern}$"}
            ),
        ),
    ),
)
