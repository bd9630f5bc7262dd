"""Where a reader of several shards' events is: one entry's id for each shard, with commas between them."""

from collections.abc import Iterable, Iterator
from typing import Any


class Cursor:
    """The ids of the last entries that were read, by shard; `0` where none was."""

    def __init__(self, of: Iterable[str]) -> None:
        self.of = list(of)

    @classmethod
    def read(cls, text: str, shards: int) -> "Cursor":
        """Return the cursor that a text names; of shards that it does not know, it is at the beginning.

        So one from before there were so many shards misses nothing.
        """
        named = text.split(",")[:shards]
        return cls([*named, *["0"] * (shards - len(named))])

    def __str__(self) -> str:
        return ",".join(self.of)

    @staticmethod
    def order(entry: Any) -> tuple[int, int]:
        """Return what entries are ordered by: the time of their server, and their number in that."""
        ms, _, number = str(entry[0]).partition("-")
        return int(ms), int(number or 0)

    def through(self, found: Iterable[tuple[int, Any]], most: int | None) -> list[tuple[str, Any]]:
        """Return entries of shards, the oldest first, each under the cursor to go on from after it."""
        return [*self._through(sorted(found, key=lambda each: self.order(each[1]))[:most])]

    def _through(self, found: Iterable[tuple[int, Any]]) -> Iterator[tuple[str, Any]]:
        at = Cursor(self.of)
        for shard, entry in found:
            at.of[shard] = str(entry[0])
            yield str(at), entry[1]
