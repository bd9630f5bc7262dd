"""What a worker's threads take their messages from: an idle one sleeps until there is one.

Dramatiq's own lets each idle thread look once a second whether it should end: with hundreds of them, that is
a few percent of a processor.

What a thread puts there itself, a step that it was given with the end of its last one, it takes itself: it
comes to ask for its next message anyhow. Another would be woken for that, on a processor that this one uses.
"""

import threading
from queue import Empty, PriorityQueue
from typing import Any

from config import durations


class WorkQueue(PriorityQueue[Any]):
    """The messages of one process that were fetched and are not begun."""

    def __init__(self) -> None:
        super().__init__()
        self._ended = False
        self._threads = threading.local()
        """Of a thread that takes messages: `own`, the one that it has put, None where there is none."""

    def end(self) -> None:
        """Wake all threads, since the process ends."""
        with self.not_empty:
            self._ended = True
            self.not_empty.notify_all()

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Put a message, which the caller itself takes if it is one of the threads that take them."""
        if getattr(self._threads, "own", item) is not None:
            super().put(item, block, timeout)
            return
        self._threads.own = item
        with self.mutex:
            self.unfinished_tasks += 1

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ARG002  # of the thread's look
        """Return the next message; raises queue.Empty only where the process ends, or without `block`."""
        own, self._threads.own = getattr(self._threads, "own", None), None
        if own is not None:
            return own
        with self.not_empty:
            # Its threads go on asking until they are told to end themselves, one after the other.
            if self._ended and not self._qsize():
                self.not_empty.wait(durations.DRAIN_LOOK_SECONDS)
            while block and not self._ended and not self._qsize():
                self.not_empty.wait()
            if not self._qsize():
                raise Empty
            return self._get()
