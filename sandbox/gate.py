"""What every request passes: the token, the faults, the count and the journal."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.account.account import Account
from sandbox.faults import Rule
from sandbox.journal import BODY_CHARACTERS
from sandbox.world import World

#: Stand for other hosts (storage, content network) or for none of the API: no token is asked for.
FOREIGN_PATHS = ("/cdn/", "/storage/")
OPEN_PATHS = (*FOREIGN_PATHS, "/openapi.json")
CONTROL_PATH = "/_sandbox"
STREAM_PATH = "/notifications/events"
LARGEST_BODY = 32 * 1024 * 1024
HTML_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_FAULTS = ("status", "refuse", "drop_response", "delay", "garbage", "early")


class Gate:
    """Stands in front of all endpoints. Pure ASGI, since it must be able to answer with nothing at all."""

    def __init__(self, app: ASGIApp, world: World, routes: list[BaseRoute]) -> None:
        self.app = app
        self.world = world
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or not."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PATH):
            await self.app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return
        answer = Answer(send)
        token = _token(scope)
        account = self.world.by_token(token) if token else None
        fault = self.world.faults.take(
            "request",
            _FAULTS,
            account=account.name if account else None,
            method=scope["method"],
            path=scope["path"],
        )
        try:
            await self._process(scope, _replay(body, receive), answer, account, fault)
        finally:
            self._record(scope, account, fault, body, answer)

    async def _process(
        self, scope: Scope, receive: Receive, answer: "Answer", account: Account | None, fault: Rule | None
    ) -> None:
        scope["state"]["account"] = account
        scope["state"]["early"] = fault is not None and fault.kind == "early"
        if fault is None:
            await self._admit(scope, account)(scope, receive, answer)
            return
        if fault.kind == "refuse":
            await cut(scope, receive)
        elif fault.kind == "status":
            await _faulty_answer(fault)(scope, receive, answer)
        elif fault.kind == "delay" and fault.when == "before":
            await asyncio.sleep(fault.seconds)
            await self._admit(scope, account)(scope, receive, answer)
        else:
            answer.held = []
            await self._admit(scope, account)(scope, receive, answer)
            await self._spoil(scope, receive, answer, fault)

    async def _spoil(self, scope: Scope, receive: Receive, answer: "Answer", fault: Rule) -> None:
        """The request was processed; something happens to its answer."""
        if fault.kind == "drop_response":
            await cut(scope, receive)
        elif fault.kind == "garbage":
            await _garbage(fault, answer)(scope, receive, answer.send)
        else:
            await asyncio.sleep(fault.seconds)
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
        self, scope: Scope, account: Account | None, fault: Rule | None, body: bytes, answer: "Answer"
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
        }
        self.world.journal.add(entry, body, bytes(answer.start))

    def _route(self, scope: Scope) -> str:
        """The path with its parameters as names, so that the counts stay few."""
        route = scope.get("route")
        if route is None:
            matches = (route for route in self.routes if route.matches(scope)[0] is not Match.NONE)
            route = next(matches, None)
        return getattr(route, "path", "(unknown)")


class Answer:
    """Passes an answer on, remembering its status and the start of its body; or holds it back."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.status: int | None = None
        self.start = bytearray()
        self.held: list[Message] | None = None

    async def __call__(self, message: Message) -> None:
        """One ASGI message of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif len(self.start) < 2 * BODY_CHARACTERS:
            self.start += message.get("body", b"")[: 2 * BODY_CHARACTERS]
        if self.held is None:
            await self.send(message)
        else:
            self.held.append(message)

    async def release(self) -> None:
        """Send what was held back."""
        for message in self.held or []:
            await self.send(message)


async def cut(scope: Scope, receive: Receive) -> None:
    """Close the connection without a word, and wait until the server has noticed."""
    scope["state"]["transport"].abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _token(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if kind.lower() == "bearer" else None
    if scope["path"] == STREAM_PATH:
        values = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        return values[0] if values else None
    return None


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when the client left, or sent more than anything here needs."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _faulty_answer(fault: Rule) -> Response:
    if isinstance(fault.body, str):
        return Response(fault.body, status_code=fault.status, headers=fault.headers)
    content: Any = {"error": "Internal server error"} if fault.body is None else fault.body
    return JSONResponse(content, status_code=fault.status, headers=fault.headers)


def _garbage(fault: Rule, answer: Answer) -> Response:
    if fault.form == "html":
        return Response(HTML_PAGE, status_code=502, media_type="text/html")
    body = bytes(answer.start)
    return Response(body[: len(body) // 2], status_code=answer.status or 200, media_type="application/json")
