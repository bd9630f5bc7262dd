"""The routes of `/v1`: who calls, what is asked, and every error as a problem (RFC 9457)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from typing import Any

import redis
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actors.broker.broker import Broker
from config import logs
from config.logs import Trouble
from config.settings import Settings
from config.shards import namespace_of
from web.description import asyncapi, openapi
from web.description.operation import Need, Operation
from web.description.operations import OPERATIONS
from web.v1 import bodies, events, finding, paging
from web.v1.access import caller_of, check_may
from web.v1.acted import acted
from web.v1.hooks import Hooks
from web.v1.intake import Intake, Item
from web.v1.problems import ProblemError, bad_request, not_found
from web.v1.steering import Steering
from worker.callers.tokens import Caller
from worker.lifecycle.acceptance import HasLimits
from worker.shards.merged import clients_of, holder_of
from worker.shards.shards import Shards
from worker.store.connection import connect_async
from worker.store.remedies import remedy
from worker.views import account_reading
from worker.views.account import AccountSummary

log = logs.get("web")

#: Seconds after which whoever was told that Redis is away may try again.
_AGAIN = "5"

Act = Callable[[Caller, Request, bytes], Response]
Answering = Callable[[Request], Awaitable[Response]]


class V1:
    """Answers programs; what takes long is done in threads."""

    def __init__(
        self, settings: Settings, accounts: Callable[[], Mapping[str, HasLimits]], redis_url: str
    ) -> None:
        """`accounts` returns those of now, of which briefs are taken."""
        self._settings, self._accounts = settings, accounts
        # All shards, whichever this process serves otherwise: a brief may be in any.
        self._shards = Shards(redis_url, settings.namespace, settings.shards)
        self._client = self._shards.reading
        names = [namespace_of(settings.namespace, shard) for shard in self._shards.all]
        self._waiting = [connect_async(redis_url, namespace=each) for each in names]
        self._brokers = [Broker(redis_url, namespace=each) for each in names]
        self._unread = Trouble(log, "v1.redis_refused")

    @property
    def routes(self) -> list[Route]:
        """Return what is answered: each operation of the table, those of one path together."""
        acts: dict[str, Act] = {
            "sendBriefs": self._send,
            "planBriefs": self._plan,
            "listBriefs": self._list,
            "getBrief": self._one,
            "listBatches": self._list_batches,
            "getBatch": self._batch,
            **dict.fromkeys(("pickDrafts", "retryBrief", "cancelBrief", "updateBrief"), self._steer),
            "listAccounts": self._list_accounts,
            "listActions": self._list_actions,
            "readEvents": self._events,
            "listHooks": self._hooked(Hooks.all),
            "addHook": self._hooked(Hooks.add),
            "getHook": self._hooked(Hooks.one),
            "changeHook": self._hooked(Hooks.change),
            "removeHook": self._hooked(Hooks.remove),
            "pauseHook": self._hooked(Hooks.pause),
            "unpauseHook": self._hooked(Hooks.unpause),
            "renewHookSecret": self._hooked(Hooks.renew),
            "resendToHook": self._hooked(Hooks.resend),
            "listDeliveries": self._hooked(Hooks.deliveries),
        }
        paths: dict[str, dict[str, Answering]] = {"/v1/openapi.json": {}, "/v1/asyncapi.json": {}}
        for each in OPERATIONS:
            if each.need is not Need.NOTHING:
                paths.setdefault(each.path, {})[each.method] = self._answering(acts[each.name], each)
        paths["/v1/openapi.json"]["GET"] = _described(openapi.document)
        paths["/v1/asyncapi.json"]["GET"] = _described(asyncapi.document)
        return [
            # A batch may be called `2026/spring`.
            Route(path.replace("{batch}", "{batch:path}"), _by_method(each), methods=[*each])
            for path, each in paths.items()
        ]

    async def close(self) -> None:
        """Close the connections."""
        for each in self._waiting:
            await each.aclose()
        self._shards.close()
        for broker in self._brokers:
            broker.close()

    def _answering(self, act: Act, of: Operation) -> Answering:
        def allowed(request: Request) -> Caller:
            caller = caller_of(request, self._client)
            check_may(caller, of.need)
            return caller

        async def answer(request: Request) -> Response:
            try:
                if not of.sends:
                    return await run_in_threadpool(lambda: act(allowed(request), request, b""))
                # Before the body: whoever may send nothing has no megabytes of it kept here.
                caller = await run_in_threadpool(allowed, request)
                return await run_in_threadpool(act, caller, request, await bodies.read(request))
            except ProblemError as problem:
                return problem.answer()
            except redis.RedisError as error:
                self._unread.met(error=str(error))
                detail = f"Redis: {error}; {remedy(error)}"
                away = ProblemError(
                    HTTPStatus.SERVICE_UNAVAILABLE, "redis", detail, headers={"Retry-After": _AGAIN}
                )
                return away.answer()

        return answer

    def _hooked(self, act: Callable[[Hooks, Request, bytes], Response]) -> Act:
        def done(caller: Caller, request: Request, body: bytes) -> Response:
            return act(Hooks(self._client, self._settings, caller), request, body)

        return done

    def _intake(self, caller: Caller) -> Intake:
        return Intake(self._client, self._broker_of, self._settings, self._accounts(), caller)

    def _broker_of(self, account: str) -> Broker:
        return self._brokers[self._shards.of(account)]

    def _send(self, caller: Caller, request: Request, body: bytes) -> Response:
        raw, many = bodies.briefs_in(body, request.headers.get("content-type", ""))
        key = request.headers.get("idempotency-key")
        if key is not None and many:
            raise bad_request("Idempotency-Key is the brief_id of one brief, and this body holds many")
        items = self._intake(caller).take(raw, key)
        return _told_of_many(items) if many else _told_of_one(items[0])

    def _plan(self, caller: Caller, request: Request, body: bytes) -> Response:
        raw, _ = bodies.briefs_in(body, request.headers.get("content-type", ""))
        items, plans = self._intake(caller).plan(raw)
        accounts = [asdict(each) | {"credits": each.credits} for each in plans]
        return JSONResponse({"items": [item.told() for item in items], "accounts": accounts})

    def _list(self, caller: Caller, request: Request, _: bytes) -> Response:
        found = finding.page(self._client, caller, finding.filter_in(request))
        told = [finding.facts(each.brief) for each in found.found]
        return JSONResponse({"briefs": told, "after": found.after})

    def _one(self, caller: Caller, request: Request, _: bytes) -> Response:
        brief_id = request.path_params["brief_id"]
        found = finding.one(self._client, caller, brief_id)
        return JSONResponse(
            {"brief_id": brief_id, "state": "queued"} if found is None else finding.facts(found)
        )

    def _batch(self, caller: Caller, request: Request, _: bytes) -> Response:
        batch = request.path_params["batch"]
        found = finding.counted(self._client, caller, batch)
        if not found:
            raise not_found(f"brief in batch {batch[:128]!r} that you may see")
        rows = [{**where._asdict(), "briefs": number} for where, number in found.items()]
        return JSONResponse({"batch": batch, "briefs": found.total(), "counts": rows})

    def _list_batches(self, caller: Caller, request: Request, _: bytes) -> Response:
        found = finding.by_batch(self._client, caller)
        page = paging.page(request, sorted(found))
        told = [
            {"batch": name, "briefs": found[name].total(), "states": dict(found[name])} for name in page.names
        ]
        return JSONResponse({"batches": told, "after": page.after})

    def _list_accounts(self, caller: Caller, request: Request, _: bytes) -> Response:
        page = paging.page(request, [name for name in sorted(self._accounts()) if caller.may_use(name)])
        told = [_account(account_reading.summary(self._client, name)) for name in page.names]
        return JSONResponse({"accounts": told, "after": page.after})

    def _list_actions(self, caller: Caller, request: Request, _: bytes) -> Response:
        return acted(self._client, caller, request)

    def _steer(self, caller: Caller, request: Request, body: bytes) -> Response:
        brief_id = request.path_params["brief_id"]
        finding.one(self._client, caller, brief_id)
        steering = Steering(
            holder_of(self._client, brief_id), self._settings, caller, first=clients_of(self._client)[0]
        )
        act = getattr(steering, request.url.path.rpartition("/")[2])
        return JSONResponse(act(brief_id, bodies.object_in(body)))

    def _events(self, caller: Caller, request: Request, _: bytes) -> Response:
        if events.wants_stream(request):
            known = partial(caller_of, request, self._client)
            return events.stream(self._client, self._waiting, known, request)
        return events.page(self._client, caller, request)


def _by_method(answering: Mapping[str, Answering]) -> Answering:
    async def answer(request: Request) -> Response:
        # HEAD is a GET whose body the server leaves out.
        return await answering["GET" if request.method == "HEAD" else request.method](request)

    return answer


def _described(document: Callable[[], dict[str, Any]]) -> Answering:
    async def answer(_: Request) -> Response:
        return JSONResponse(await run_in_threadpool(document))

    return answer


def _told_of_one(item: Item) -> Response:
    if item.problem is not None:
        return item.problem.answer()
    return JSONResponse(item.told(), item.status, {"Location": f"/v1/briefs/{item.brief_id}"})


def _told_of_many(items: list[Item]) -> Response:
    """Answer 202 where any was taken or is there already, else as the first of them would be."""
    told = {"items": [item.told() for item in items]}
    first = items[0].problem
    if first is None or any(item.problem is None for item in items):
        return JSONResponse(told, HTTPStatus.ACCEPTED)
    return JSONResponse(told, first.status, first.headers)


def _account(summary: AccountSummary) -> dict[str, Any]:
    pauses = {what: pause._asdict() for what, pause in summary.pauses.items()}
    return asdict(summary) | {"pauses": pauses}
