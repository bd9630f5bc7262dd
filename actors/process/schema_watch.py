"""Migrates the ledger to this release's schema while a process works; ends it if a newer one shuts it out.

In a thread of its own, in each kind of process. It looks again every few seconds: so one that comes back from
an outage finds out as well.
"""

import os
import signal
import threading
import time
from collections.abc import Callable

import redis

from config import durations, logs
from config.logs import Trouble
from config.recorded import schema
from config.settings import Settings
from worker.ledger.library import ledger_library
from worker.operations.migrating import Following, Piece, migrate
from worker.store.connection import connect
from worker.store.functions import Functions

log = logs.get("schema")

#: Of the time of the server and of this process, pieces take at most one part in so many.
_RARELY = 10


def _end_process() -> None:
    """End this process as its supervisor does; once that starts it again, it says what to do instead."""
    os.kill(os.getpid(), signal.SIGTERM)


class SchemaWatch:
    """Does pieces of migrations as long as there are any, and looks now and then whether there are."""

    def __init__(self, settings: Settings, url: str, end_process: Callable[[], None] = _end_process) -> None:
        self._library = ledger_library(settings)
        self._url = url
        self._end_process = end_process
        self._ended = threading.Event()
        self._trouble = Trouble(log, "schema.redis")
        self._said: Piece | None = None

    def start(self) -> None:
        """Look from now on, for as long as the process lives or until `end`."""
        threading.Thread(target=self._run, name="schema", daemon=True).start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()

    def _run(self) -> None:
        with connect(self._url) as client:
            functions = Functions(client, self._library)
            while not self._ended.is_set():
                try:
                    pause = self._look(functions)
                except redis.RedisError as error:
                    self._trouble.met(error=str(error))
                    pause = durations.SCHEMA_LOOK_SECONDS
                except Exception:
                    # Without this thread this process would never find out that a newer one shuts it out.
                    log.exception("schema.not_looked_at")
                    pause = durations.SCHEMA_LOOK_SECONDS
                self._ended.wait(pause)

    def _look(self, functions: Functions) -> float:
        """Do a piece, or find out that there is none; return for how many seconds to wait."""
        began = time.monotonic()
        piece = functions.run(migrate())
        self._say(piece)
        if piece.shuts_out:
            self._ended.set()
            self._end_process()
        if piece.following is Following.MORE:
            return (time.monotonic() - began) * (_RARELY - 1)
        return durations.SCHEMA_LOOK_SECONDS

    def _say(self, piece: Piece) -> None:
        if piece == self._said:
            return
        before, self._said = self._said, piece
        told = {"ledger": piece.number, "release": schema.present()}
        if piece.shuts_out:
            log.error("schema.shut_out", **told, oldest=piece.oldest, remedy="run a newer release")
        elif piece.following is Following.WAIT:
            log.warning("schema.waits", **told, remedy="end all processes of older releases")
        elif piece.following is Following.MORE:
            log.info("schema.migrating", **told)
        elif before is not None and before.following is not Following.NONE:
            log.info("schema.migrated", **told)
