"""`/v1` in this process, and clients of it, whose answers are held against their description."""

from collections.abc import Iterator

import httpx
import pytest
import redis
from support import DEADLINE
from v1.conforming import conforms
from web_inlet import Web

from worker.callers import tokens
from worker.callers.tokens import Caller, Role


class Callers:
    """Makes clients of `/v1`, each with a token of its own."""

    def __init__(self, client: "redis.Redis", web: Web) -> None:
        self._client, self._url, self._open = client, f"http://127.0.0.1:{web.port}/v1", []

    def token(self, name: str, role: Role = Role.CALLER, **more: object) -> str:
        return tokens.make(self._client, Caller(name, role, **more))

    def bare(self, **headers: str) -> httpx.Client:
        hooks = {"response": [conforms]}
        self._open.append(
            httpx.Client(base_url=self._url, headers=headers, timeout=DEADLINE, event_hooks=hooks)
        )
        return self._open[-1]

    def __call__(self, name: str, role: Role = Role.CALLER, **more: object) -> httpx.Client:
        return self.bare(Authorization=f"Bearer {self.token(name, role, **more)}")

    def close(self) -> None:
        for each in self._open:
            each.close()


@pytest.fixture
def callers(client: "redis.Redis", web: Web) -> Iterator[Callers]:
    made = Callers(client, web)
    yield made
    made.close()
