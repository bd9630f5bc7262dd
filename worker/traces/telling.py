"""Sends ended stages as spans: one process at a time takes them off the record once the exporter has them.

If two processes send the same stage, or one is killed in between and another sends it again, the ids are the
same and it is one span. What no collector takes is kept, up to 100,000 stages. What a collector refuses for
good is dropped, and counted: those behind it would wait for ever.
"""

import threading
from collections.abc import Sequence
from typing import Any

import redis

from config import durations, keys, logs, processes
from config.logs import Trouble
from config.settings import Settings
from worker.store.connection import connect
from worker.tally.counted import SPANS
from worker.tally.tally import TALLY
from worker.traces.exporting import Exporter, open_exporter
from worker.traces.spans import Span, span_of

log = logs.get("traces")

#: Spans of one export.
AT_ONCE = 512


class Telling:
    """The thread of a process that tells spans."""

    def __init__(self, settings: Settings, url: str) -> None:
        """Raise TracesError where spans can't be exported."""
        self._settings = settings
        self._url = url
        self._name = processes.sign()
        self._exporter: Exporter = open_exporter()
        self._over = threading.Event()
        self._trouble = Trouble(log, "spans.not_told")
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)

    def start(self) -> None:
        """Tell from now on, for as long as the process lives or until `end`."""
        self._thread.start()

    def end(self) -> None:
        """Tell what there is, if that is soon done, and no more."""
        self._over.set()
        self._thread.join(durations.DRAIN_GRACE_SECONDS)

    def _run(self) -> None:
        over = False
        with connect(self._url) as client:
            while not over:
                over = self._over.wait(durations.TALLY_SECONDS)
                try:
                    while self._may_tell(client) and tell(client, self._exporter, self._settings):
                        pass
                except redis.RedisError as error:
                    self._trouble.met(error=str(error))
        self._exporter.end()

    def _may_tell(self, client: "redis.Redis") -> bool:
        """Return whether it is this process that tells; another one's turn ends by itself if that dies."""
        teller, kept = keys.SPANS_TELLER(), durations.LEASE_MS
        if client.set(teller, self._name, px=kept, nx=True):
            return True
        if client.get(teller) != self._name:
            return False
        client.pexpire(teller, kept)
        return True


def tell(client: "redis.Redis", exporter: Exporter, settings: Settings) -> bool:
    """Tell the oldest stages; return whether there may well be more. Raises redis.RedisError."""
    entries: Any = client.xrange(keys.SPANS(), count=AT_ONCE)
    if not entries:
        return False
    read = [(entry, _read(fields["span"], settings)) for entry, fields in entries]
    unreadable = [entry for entry, span in read if span is None]
    if unreadable:
        client.xdel(keys.SPANS(), *unreadable)
    spans = [(entry, span) for entry, span in read if span is not None]
    return _tell(client, exporter, spans) and len(entries) == AT_ONCE


def _tell(client: "redis.Redis", exporter: Exporter, spans: Sequence[tuple[str, Span]]) -> bool:
    """Tell spans, each with its entry; return False where some of them are to be told later."""
    if not spans:
        return True
    outcome = exporter.export([span for _, span in spans])
    if outcome == "later":
        return False  # the SDK has said why
    if outcome == "refused" and len(spans) > 1:
        # One bad span, or a large one, has all refused that come with it: halving finds it.
        middle = len(spans) // 2
        return all(_tell(client, exporter, half) for half in (spans[:middle], spans[middle:]))
    if outcome == "refused":
        ((_, span),) = spans
        log.warning("span.refused", span=span.name, trace_id=f"{span.trace_id:032x}")
    client.xdel(keys.SPANS(), *(entry for entry, _ in spans))
    for _ in spans:
        TALLY.count(SPANS, outcome)
    return True


def _read(text: str, settings: Settings) -> Span | None:
    """Return the span of a stage; None of what a newer version has put on record in another way."""
    try:
        return span_of(text, settings)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        log.warning("span.unreadable", error=repr(error), text=text)
        return None
