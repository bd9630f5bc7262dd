"""POST, PUT, GET and DELETE /_sandbox/faults."""

import json

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.account.world import World
from sandbox.common.errors import Fault, invalid
from sandbox.common.faults import Rule
from sandbox.jobs.others import flood
from sandbox.serving.context import world_of

_RULES = TypeAdapter(list[Rule])


async def add_faults(request: Request) -> JSONResponse:
    """Add one rule or a list of them behind those in force, with PUT in their place; answers all that are."""
    world = world_of(request)
    try:
        given = json.loads(await request.body())
        given = given if isinstance(given, list) else [given]
        rules = _RULES.validate_python(given)
    except ValidationError as error:
        # Of a single rule, the place in the list is left out.
        first = 0 if len(given) > 1 else 1
        names = (".".join(map(str, fault["loc"][first:])) or None for fault in error.errors())
        faults = zip(names, error.errors(), strict=True)
        raise invalid([Fault(name, fault["msg"]) for name, fault in faults]) from None
    except ValueError:
        raise invalid([Fault(None, "The body is not valid JSON.")]) from None
    if request.method == "PUT":
        world.faults.clear()
    world.faults.add(rule for rule in rules if rule.kind != "flood")
    for rule in rules:
        if rule.kind == "flood":
            _flood(world, rule)
    world.hub.wake()
    return await list_faults(request)


def _flood(world: World, rule: Rule) -> None:
    """A flood does not wait for anything to strike: it comes at once, to one account or to all."""
    for account in world.accounts.values():
        if rule.account in (None, account.name):
            flood(world, account, rule.events)


async def list_faults(request: Request) -> JSONResponse:
    """The rules in force."""
    return JSONResponse([rule.model_dump() for rule in world_of(request).faults.rules])


async def clear_faults(request: Request) -> Response:
    """Remove all rules."""
    world_of(request).faults.clear()
    return Response(status_code=204)
