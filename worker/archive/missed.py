"""Briefs whose pictures a search could not all get: they are tried again soon, before the next search."""

from collections.abc import Iterable

from config import durations
from config.times import delay, monotonic
from worker.archive.backlog import AT_ONCE

#: Briefs that are tried again between two looks; of more, the rest is left to the next one.
MOST = 1_000


class Missed:
    """What one archiver has missed. It tries again after pauses that grow until the next look is due."""

    def __init__(self, briefs: Iterable[str] = ()) -> None:
        self.briefs = dict.fromkeys(briefs)
        self._turn: list[str] = []
        self._turns = 0
        self._next_at = self._later()

    def is_due(self) -> bool:
        """Return whether there are briefs to try again now."""
        return bool(self._turn) or (bool(self.briefs) and monotonic() >= self._next_at)

    def next(self) -> list[str]:
        """Return a few briefs to try again, which the caller then `note`s; none if it is not time for any."""
        if not self._turn and self.is_due():
            self._turn = [*self.briefs][:MOST]
            self._turns += 1
            self._next_at = self._later()
        some, self._turn = self._turn[:AT_ONCE], self._turn[AT_ONCE:]
        return some

    def found(self, briefs: Iterable[str]) -> None:
        """Note of which briefs nothing is missing any more."""
        for brief_id in briefs:
            self.briefs.pop(brief_id, None)

    def _later(self) -> float:
        first, longest = durations.ARCHIVE_AGAIN_MS / 1000, durations.ARCHIVE_LOOK_MS / 1000
        return monotonic() + delay(self._turns + 1, first, longest)
