"""Connections that find their server when they connect, and check that it is the primary."""

import socket
import ssl
from collections.abc import Mapping
from typing import Any

import redis
import redis.asyncio

from config.servers.address import Place
from worker.store.servers.finder import Guide
from worker.store.servers.trust import Trust

#: What servers say that do not let us ask, or want a password first.
_NOT_TOLD = (redis.ResponseError, redis.AuthenticationError)


class NotPrimaryError(redis.ConnectionError):
    """Raised when the server that was named as the primary says that it is none."""


class MisledError(redis.ConnectionError):
    """Raised when the server that was named can't be reached; says which it is, and why.

    REDIS_URL does not tell its address: Sentinels or nodes do, perhaps by one that leads nowhere from here.
    """

    def __init__(self, connection: Any, error: OSError) -> None:
        at = Place(connection.host, connection.port)
        named = f"{at} was named as {connection.asking.finder.what}"
        super().__init__(f"{named}, and can't be reached: {error or 'it does not answer'}")


class Located:
    """A connection to the server that `asking` finds; without one, to the server of its options."""

    host: str
    port: int

    def __init__(self, asking: Guide | None = None, **options: Any) -> None:
        self.asking = asking
        super().__init__(**options)

    def _connect(self) -> Any:
        if self.asking is None:
            return super()._connect()  # type: ignore[misc]  # of the class that this is mixed into
        self.host, self.port = self.asking.find()
        try:
            return super()._connect()  # type: ignore[misc]  # of the class that this is mixed into
        except OSError as error:
            self.asking.finder.was_wrong()
            raise MisledError(self, error) from error

    def on_connect_check_health(self, check_health: bool = True) -> None:
        """Sign in, and leave a server that is no primary."""
        super().on_connect_check_health(check_health)  # type: ignore[misc]  # of the class that this is mixed into
        if self.asking is not None:
            self.send_command("HELLO", check_health=False)  # type: ignore[attr-defined]  # of the class that this is mixed into
            try:
                answer = self.read_response()  # type: ignore[attr-defined]  # of the class that this is mixed into
            except _NOT_TOLD:
                return  # a replica will refuse the first write
            _check(answer, self)


class AsyncLocated:
    """The same for asyncio."""

    host: str
    port: int

    def __init__(self, asking: Guide | None = None, **options: Any) -> None:
        self.asking = asking
        super().__init__(**options)

    async def _connect(self) -> None:
        if self.asking is None:
            await super()._connect()  # type: ignore[misc]  # of the class that this is mixed into
            return
        self.host, self.port = await self.asking.find_async()
        try:
            await super()._connect()  # type: ignore[misc]  # of the class that this is mixed into
        except OSError as error:
            self.asking.finder.was_wrong()
            raise MisledError(self, error) from error

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        """Sign in, and leave a server that is no primary."""
        await super().on_connect_check_health(check_health)  # type: ignore[misc]  # of the class that this is mixed into
        if self.asking is not None:
            await self.send_command("HELLO", check_health=False)  # type: ignore[attr-defined]  # of the class that this is mixed into
            try:
                answer = await self.read_response()  # type: ignore[attr-defined]  # of the class that this is mixed into
            except _NOT_TOLD:
                return
            _check(answer, self)


def _check(answer: Any, connection: Any) -> None:
    """Raise NotPrimaryError where HELLO says so: ROLE would need one right more."""
    words = [each.decode() if isinstance(each, bytes) else each for each in answer]
    told: Mapping[str, Any] = dict(zip(words[::2], words[1::2], strict=False))
    if told.get("role", "master") != "master":
        finder = connection.asking.finder
        finder.was_wrong()
        at = f"{connection.host}:{connection.port}"
        raise NotPrimaryError(f"{at} is a replica, though it was named as {finder.what}")


class Plain(Located, redis.Connection):
    """A connection without TLS."""


class Tls(Located, redis.SSLConnection):
    """A connection by TLS."""

    def __init__(self, trust: Trust, **options: Any) -> None:
        self._trust = trust
        super().__init__(**options)

    def _wrap_socket_with_ssl(self, sock: socket.socket) -> ssl.SSLSocket:
        # redis-py's own makes a context for each connection, which takes longer than all else.
        return self._trust.context().wrap_socket(sock, server_hostname=self.host)


class AsyncPlain(AsyncLocated, redis.asyncio.Connection):
    """A connection of asyncio without TLS."""


class AsyncTls(AsyncLocated, redis.asyncio.SSLConnection):
    """A connection of asyncio by TLS."""

    def __init__(self, trust: Trust, **options: Any) -> None:
        self._trust = trust
        super().__init__(**options)

    def _connection_arguments(self) -> Mapping[str, Any]:
        return {"host": self.host, "port": self.port, "ssl": self._trust.context()}
