"""The leases of one listener, in calls of a bounded size, whatever the number of accounts."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from time import monotonic

from config import durations
from worker.ledger import leases
from worker.ledger.leases import Kept
from worker.store.functions import AsyncFunctions


class Leasing:
    """What a listener asks of Redis about its leases. Everything raises redis.RedisError."""

    def __init__(self, functions: AsyncFunctions, listener: str) -> None:
        self._functions = functions
        self._listener = listener
        self._renewed_at = self._looked_at = monotonic()

    async def keep(self, accounts: Sequence[str], heard: Mapping[str, int], *, look: bool) -> Kept:
        """Keep leases. It is called even without any: it is also the listener's sign of life.

        See worker.ledger.leases. `look`: also look for events to delete, which is done now and then anyway.
        """
        now = monotonic()
        renew = now >= self._renewed_at + durations.LEASE_KEPT_AGAIN_SECONDS
        look = look or now >= self._looked_at + durations.CLEAN_AGAIN_SECONDS
        parts = []
        for some in _parts(accounts) if accounts else [accounts]:
            heard_of = {name: heard[name] for name in some if name in heard}
            call = leases.keep(some, self._listener, renew=renew, heard=heard_of, look=look)
            parts.append(await self._functions.run(call))
        self._renewed_at, self._looked_at = (
            now if renew else self._renewed_at,
            now if look else self._looked_at,
        )
        return Kept(
            parts[-1].listeners,
            *(
                list(chain.from_iterable(getattr(part, what) for part in parts))
                for what in ("lost", "asked", "again", "handled")
            ),
        )

    async def take(self, accounts: Sequence[str], most: int) -> dict[str, str]:
        """Take at most so many leases; return who has those that were looked at, "" for nobody.

        It stops looking when it has taken so many. With none to take, it looks at all.
        """
        holders: dict[str, str] = {}
        takes = most > 0
        for some in _parts(accounts):
            found = await self._functions.run(leases.take(some, self._listener, most))
            holders.update(zip(some, found, strict=True))
            most -= found.count(self._listener)
            if takes and most <= 0 and "" in found:
                break
        return holders

    async def ask(self, accounts: Sequence[str]) -> None:
        """Ask other listeners for accounts."""
        for some in _parts(accounts):
            await self._functions.run(leases.ask(some, self._listener))

    async def release(self, accounts: Sequence[str]) -> None:
        """Give leases back."""
        for some in _parts(accounts):
            await self._functions.run(leases.release(some, self._listener))

    async def sign_out(self) -> None:
        """Take this listener off the record, so that others need not wait for its silence."""
        await self._functions.run(leases.release((), self._listener, out=True))


def _parts(accounts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (accounts[n : n + leases.MOST] for n in range(0, len(accounts), leases.MOST))
