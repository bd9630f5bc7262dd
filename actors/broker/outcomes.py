"""What becomes of a message whose actor has run: acknowledged, given back, or a dead letter."""

from typing import Any

from dramatiq import Middleware

from actors.broker.pipelines import following_messages
from worker.store.outages import is_outage

#: Characters of an error that are kept with a dead letter.
LONGEST_ERROR = 500


class Outcomes(Middleware):
    """Decides what becomes of the message of an actor that raised; nothing is retried from memory.

    After an outage the message is given back to its queue, since it may not have got as far as the ledger;
    after any other error, of Redis too, it is a dead letter: it would fail the next time as well.
    """

    def after_process_message(
        self, *given: Any, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Mark the message."""
        broker, message = given
        if exception is not None and is_outage(exception):
            message.give_back = True
        elif exception is not None:
            refuse(message, f"it raised {type(exception).__name__}: {exception}")
        elif not message.failed and not getattr(message, "is_handed_on", False):
            message.following = following_messages(message, result, broker.inlets)


def refuse(message: Any, why: str) -> None:
    """Make a running message a dead letter when it ends, for a reason in words."""
    message.error = why[:LONGEST_ERROR]
    message.fail()
