"""Reading a request and writing its answer, below what Starlette offers: held back, or cut off."""

from collections.abc import Callable

from starlette.types import Message, Receive, Scope, Send

from sandbox.common.errors import SandboxError

LARGEST_BODY = 32 * 1024 * 1024
#: How much of an answer is remembered for the journal.
REMEMBERED_BYTES = 4_000


class Answer:
    """Passes an answer on, remembering its status and the start of its body; or holds it back."""

    def __init__(self, send: Send, on_start: Callable[[], None] | None = None) -> None:
        self.send = send
        self.on_start = on_start
        self.status: int | None = None
        self.start = bytearray()
        #: Bytes of the body.
        self.size = 0
        self.held: list[Message] | None = None
        #: What would have been answered, had it not been withheld: the status, and the start of the body.
        self.withheld: tuple[int | None, bytes] | None = None

    async def __call__(self, message: Message) -> None:
        """One ASGI message of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.on_start is not None:
                self.on_start()
        else:
            body = message.get("body", b"")
            self.size += len(body)
            self.start += body[: REMEMBERED_BYTES - len(self.start)]
        if self.held is None:
            await self.send(message)
        else:
            self.held.append(message)

    def withhold(self) -> None:
        """Never send what was held back; what is answered instead, if anything, comes through here."""
        self.withheld = (self.status, bytes(self.start))
        self.status, self.held, self.size = None, None, 0
        self.start.clear()

    async def release(self) -> None:
        """Send what was held back."""
        for message in self.held or []:
            await self.send(message)


def abort(scope: Scope) -> None:
    """Close the connection without a word."""
    scope["state"]["transport"].abort()


async def cut(scope: Scope, receive: Receive) -> None:
    """Close the connection without a word, and wait until the server has noticed."""
    abort(scope)
    while (await receive())["type"] != "http.disconnect":
        pass


class TooLargeError(SandboxError):
    """Raised when a client sends more than anything here needs."""


async def read_body(receive: Receive) -> bytes | None:
    """The whole body; None when the client left. Raises TooLargeError."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise TooLargeError
        if not message.get("more_body"):
            return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """The receive channel of a request whose body was read already."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again
