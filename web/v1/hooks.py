"""`/v1/hooks`: endpoints of webhooks, by the operations that `identity-worker hooks` uses.

A token that names accounts sees and makes only endpoints that are told of these alone. Where a secret stands
can't be said by HTTP: whoever has a token has no business in this machine's files.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

import redis
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config.settings import Settings
from web.description.hook_shapes import HookChange, NewHook, NewSecret, Reason, Resend
from web.description.operation import LONGEST_WHY
from web.v1 import bodies, paging
from web.v1.problems import bad_request, conflict, invalid, not_found
from worker.briefs.faults import MAX_FAULTS, fault
from worker.callers.tokens import Caller
from worker.hooks import describing
from worker.hooks.describing import HookFieldError, Said, facts
from worker.hooks.endpoints import Endpoint
from worker.hooks.keeping import KeptSecretError
from worker.hooks.operating import EndpointError, Endpoints
from worker.hooks.signing import HookSecretError
from worker.hooks.standing import PLACE, Standing, deliveries, place_of, standings
from worker.operations.halts import Halt
from worker.store.folders import FolderError

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class Hooks:
    """The endpoints as one caller may see and change them.

    Each method raises ProblemError and redis.RedisError.
    """

    def __init__(self, client: "redis.Redis", settings: Settings, caller: Caller) -> None:
        self._client, self._settings, self._caller = client, settings, caller

    def all(self, request: Request, _: bytes) -> Response:
        """Tell how each endpoint fares, a page at a time."""
        seen = {each.endpoint.name: each for each in self._seen()}
        found = paging.page(request, sorted(seen))
        return JSONResponse({"endpoints": [facts(seen[name]) for name in found.names], "after": found.after})

    def add(self, _: Request, body: bytes) -> Response:
        """Put an endpoint on record; tell the secret that was made for it."""
        said = _said(NewHook, body)
        new = Said(said.url, said.name, said.types, said.batches, said.accounts)
        endpoint = _checked(lambda: describing.described(new, self._settings))
        self._check_may(endpoint)
        secret = _done(lambda: self._by(said.why).add(endpoint))
        told = {"endpoint": endpoint.name, "secret": secret}
        return JSONResponse(told, HTTPStatus.CREATED, {"Location": f"/v1/hooks/{endpoint.name}"})

    def one(self, request: Request, _: bytes) -> Response:
        """Tell how an endpoint fares."""
        return JSONResponse(facts(self._standing(request)))

    def change(self, request: Request, body: bytes) -> Response:
        """Change where an endpoint is, or what it is told of."""
        before, said = self._endpoint(request), _said(HookChange, body)
        new = (said.url, said.types, said.batches, said.accounts)
        endpoint = _checked(lambda: describing.changed(before, self._settings, *new))
        self._check_may(endpoint)
        _done(lambda: self._by(said.why).change(endpoint))
        return _told("change", endpoint, None)

    def remove(self, request: Request, _: bytes) -> Response:
        """Forget an endpoint, what waits for it, and its secret."""
        endpoint, why = self._endpoint(request), request.query_params.get("why", "")
        if len(why) > LONGEST_WHY:
            raise bad_request(f"why: must be a text of at most {LONGEST_WHY} characters")
        _done(lambda: self._by(why or None).remove(endpoint))
        return _told("remove", endpoint, None)

    def pause(self, request: Request, body: bytes) -> Response:
        """Send an endpoint nothing from now on."""
        endpoint = self._endpoint(request)
        return _told("pause", endpoint, self._by(_said(Reason, body).why).pause(endpoint))

    def unpause(self, request: Request, body: bytes) -> Response:
        """Send an endpoint all that waits for it."""
        endpoint = self._endpoint(request)
        return _told("unpause", endpoint, self._by(_said(Reason, body).why).unpause(endpoint))

    def renew(self, request: Request, body: bytes) -> Response:
        """Make an endpoint's secret anew, and tell it."""
        endpoint, said = self._endpoint(request), _said(NewSecret, body)
        overlap = _checked(lambda: describing.overlap_ms(said.overlap))
        secret = _done(lambda: self._by(said.why).rotate(endpoint, overlap))
        return JSONResponse({"endpoint": endpoint.name, "secret": secret})

    def resend(self, request: Request, body: bytes) -> Response:
        """Send events again."""
        endpoint, said = self._endpoint(request), _said(Resend, body)
        wanted = {"since": said.since, "brief": said.brief}
        told = _checked(lambda: describing.again(self._client, endpoint.name, **wanted, failed=said.failed))
        number = self._by(said.why).resend(endpoint, told)
        return JSONResponse({"endpoint": endpoint.name, "events": number})

    def deliveries(self, request: Request, _: bytes) -> Response:
        """Tell what was sent to an endpoint, the last first."""
        endpoint, limit = self._endpoint(request), paging.limit_in(request)
        after = request.query_params.get("after")
        if after is not None and not PLACE.fullmatch(after):
            raise bad_request(f"after '{after[:60]}': must be as it was told with a page")
        found = deliveries(self._client, endpoint.name, limit, after)
        last = place_of(found[-1]) if len(found) == limit else None
        return JSONResponse({"deliveries": found, "after": last})

    def _seen(self) -> list[Standing]:
        _, found = standings(self._client)
        return [each for each in found if self._may(each.endpoint)]

    def _may(self, endpoint: Endpoint) -> bool:
        if not self._caller.accounts:
            return True
        return bool(endpoint.accounts) and all(map(self._caller.may_use, endpoint.accounts))

    def _standing(self, request: Request) -> Standing:
        name = request.path_params["name"]
        for each in self._seen():
            if each.endpoint.name == name:
                return each
        raise not_found(f"endpoint {name[:64]!r} that you may see")

    def _endpoint(self, request: Request) -> Endpoint:
        return self._standing(request).endpoint

    def _check_may(self, endpoint: Endpoint) -> None:
        if not self._may(endpoint):
            rule = f"{self._caller.name} may use {', '.join(self._caller.accounts)}: name of these"
            raise invalid([fault(("accounts",), [*endpoint.accounts], rule)])

    def _by(self, why: str | None) -> Endpoints:
        return Endpoints(self._client, self._settings, f"{self._caller.name} by HTTP", why)


def _done(act: Callable[[], T]) -> T:
    try:
        return act()
    except (EndpointError, HookSecretError, KeptSecretError, FolderError, OSError) as error:
        raise conflict(str(error)) from error


def _told(did: str, endpoint: Endpoint, before: Halt | None) -> Response:
    pause = None if before is None else before._asdict()
    return JSONResponse({"endpoint": endpoint.name, "did": did, "before": pause})


def _checked(read: Callable[[], T]) -> T:
    try:
        return read()
    except HookFieldError as error:
        raise invalid([fault((error.field,), error.value, error.rule)]) from error


def _said(model: type[M], body: bytes) -> M:
    try:
        return model.model_validate(bodies.object_in(body))
    except ValidationError as error:
        found = error.errors(include_url=False)[:MAX_FAULTS]
        raise invalid([fault(each["loc"], each["input"], each["msg"]) for each in found]) from error
