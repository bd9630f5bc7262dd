"""POST /_sandbox/settings and POST /_sandbox/reset."""

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.account.account import Account
from sandbox.account.library import fill_library
from sandbox.common.errors import ApiError, Fault, invalid
from sandbox.common.names import account_name
from sandbox.common.settings import Settings
from sandbox.serving.context import json_object, world_of


async def change_settings(request: Request) -> JSONResponse:
    """Change settings of all accounts and those to come, or with `account` of one; answers those in force."""
    world, changes = world_of(request), await json_object(request)
    name = changes.pop("account", None)
    if name is None:
        world.settings = changed(world.settings, changes)
        for each in world.accounts.values():
            apply(each, changes, world.clock.now())
        return JSONResponse(world.settings.model_dump())
    account = world.named(account_name(name)) if isinstance(name, str) else None
    if account is None:
        raise ApiError(400, "account: Must be the name of an account.")
    apply(account, changes, world.clock.now())
    return JSONResponse(account.settings.model_dump())


async def reset(request: Request) -> Response:
    """Forget all accounts, faults and the journal."""
    world_of(request).reset()
    return Response(status_code=204)


def changed(settings: Settings, changes: dict[str, object]) -> Settings:
    """The settings with changes; raises 400 that names unknown keys and wrong values."""
    try:
        return Settings.model_validate({**settings.model_dump(), **changes})
    except ValidationError as error:
        raise invalid(
            [Fault(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors()]
        ) from None


def apply(account: Account, changes: dict[str, object], now: float) -> None:
    """Change one account's settings; `credits` sets its balance."""
    account.settings = changed(account.settings, changes)
    if "credits" in changes:
        account.credits = account.settings.credits
    fill_library(account, now)
