"""Waits for replicas: an intent to pay counts once enough have it, or a failover would have it paid again."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import redis

from config import durations
from config.text import counted
from worker.store.findings import Finding, Level
from worker.store.functions import Command, Functions, Words
from worker.store.rights import Command as Probe

T = TypeVar("T")


def run(functions: Functions, command: Command[T], number: int) -> tuple[T, bool]:
    """Call a function; return its answer, and whether `number` replicas have what it has written.

    One round trip. WAIT counts the writes of its own connection, so both are sent on one, and no transaction:
    in that, WAIT would wait for nothing. Raises redis.RedisError.
    """
    has_enough = False

    def send(client: "redis.Redis", words: Words) -> Any:
        nonlocal has_enough
        with client.pipeline(transaction=False) as pipe:
            pipe.execute_command(*words, NEVER_DECODE=True)  # type: ignore[no-untyped-call]
            pipe.execute_command("WAIT", number, durations.REPLICAS_WAIT_MS)  # type: ignore[no-untyped-call]
            answer, reached = pipe.execute(raise_on_error=False)
        for told in (answer, reached):
            if isinstance(told, redis.RedisError):
                raise told
        has_enough = reached >= number
        return answer

    return functions.run(command, send=send), has_enough


def probes(number: int) -> list[Probe]:
    """Return what tells whether there are so many replicas; nothing where none are wanted."""
    return [("WAIT", number, durations.REPLICAS_WAIT_MS)] if number else []


def examine(number: int, answers: Sequence[Any]) -> Iterator[Finding]:
    """Yield what the answers to the probes tell."""
    for reached in answers:
        wanted = (
            f"IDENTITY_WORKER_REPLICAS is {number}: no paid call is made before that many replicas know of it"
        )
        if isinstance(reached, redis.RedisError):
            told = f"{wanted}, and the server does not let us wait for them: {reached}"
            yield Finding("replicas", Level.STOPS, told, "give the user of REDIS_URL the right +wait")
        elif reached < number:
            there = f"{counted(reached, 'replica')} answered" if reached else "none answered"
            remedy = "start replicas, or set IDENTITY_WORKER_REPLICAS to 0 for a server that has none"
            yield Finding("replicas", Level.STOPS, f"{wanted}, and {there}", remedy)
