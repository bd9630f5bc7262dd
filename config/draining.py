"""How a worker ends at SIGTERM: nothing new is begun, paid calls are finished, the rest is given back.

Dramatiq's own way polls three times for a second each: in its main thread, its threads and its consumers. It
also waits as long for a step that anybody may repeat as for one that is paid.
"""

import signal
import sys
import threading
from types import FrameType
from typing import Any

from dramatiq import Middleware
from dramatiq.middleware import SkipMessage

from config import logs

log = logs.get("draining")

#: Seconds between two looks of an idle thread whether it should end.
IDLE = 0.2
#: Seconds that steps which pay nothing may still take; what is left of them runs elsewhere.
GRACE = 1.0

_EXIT_KILLED = 3


class Draining(Middleware):
    """Ends the process of a worker; `seconds` bound how long paid calls are waited for."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._changed = threading.Condition()
        self._paying: set[str] = set()

    @property
    def actor_options(self) -> set[str]:
        """Actors with `pays=True` make paid calls."""
        return {"pays"}

    def before_worker_boot(self, _: Any, worker: Any) -> None:
        """Have the worker's threads look more often."""
        worker.worker_timeout = round(IDLE * 1000)

    def after_worker_boot(self, broker: Any, worker: Any) -> None:
        """Take the signal over from Dramatiq, which would notice it up to a second later."""

        def end(_number: int, _frame: FrameType | None) -> None:
            if broker.stopping.is_set():
                sys.exit(_EXIT_KILLED)  # told twice, as Dramatiq's own handler
            self._drain(broker, worker)
            sys.exit(0)

        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, end)

    def before_worker_shutdown(self, broker: Any, _: Any) -> None:
        """Stop also where the signal came before it was taken over."""
        broker.stopping.set()

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

    def _drain(self, broker: Any, worker: Any) -> None:
        with self._changed:
            broker.stopping.set()
            # The consumers go on, and with them the sign of life: whoever pays is not to be taken for dead.
            over = self._changed.wait_for(lambda: not self._paying, self._seconds)
        if not over:
            log.warning("paid_calls.left", calls=len(self._paying), seconds=self._seconds)
        worker.stop(timeout=round(GRACE * 1000))
        broker.close()
