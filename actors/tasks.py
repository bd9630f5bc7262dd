"""Ending an asyncio task for certain."""

import asyncio
from typing import Any

from config.connection import ANSWER_TIMEOUT, CONNECT_TIMEOUT

#: Seconds that a task may take to end before it is told once more: longer than its tidying up may take, which
#: a second cancellation would cut short.
TELL_AGAIN = CONNECT_TIMEOUT + ANSWER_TIMEOUT + 1.0


async def end(task: "asyncio.Task[Any]") -> None:
    """Cancel a task until it has ended; what it ended with is left in it.

    Telling it once is not enough: before Python 3.12, `asyncio.wait_for` loses a cancellation that comes
    together with the result it waits for, and redis-py sends its commands through it.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=TELL_AGAIN)
