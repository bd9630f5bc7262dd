"""What every request passes: the token, the faults, the count and the journal."""

from urllib.parse import parse_qs

from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.account.account import PAID_ENDPOINTS, Account
from sandbox.account.world import World
from sandbox.common.faults import PAID_PATHS, STREAM_PATH, Rule
from sandbox.serving.faulty_answers import garbage, in_place
from sandbox.serving.guard import guarded
from sandbox.serving.wire import Answer, TooLargeError, abort, cut, read_body, replay

#: Stand for other hosts (storage, content network) or for none of the API: no token is asked for.
FOREIGN_PATHS = ("/cdn/", "/storage/")
OPEN_PATHS = (*FOREIGN_PATHS, "/openapi.json", "/auth/login", "/auth/refresh")
CONTROL_PATH = "/_sandbox"
_FAULTS = ("status", "refuse", "drop_response", "linger", "delay", "garbage")


class Gate:
    """Stands in front of all endpoints. Pure ASGI, since it must be able to answer with nothing at all."""

    def __init__(self, app: ASGIApp, world: World, routes: list[BaseRoute]) -> None:
        self.app = app
        self.world = world
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or not."""
        self.world.note_request()
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"].startswith(CONTROL_PATH):
            await guarded(self.app, scope)(scope, receive, send)
            return
        try:
            body = await read_body(receive)
        except TooLargeError:
            await JSONResponse({"error": "The body is too large."}, 413)(scope, receive, send)
            return
        if body is None:
            return
        token = _token(scope)
        account = self.world.by_token(token) if token else None
        fault = self.world.faults.take(
            "request",
            _possible_faults(scope),
            account=account.name if account else None,
            method=scope["method"],
            path=scope["path"],
        )

        def record() -> None:
            self._record(scope, account, fault, body, answer)

        # A stream is told of when it opens: it may end hours later.
        streams = scope["path"] == STREAM_PATH
        answer = Answer(send, record if streams else None)
        try:
            await self._process(scope, replay(body, receive), answer, account, fault)
        finally:
            if answer.status is None or not streams:
                record()

    async def _process(
        self, scope: Scope, receive: Receive, answer: Answer, account: Account | None, fault: Rule | None
    ) -> None:
        scope["state"]["account"] = account
        scope["state"] |= {"early": fault is not None and fault.kind == "early", "wait": None}
        if fault is None:
            await self._admit(scope, account)(scope, receive, answer)
            return
        if fault.kind == "refuse":
            await cut(scope, receive)
        elif fault.kind == "status":
            await in_place(fault, account)(scope, receive, answer)
        elif fault.kind == "delay" and (fault.when == "before" or scope["path"] == STREAM_PATH):
            await self._process_later(scope, account, fault.seconds)
            await self._admit(scope, account)(scope, receive, answer)
        else:
            if fault.kind == "linger":
                abort(scope)
                await self._process_later(scope, account, fault.seconds)
            answer.held = []
            await self._admit(scope, account)(scope, receive, answer)
            await self._spoil(scope, receive, answer, fault)

    async def _process_later(self, scope: Scope, account: Account | None, seconds: float) -> None:
        endpoint = f"{scope['method']} {scope['path']}"
        if account is not None and endpoint in PAID_ENDPOINTS:
            scope["state"]["wait"] = account.arrive(endpoint, self.world.clock.now())
        await self.world.faults.delay(seconds)

    async def _spoil(self, scope: Scope, receive: Receive, answer: Answer, fault: Rule) -> None:
        """The request was processed; something happens to its answer."""
        if fault.kind in ("drop_response", "linger"):
            answer.withhold()
            await cut(scope, receive)
        elif fault.kind == "garbage":
            answer.withhold()
            await garbage(fault, answer)(scope, receive, answer)
        else:
            await self.world.faults.delay(fault.seconds)
            await answer.release()

    def _admit(self, scope: Scope, account: Account | None) -> ASGIApp:
        path = scope["path"]
        if path.startswith(OPEN_PATHS):
            if account is not None and path.startswith(FOREIGN_PATHS):
                account.violations.tokens_on_foreign_urls += 1
            return self.app
        if account is None:
            return JSONResponse({"error": "Invalid or expired token."}, status_code=401)
        return self.app

    def _record(
        self, scope: Scope, account: Account | None, fault: Rule | None, body: bytes, answer: Answer
    ) -> None:
        status = str(answer.status or "none")
        endpoint = f"{scope['method']} {self._route(scope)}"
        unknown = self.world.without_account
        counts = account.requests.setdefault(endpoint, {}) if account else unknown
        counts[status] = counts.get(status, 0) + 1
        entry = {
            "at": round(self.world.clock.now(), 3),
            "account": account.name if account else None,
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode("latin-1"),
            "status": answer.status,
            "fault": fault.kind if fault else None,
            "processed": fault is None or fault.kind not in ("status", "refuse"),
            "request_bytes": len(body),
            "answer_bytes": answer.size,
        }
        self.world.journal.add(entry, body, bytes(answer.start), answer.withheld)

    def _route(self, scope: Scope) -> str:
        """The path with its parameters as names, so that the counts stay few."""
        route = scope.get("route")
        if route is None:
            matches = (route for route in self.routes if route.matches(scope)[0] is not Match.NONE)
            route = next(matches, None)
        return getattr(route, "path", "(unknown)")


def _possible_faults(scope: Scope) -> tuple[str, ...]:
    """A stream has no end at which its answer could be dropped or spoilt; only a job can be done early."""
    if scope["path"] == STREAM_PATH:
        return ("status", "refuse", "delay")
    return (*_FAULTS, "early") if scope["path"] in PAID_PATHS else _FAULTS


def _token(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if kind.lower() == "bearer" else None
    if scope["path"] == STREAM_PATH:
        values = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        return values[0] if values else None
    return None
