"""Ending an asyncio task for certain."""

import asyncio
from typing import Any

#: Seconds that a task may take to end before it is told once more.
TELL_AGAIN = 1.0


async def end(task: "asyncio.Task[Any]") -> None:
    """Cancel a task until it has ended; what it ended with is left in it.

    Telling it once is not enough: before Python 3.12, `asyncio.wait_for` loses a cancellation that comes
    together with the result it waits for, and redis-py sends its commands through it.

    Raises CancelledError once the task has ended if the caller was cancelled meanwhile.
    """
    told: asyncio.CancelledError | None = None
    while not task.done():
        task.cancel()
        try:
            await asyncio.wait([task], timeout=TELL_AGAIN)
        except asyncio.CancelledError as error:
            # The caller is itself told again; raised at once, this would leave the task behind, running.
            told = error
    if told is not None:
        raise told
