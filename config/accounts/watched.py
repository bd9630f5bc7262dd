"""Which of many files have changed, told by their times, sizes and inodes: cheap, and right on network disks.

A link is followed, so that one which leads elsewhere has changed.
"""

import os
import stat
import time
from collections.abc import Mapping

#: Of a file its times, size and inode; of a folder the names in it. None: none can be looked at.
Signature = tuple[object, ...] | None
#: Nanoseconds in which a file may change once more and look the same: file systems keep times by ticks.
_TICK = 1_000_000_000
#: The signature of what may have changed once more at the moment at which it was read.
_UNKNOWN: Signature = ()


def signature(path: str) -> Signature:
    """Return what tells that a file, or which files a folder has, is no longer what it was."""
    try:
        found = os.stat(path)  # noqa: PTH116  # thousands are looked at: to make a Path takes as long again
        if stat.S_ISDIR(found.st_mode):
            return names_in(path)
    except (OSError, ValueError):
        return None
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev)


def names_in(path: str) -> tuple[str, ...]:
    """Return the entries of a folder that are not hidden, in their order; raises OSError.

    Hidden are those by which Kubernetes replaces what it has mounted.
    """
    return tuple(sorted(name for name in os.listdir(path) if not name.startswith(".")))  # noqa: PTH208  # as above


class Watched:
    """The files that were read, each as it was right before that."""

    def __init__(self) -> None:
        self._seen: dict[str, Signature] = {}
        self._stirred: dict[str, Signature] = {}
        """Those that looked otherwise at the last look, and how."""

    @property
    def is_settled(self) -> bool:
        """Whether none waits for a second look."""
        return not self._stirred

    def changed(self, *, at_once: bool = False) -> set[str]:
        """Look at all files; return those that have changed, and have looked the same since the last look.

        An editor may be in the middle of writing a file, or have it away for a moment. `at_once`: return also
        those that just have changed.
        """
        found = set()
        for path, seen in self._seen.items():
            now = signature(path)
            if now == seen:
                self._stirred.pop(path, None)
            elif at_once or (path in self._stirred and self._stirred[path] == now):
                found.add(path)
            else:
                self._stirred[path] = now
        return found

    def note(self, read: Mapping[str, Signature]) -> None:
        """Remember how files were right before they were read."""
        now = time.time_ns()
        for path, seen in read.items():
            has_settled = path in self._stirred and self._stirred.pop(path) == seen
            self._seen[path] = _UNKNOWN if not has_settled and _is_fresh(seen, now) else seen

    def forget(self, path: str) -> None:
        """Look at a file no more."""
        del self._seen[path]
        self._stirred.pop(path, None)


def _is_fresh(seen: Signature, now: int) -> bool:
    written = seen[0] if seen else None
    return isinstance(written, int) and abs(now - written) < _TICK
