"""The log of what people did, by page, HTTP and command line alike: who, when, why, what, and to how many.

Each brief's own journal says what was done to that brief; this log has the command as a whole.
"""

import hashlib
import heapq
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import redis

from config import keys
from config.errors import IdentityWorkerError
from config.times import redis_ms
from worker.shards.merged import clients_of

#: Actions that are kept, the newest.
KEPT = 10_000
#: The `outcome` of an action that changed nothing: it was refused, or nothing was to be done.
NOT_DONE = "not done"
#: Entries that are read at once.
_PAGE = 500
#: Entries may stand out of their order by so much: each was timed before it was written down.
_LATE_MS = 60_000


class CursorError(IdentityWorkerError, ValueError):
    """Raised when a text is no cursor of the log."""


class Logged(NamedTuple):
    """An action, and the cursor to go on after it."""

    action: dict[str, Any]
    """`at` (ms since 1970), `what`, `by`, `why`, and more."""
    cursor: str


class Recorded(NamedTuple):
    """An action that was put on record, and is begun only then; `record` returns it."""

    client: "redis.Redis"
    text: str

    def not_done(self) -> None:
        """Mark the action as one that changed nothing; if the process is killed before this, nobody knows.

        It is marked in place, and once even if this is called twice. Raises redis.RedisError.
        """
        marked = json.dumps(json.loads(self.text) | {"outcome": NOT_DONE})
        with self.client.pipeline(transaction=True) as pipe:
            pipe.linsert(keys.ACTIONS(), "BEFORE", self.text, marked)
            pipe.lrem(keys.ACTIONS(), 1, self.text)
            pipe.execute()

    @contextmanager
    def refused_by(self, *errors: type[Exception]) -> Iterator[None]:
        """Mark the action if one of these errors comes of the block; each says that nothing was changed."""
        try:
            yield
        except errors:
            self.not_done()
            raise


def entry(at: int, what: str, by: str, why: str | None, **more: Any) -> str:
    """Return the text of an action for the log."""
    return json.dumps({"at": at, "what": what, "by": by, "why": why or "", **more})


def record(client: "redis.Redis", what: str, by: str, why: str | None, **more: Any) -> Recorded:
    """Put an action on record, before it is begun: one that is killed half-way is told of as well.

    Whoever sees that it changed nothing calls `not_done` of what is returned.
    """
    text = entry(redis_ms(client.time()), what, by, why, **more)
    with client.pipeline(transaction=True) as pipe:
        pipe.lpush(keys.ACTIONS(), text)
        pipe.ltrim(keys.ACTIONS(), 0, KEPT - 1)
        pipe.execute()
    return Recorded(client, text)


def actions(client: "redis.Redis", most: int = KEPT) -> list[dict[str, Any]]:
    """Return the newest actions, the last first."""
    return [each.action for each in page(client, most)]


def page(client: "redis.Redis", most: int, after: str | None = None) -> list[Logged]:
    """Return actions, the last first, after a cursor; raises CursorError.

    They are ordered by their time and their text, so whatever is written down meanwhile shifts nothing.
    """
    place = None if after is None else _place_of(after)
    # Of several shards each has its own list.
    found = heapq.merge(*(_ordered(each) for each in clients_of(client)), reverse=True)
    beyond = (each for each in found if place is None or each[:2] < place)
    return [Logged(json.loads(text), f"{at}.{digest}") for at, digest, text in islice(beyond, most)]


_Entry = tuple[int, str, str]


def _ordered(client: "redis.Redis") -> Iterator[_Entry]:
    """Yield the entries of a list, the last first, those of the same time by their digests."""
    waiting: list[_Entry] = []
    for at, digest, text in _entries(client):
        heapq.heappush(waiting, (-at, _turned(digest), text))
        while -waiting[0][0] > at + _LATE_MS:
            yield _back(heapq.heappop(waiting))
    while waiting:
        yield _back(heapq.heappop(waiting))


def _entries(client: "redis.Redis") -> Iterator[_Entry]:
    start = 0
    while True:
        texts: Any = client.lrange(keys.ACTIONS(), start, start + _PAGE - 1)
        for text in texts:
            yield (
                int(json.loads(text)["at"]),
                hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:8],
                text,
            )
        if len(texts) < _PAGE:
            return
        start += _PAGE


def _turned(digest: str) -> str:
    """Return a digest that is ordered the other way round; turned twice it is itself."""
    return f"{0xFFFFFFFF - int(digest, 16):08x}"


def _back(turned: _Entry) -> _Entry:
    at, digest, text = turned
    return -at, _turned(digest), text


def _place_of(cursor: str) -> tuple[int, str]:
    at, _, digest = cursor.partition(".")
    if not (at.isascii() and at.isdecimal() and len(digest) == 8 and len(at) < 16):
        raise CursorError(f"after '{cursor[:40]}': is no cursor of the log, as it was told with a page")
    return int(at), digest
