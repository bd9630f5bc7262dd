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
        self._own: dict[int, Any] = {}
        """The threads that take messages, and what each has put for itself; None where that is nothing."""

    def end(self) -> None:
        """Wake all threads, since the process ends; what they have put for themselves is anybody's now."""
        with self.not_empty:
            self._ended = True
            for item in filter(None, self._own.values()):
                self._put(item)
            self._own.clear()
            self.not_empty.notify_all()

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Put a message, which the caller itself takes if it is one of the threads that take them."""
        thread = threading.get_ident()
        with self.mutex:
            if self._own.get(thread, item) is None:
                self._own[thread] = item
                self.unfinished_tasks += 1
                return
        super().put(item, block, timeout)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ARG002  # of the thread's look
        """Return the next message; raises queue.Empty only where the process ends, or without `block`."""
        with self.not_empty:
            if (own := self._own.get(threading.get_ident())) is not None:
                self._own[threading.get_ident()] = None
                return own
            # Its threads go on asking until they are told to end themselves, one after the other.
            if self._ended and not self._qsize():
                self.not_empty.wait(durations.DRAIN_LOOK_SECONDS)
            while block and not self._ended and not self._qsize():
                self.not_empty.wait()
            if not self._qsize():
                raise Empty
            if not self._ended:
                self._own[threading.get_ident()] = None
            return self._get()
