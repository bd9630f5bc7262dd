"""Reads the accounts of a running process again: as their files change, and when it is told to (SIGHUP).

Files are looked at every few seconds. The kernel's notifications would not tell of all changes: those of
network disks, and of what is mounted into containers, come without one.
"""

import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from queue import Empty, SimpleQueue

from config import durations, logs
from config.accounts.live import Change, LiveAccounts

log = logs.get("accounts")

#: Of its time that a process looks at files, one part in so many.
_RARELY = 20
#: Names that a line of the log tells of one kind of change.
_MOST_TOLD = 20


class AccountsWatch:
    """Looks at the accounts' files, in a thread of its own, and tells what has changed in that thread."""

    def __init__(
        self,
        live: LiveAccounts,
        change: Callable[[Change], None] = lambda _: None,
        each_time: Callable[[], None] | None = None,
    ) -> None:
        """`change` is told of what has changed, `each_time` is called after every look."""
        self._live = live
        self._change = change
        self._each_time = each_time
        # Of all that can wake a thread this alone may be used by a handler of signals at any moment.
        self._told: SimpleQueue[bool] = SimpleQueue()
        self._looking = threading.Lock()
        self._asking = threading.Lock()
        self._began = float("-inf")
        self._took = 0.0
        """When the last look began, and how long it took, in seconds."""
        self._faults: set[str] = set()
        """What was told already."""

    def start(self) -> None:
        """Tell what is wrong, and look from now on, for as long as the process lives or until `end`."""
        self._tell_faults(again=True)
        threading.Thread(target=self._run, name="accounts", daemon=True).start()

    def tell(self, *_: object) -> None:
        """Have everything read again soon; a handler of signals may do so."""
        self._told.put(True)

    def end(self) -> None:
        """Look no more."""
        self._told.put(False)

    def look(self, *, at_once: bool = False, everything: bool = False) -> None:
        """Look now, and take what has changed; see `LiveAccounts.look`."""
        with self._looking:
            self._began = time.monotonic()
            change = self._live.look(at_once=at_once, everything=everything)
            self._took = time.monotonic() - self._began
            self._tell_faults(again=everything)
            if change:
                self._change(change)
            if change or everything:
                _log(change)
            if self._each_time is not None:
                self._each_time()

    def look_now(self) -> None:
        """Take what has changed up to now, settled or not; one look serves all who ask at once.

        It may wait a little: of the time of a process, looks take no more for being asked for.
        """
        asked = time.monotonic()
        with self._asking:
            if self._began > asked:
                return
            time.sleep(max(0.0, self._began + _RARELY * self._took - asked))
            self.look(at_once=True)

    def _run(self) -> None:
        while True:
            told = False
            with suppress(Empty):
                told = self._told.get(timeout=self._pause())
                if not told:
                    return
            try:
                self.look(everything=told)
            except Exception:
                # The accounts stay as they are; without this thread they would for ever.
                log.exception("accounts.not_looked_at")

    def _pause(self) -> float | None:
        if not self._live.has_files and self._each_time is None:
            return None
        again = (
            durations.ACCOUNTS_LOOK_SECONDS if self._live.is_settled else durations.ACCOUNTS_SETTLE_SECONDS
        )
        return max(again, _RARELY * self._took)

    def _tell_faults(self, *, again: bool) -> None:
        faults = {str(each) for each in self._live.faults}
        left_out = {str(each.fault) for each in self._live.unusable.values()}
        for fault in sorted(faults if again else faults - self._faults):
            log.warning("accounts.left_out" if fault in left_out else "accounts.kept", error=fault)
        self._faults = faults


def _log(change: Change) -> None:
    kinds = {
        "added": change.added,
        "removed": change.removed,
        "renewed": change.renewed,
        "limited": change.limited,
    }
    told = {kind: _names(names) for kind, names in kinds.items() if names}
    log.info("accounts.reloaded", accounts=len(change.accounts), **told)


def _names(names: Collection[str]) -> list[str]:
    some = sorted(names)[:_MOST_TOLD]
    return some if len(some) == len(names) else [*some, f"and {len(names) - len(some)} more"]
