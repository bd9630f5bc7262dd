"""An account whose lease the listener has, and the task that follows it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from actors.listener.following import Following
from actors.listener.tasks import end
from config.accounts.account import Account


@dataclass(slots=True)
class Attended:
    """An account whose lease is ours, and what follows it; None where its events come by webhook."""

    account: Account
    following: Following | None = None
    task: "asyncio.Task[None] | None" = None
    began: float = field(default_factory=monotonic)

    @property
    def in_step(self) -> bool:
        """Whether its stream has brought all that the API keeps, and is open."""
        return self.following is not None and self.following.in_step

    def start(self, ended: Callable[[], None]) -> None:
        """Follow it; `ended` is called should that end by itself."""
        if self.following:
            self.task = asyncio.create_task(self.following.run())
            self.task.add_done_callback(lambda _: ended())

    def renew(self, account: Account) -> None:
        """Use another token from the next stream and call on; a stream that is open stays."""
        self.account = account
        if self.following:
            self.following.renew(account)

    async def end(self) -> str | None:
        """Stop following the account; return the error by which its following had ended before, if one."""
        if self.task is None:
            return None
        await end(self.task)
        error = None if self.task.cancelled() else self.task.exception()
        return None if error is None else repr(error)
