"""Ends asyncio tasks reliably.

Before Python 3.12, `asyncio.wait_for` loses a cancellation that comes together with the result it waits
for, and redis-py sends its commands through it. The task is still marked as being cancelled, so every loop
here asks `stopping` after what may have swallowed the exception. Cancelling twice is no cure: the second one
would break into the tidying up that the first set off.
"""

import asyncio
from typing import Any


def stopping() -> bool:
    """Whether the current task was told to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def end(task: "asyncio.Task[Any]") -> None:
    """Cancel a task and wait until it has ended; what it ended with is left in it.

    Raises CancelledError once the task has ended if the caller was cancelled meanwhile.
    """
    task.cancel()
    told: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            told = error  # raised at once, it would leave the task behind, running
    if told is not None:
        raise told
