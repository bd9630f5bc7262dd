"""What becomes of a message whose actor has run: acknowledged, given back, or a dead letter."""

import logging
from typing import Any

import redis
from dramatiq import Middleware

from actors.broker.pipelines import following_messages
from config import logs
from worker.store.outages import code_of, is_outage

log = logs.get("broker")

#: Characters of an error that are kept with a dead letter.
LONGEST_ERROR = 500


class _NoOutages(logging.Filter):
    """Keeps Dramatiq from logging an outage as an error of the actor: its message is given back."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is logged."""
        error = record.exc_info[1] if record.exc_info else None
        return error is None or not is_outage(error)


_NO_OUTAGES = _NoOutages()


class Outcomes(Middleware):
    """Decides what becomes of the message of an actor that raised; nothing is retried from memory.

    After an outage the message is given back to its queue, since it may not have got as far as the ledger;
    after any other error, of Redis too, it is a dead letter: it would fail the next time as well.
    """

    def before_worker_boot(self, *_: Any) -> None:
        """Have outages told here alone."""
        logging.getLogger("dramatiq.worker.WorkerThread").addFilter(_NO_OUTAGES)

    def after_process_message(
        self, *given: Any, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Mark the message."""
        broker, message = given
        if exception is not None and is_outage(exception):
            message.give_back = True
            _tell_given_back(message, exception)
        elif exception is not None:
            refuse(message, f"it raised {type(exception).__name__}: {exception}")
        elif not message.failed and not getattr(message, "is_handed_on", False):
            message.following = following_messages(message, result, broker.inlets)


def _tell_given_back(message: Any, error: BaseException) -> None:
    told = {"queue": message.queue_name, "id": message.options.get("redis_message_id"), "error": str(error)}
    if isinstance(error, redis.RedisError) and code_of(error) == "GONE":
        # Nothing is wrong: it is handed on to the account's new shard, or its record is there already.
        log.info("message.account_moved", **told)
    else:
        log.warning("message.given_back", **told)


def refuse(message: Any, why: str) -> None:
    """Make a running message a dead letter when it ends, for a reason in words."""
    message.error = why[:LONGEST_ERROR]
    message.fail()
