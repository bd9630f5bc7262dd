"""Lists the ids of the briefs on record, in the order in which they are shown."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import redis

from config import keys


class Listed(NamedTuple):
    """The ids of briefs on record, and how many there are when only the first of them were asked for."""

    open: list[str]
    """Oldest first."""
    finished: list[str]
    """Newest first."""
    all_open: int
    all_finished: int

    @property
    def ids(self) -> list[str]:
        """The unfinished ones, then the finished ones."""
        return self.open + self.finished

    @property
    def left_out(self) -> int:
        """How many more are on record."""
        return self.all_open + self.all_finished - len(self.open) - len(self.finished)


def listed(
    client: "redis.Redis",
    batch: str | None = None,
    *,
    most_open: int | None = None,
    most_finished: int | None = None,
) -> Listed:
    """Return the briefs on record, or a batch's; at most so many of each where that is said.

    In one transaction: a brief that finishes between two reads would be in both lists, or in none.
    """
    if batch is not None:
        return _of_batch(client, batch, most_open, most_finished)
    with client.pipeline(transaction=True) as pipe:
        pipe.zcard(keys.UNFINISHED())
        pipe.zcard(keys.FINISHED())
        # One more than wanted and cut here: a limit of 0 would ask for 0 to -1, which is all.
        pipe.zrange(keys.UNFINISHED(), 0, -1 if most_open is None else most_open)
        pipe.zrange(keys.FINISHED(), 0, -1 if most_finished is None else most_finished, desc=True)
        all_open, all_finished, still_open, finished = pipe.execute()
    return Listed(still_open[:most_open], finished[:most_finished], all_open, all_finished)


def _of_batch(client: "redis.Redis", batch: str, most_open: int | None, most_finished: int | None) -> Listed:
    ids: Any = client.zrange(keys.BATCH(batch), 0, -1)
    if not ids:
        return Listed([], [], 0, 0)
    with client.pipeline(transaction=True) as pipe:
        pipe.zmscore(keys.UNFINISHED(), ids)
        pipe.zmscore(keys.FINISHED(), ids)
        accepted, ended = pipe.execute()
    still_open, finished = _by_score(ids, accepted), _by_score(ids, ended)[::-1]
    return Listed(still_open[:most_open], finished[:most_finished], len(still_open), len(finished))


def _by_score(ids: Sequence[str], scores: Sequence[float | None]) -> list[str]:
    """Return those that have a score, the lowest first."""
    found = [(score, each) for each, score in zip(ids, scores, strict=True) if score is not None]
    return [each for _, each in sorted(found)]
