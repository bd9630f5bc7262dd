"""Ends a worker at SIGTERM: it takes no more messages, finishes paid calls, gives the rest back.

Dramatiq's own way polls three times for a second each: in its main thread, its threads and its consumers. It
also waits as long for a step that anybody may repeat as for one that is paid.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import parent_process
from types import FrameType
from typing import Any

from dramatiq import Middleware
from dramatiq.middleware import SkipMessage

from actors.broker.work_queue import WorkQueue
from config import durations, logs, processes

log = logs.get("draining")

_EXIT_KILLED = 3
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Draining(Middleware):
    """Ends the process of a worker.

    Only a person's second Ctrl-C cuts this short. Supervisors and runners signal whole process groups, and
    Dramatiq's main process passes on what it gets: a signal that comes twice says nothing.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        """How long paid calls are waited for."""
        self.can_reload: Callable[[], bool] | None = None
        """Whether a worker that ends at SIGHUP, to begin anew, would begin."""
        self._is_deciding = False
        self._changed = threading.Condition()
        self._paying: set[str] = set()
        self._booted = False
        self._told: list[int] = []
        """The signals that came, in their order."""
        self._key_at: float | None = None

    @property
    def actor_options(self) -> set[str]:
        """Actors with `pays=True` make paid calls."""
        return {"pays"}

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        """Take the signals over from Dramatiq, before there are threads that could pay for something.

        It would notice them up to a second later, and be ended by the second one.
        """
        worker.work_queue = WorkQueue()

        def told(number: int, _frame: FrameType | None) -> None:
            if number == signal.SIGHUP and processes.terminal_is_closed():
                self._told.append(signal.SIGTERM)  # an order to end, which SIGHUP does not undo
            elif number == signal.SIGHUP and not self._may_begin_anew():
                return  # Dramatiq's main process waits, and passes on the next signal
            self._hear(number)
            if self._booted and not broker.stopping.is_set():
                self._end(broker, worker)

        for number in _SIGNALS:
            signal.signal(number, told)

    def after_worker_boot(self, broker: Any, worker: Any) -> None:
        """End at once if a signal came during the start."""
        self._booted = True
        if self._told and not broker.stopping.is_set():
            self._end(broker, worker)

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:
        """Stop also where the signal came before it was taken over."""
        broker.stopping.set()
        worker.work_queue.end()

    def before_process_message(self, broker: Any, message: Any) -> None:
        """Give back what would begin now; raises SkipMessage."""
        with self._changed:
            if broker.stopping.is_set():
                message.give_back = True
                raise SkipMessage
            if broker.get_actor(message.actor_name).options.get("pays"):
                self._paying.add(message.options["redis_message_id"])

    def after_process_message(self, *given: Any, **_: Any) -> None:
        """Note that a step is over."""
        with self._changed:
            self._paying.discard(given[1].options["redis_message_id"])
            self._changed.notify_all()

    def _may_begin_anew(self) -> bool:
        """Return whether this worker could begin anew; False while that is being found out."""
        if self.can_reload is None:
            return True
        if self._is_deciding:
            return False
        self._is_deciding = True
        try:
            return self.can_reload()
        finally:
            self._is_deciding = False

    def _hear(self, number: int) -> None:
        """Note a signal; end the process at the second Ctrl-C of somebody who sits there."""
        self._told.append(number)
        if number != signal.SIGINT:
            return
        now, before = time.monotonic(), self._key_at
        if before is None:
            self._key_at = now
        elif now - before > durations.SAME_KEY_SECONDS and at_terminal():
            sys.exit(_EXIT_KILLED)

    def _end(self, broker: Any, worker: Any) -> None:
        self._drain(broker, worker)
        main = parent_process()
        if self._told[0] != signal.SIGHUP and signal.SIGHUP in self._told and main and main.pid:
            # It begins anew if the last signal that it had is SIGHUP. After an order to end, that is
            # systemd's SendSIGHUP, or a terminal which was closed.
            os.kill(main.pid, signal.SIGTERM)
        sys.exit(0)

    def _drain(self, broker: Any, worker: Any) -> None:
        with self._changed:
            broker.stopping.set()
            # The consumers go on, and with them the sign of life: whoever pays is not to be taken for dead.
            over = self._changed.wait_for(lambda: not self._paying, self.seconds)
        if not over:
            log.warning("paid_calls.left", calls=len(self._paying), seconds=self.seconds)
        worker.stop(timeout=round(durations.DRAIN_GRACE_SECONDS * 1000))
        broker.close()


def at_terminal() -> bool:
    """Whether this process is in the foreground of a terminal, where Ctrl-C reaches it.

    Asked of the terminal itself: the standard streams of Dramatiq's processes are pipes.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
