"""Sends an endpoint what waits for it: several briefs at once, the events of one brief in their order."""

import asyncio

import redis

from config import durations, logs
from config.logs import Trouble
from config.settings import Settings
from config.times import backoff, monotonic
from worker.hooks.addresses import HookUrlError, parse
from worker.hooks.calls import Claimed, Done, Turn, hook_turn
from worker.hooks.endpoints import Endpoint
from worker.hooks.messages import message
from worker.hooks.outcomes import outcome_of
from worker.hooks.posting import Posted, Poster
from worker.hooks.signing import HookSecretError
from worker.store.functions import AsyncFunctions
from worker.tally.counted import HOOK_SECONDS
from worker.tally.tally import TALLY

log = logs.get("deliverer")

#: Messages that are on their way to one endpoint at once.
AT_ONCE = 8
#: Bytes of the largest event that is sent.
_MOST_BYTES = 1024 * 1024


class Sender:
    """The sender of one endpoint; no other endpoint waits for it."""

    def __init__(
        self, endpoint: Endpoint, functions: AsyncFunctions, poster: Poster, settings: Settings
    ) -> None:
        self.endpoint = endpoint
        self._functions = functions
        self._poster = poster
        self._settings = settings
        self._woken = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._done: list[Done] = []
        self._is_ending = False
        self._task: asyncio.Task[None] | None = None
        self._redis_trouble, self._trouble = Trouble(log, "hook.redis"), Trouble(log, "hook.not_taken")

    def wake(self) -> None:
        """Look what is to be sent; may be told at any time."""
        self._woken.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def end(self) -> None:
        """Begin nothing more, and wait until what is under way is on record."""
        self._is_ending = True
        if self._task is not None:
            await asyncio.wait([self._task], timeout=2 * durations.HOOK_SECONDS)
            self._task.cancel()
            await asyncio.gather(self._task, *self._sending, return_exceptions=True)

    async def _run(self) -> None:
        again = backoff()
        while self._sending or self._done or self._woken.is_set():
            await self._woken.wait()
            self._woken.clear()
            try:
                await self._turn()
                again = backoff()
            except redis.RedisError as error:
                self._redis_trouble.met(endpoint=self.endpoint.name, error=str(error))
                self._woken.set()
                await asyncio.sleep(next(again))

    async def _turn(self) -> None:
        """Put on record what has come of messages, and begin others."""
        most = 0 if self._is_ending else AT_ONCE - len(self._sending)
        done = self._done[:]
        if not done and not most:
            return
        turn = await self._functions.run(hook_turn(self.endpoint.name, done, most, durations.HOOK_HOLD_MS))
        del self._done[: len(done)]
        for each in turn.claimed:
            task = asyncio.create_task(self._send(each, turn, monotonic()))
            self._sending.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: "asyncio.Task[None]") -> None:
        self._sending.discard(task)
        self._woken.set()

    async def _send(self, claimed: Claimed, turn: Turn, claimed_at: float) -> None:
        began = monotonic()
        if (began - claimed_at) * 1000 > durations.HOOK_HOLD_MS / 2:
            return  # this process was frozen: another one may have it by now
        posted = await self._posted(claimed, turn.now + (began - claimed_at) * 1000)
        ended = monotonic()
        TALLY.observe(HOOK_SECONDS, self.endpoint.name, seconds=ended - began)
        if posted.why is not None:
            self._trouble.met(endpoint=self.endpoint.name, entry=claimed.entry, why=posted.why)
        now, took = turn.now + round((ended - claimed_at) * 1000), round((ended - began) * 1000)
        self._done.append(outcome_of(claimed, posted, now, took))

    async def _posted(self, claimed: Claimed, now_ms: float) -> Posted:
        endpoint = self.endpoint
        try:
            url = parse(endpoint.url, private=self._settings.hooks_private)
            secrets = endpoint.secrets(self._settings)
        except (HookUrlError, HookSecretError) as error:
            return Posted(None, str(error))
        body, headers = message(secrets, claimed.entry, claimed.event, now_ms / 1000)
        if len(body) > _MOST_BYTES:
            return Posted(None, f"the event has {len(body)} bytes; {_MOST_BYTES} are sent at the most")
        return await self._poster.post(url, body, headers)
