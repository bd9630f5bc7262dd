"""Drives steps that ask for something and go on with the answer: the same ones for both kinds of client."""

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

import redis

Asked = TypeVar("Asked")
Result = TypeVar("Result")


def drive(
    steps: Generator[Asked, Any, Result],
    answer: Callable[[Asked], Any],
    errors: type[redis.RedisError] = redis.RedisError,
) -> Result:
    """Give steps the answer of each thing that they ask for, or its error if it is one of `errors`.

    Returns what they return; raises what they raise, and other errors of `answer`.
    """
    try:
        asked = next(steps)
        while True:
            try:
                answered = answer(asked)
            except errors as error:
                asked = steps.throw(error)
            else:
                asked = steps.send(answered)
    except StopIteration as end:
        result: Result = end.value
        return result


async def drive_async(
    steps: Generator[Asked, Any, Result],
    answer: Callable[[Asked], Awaitable[Any]],
    errors: type[redis.RedisError] = redis.RedisError,
) -> Result:
    """Do the same from asyncio."""
    try:
        asked = next(steps)
        while True:
            try:
                answered = await answer(asked)
            except errors as error:
                asked = steps.throw(error)
            else:
                asked = steps.send(answered)
    except StopIteration as end:
        result: Result = end.value
        return result
