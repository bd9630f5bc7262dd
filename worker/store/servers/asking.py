"""Asks servers where the primary is, over short connections of their own."""

from collections.abc import Mapping
from typing import Any

from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.servers.address import Place
from worker.store.servers.finder import Finder, Question
from worker.store.servers.located import AsyncPlain, AsyncTls, Plain, Tls
from worker.store.servers.steps import drive, drive_async


class Asking:
    """Puts the questions of a finder, by connections with these options of redis-py."""

    def __init__(self, finder: Finder, options: Mapping[str, Any], *, is_tls: bool) -> None:
        self.finder = finder
        self.found: Place | None = None
        self._options = options
        self._kind = Tls if is_tls else Plain
        self._async_kind = AsyncTls if is_tls else AsyncPlain

    def find(self) -> Place:
        """Return where the server is; raises redis.RedisError."""
        self.found = drive(self.finder.steps(), self._answer)
        return self.found

    async def find_async(self) -> Place:
        """Do the same from asyncio."""
        self.found = await drive_async(self.finder.steps(), self._answer_async)
        return self.found

    def _answer(self, question: Question) -> Any:
        connection: Any = self._kind(**question.at._asdict(), retry=Retry(NoBackoff(), 0), **self._options)
        try:
            connection.connect()
            connection.send_command(*question.words)
            return connection.read_response()
        finally:
            connection.disconnect()

    async def _answer_async(self, question: Question) -> Any:
        connection: Any = self._async_kind(
            **question.at._asdict(), retry=AsyncRetry(NoBackoff(), 0), **self._options
        )
        try:
            await connection.connect()
            await connection.send_command(*question.words)
            return await connection.read_response()
        finally:
            await connection.disconnect()
