"""The deliverer process: hands the events on to the endpoints, and sends to each what waits for it.

One asyncio process. Any number may run: each event is handed on by whoever comes first, each message is sent
by whoever has claimed it. What a dead one had claimed is another's after a minute.
"""

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import redis

from actors.deliverer.sender import Sender
from actors.listener.tasks import end, stopping
from actors.process.beside import beside
from actors.process.schema_watch import SchemaWatch
from actors.process.signing import Signing
from config import durations, keys, logs
from config.logs import Trouble
from config.processes import cancel_at_signals
from config.settings import Settings
from config.shards import namespace_of
from config.times import backoff
from worker.hooks.calls import Matched, hook_fan, hooks_due
from worker.hooks.endpoints import Endpoint, brief_of, read_all, told_of
from worker.hooks.posting import Poster
from worker.ledger.library import ledger_library
from worker.ledger.transition import Answer
from worker.network.descriptors import allow_many
from worker.store.connection import connect, connect_async
from worker.store.functions import AsyncFunctions
from worker.store.remedies import ends_process
from worker.tally.bringing import Bringing
from worker.traces.telling import Telling

log = logs.get("deliverer")

#: Events that are read at once.
_AT_ONCE = 100
#: Messages that one call makes of them: each takes the server 20 microseconds, in which nobody is served.
_MADE = 100
#: Connections to Redis: one waits for events.
_CONNECTIONS = 16


class Deliverer:
    """Hands on and sends until it is cancelled."""

    def __init__(self, settings: Settings, url: str) -> None:
        """Raise NetworkSettingsError, as `Poster` does."""
        self._settings = settings
        self._redis = connect_async(url, _CONNECTIONS, namespace_of(settings.namespace, settings.shard or 0))
        self._functions = AsyncFunctions(self._redis, ledger_library(settings))
        self._poster = Poster(private=settings.hooks_private)
        self._senders: dict[str, Sender] = {}
        self._version: str | None = None
        self._trouble = Trouble(log, "deliverer.redis")

    async def run(self) -> None:
        """Run until cancelled; what is under way then is waited for.

        Raises redis.RedisError where waiting does not help.
        """
        log.info("deliverer.started")
        tasks = [asyncio.create_task(each) for each in (self._fan(), self._look())]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()  # none ends by itself, so this raises what one ended with
        finally:
            await asyncio.gather(*map(end, tasks))
            await asyncio.gather(*(sender.end() for sender in self._senders.values()))
            await self._poster.aclose()
            await self._redis.aclose()
            log.info("deliverer.stopped")

    async def _fan(self) -> None:
        """Hand on events as they come."""
        again = backoff()
        while not stopping():
            try:
                await self._handed_on()
                again = backoff()
            except redis.RedisError as error:
                await self._outlast(error, next(again))

    async def _handed_on(self) -> None:
        """Hand on events until another process was first, or the endpoints are others."""
        cursor, version, endpoints = await self._known()
        if not endpoints:
            await asyncio.sleep(durations.HOOK_LOOK_SECONDS)
            return
        block = round(durations.REDIS_BLOCK_SECONDS * 1000)
        while not stopping():
            streams: Any = await self._redis.xread({keys.EVENTS(): cursor}, count=_AT_ONCE, block=block)
            entries = [
                (entry, json.loads(fields["event"])) for _, found in streams for entry, fields in found
            ]
            if not entries:
                continue
            for upto, matched in _calls(entries, endpoints.values()):
                fan = hook_fan(matched, after=cursor, upto=upto, version=version)
                if await self._functions.run(fan) is not Answer.APPLIED:
                    return
                cursor = upto
                for name in {name for each in matched for name in each.names}:
                    self._sender(endpoints[name]).wake()

    async def _look(self) -> None:
        """Wake the senders of what is due: what has failed before, and what a dead process has left."""
        again = backoff()
        endpoints: Mapping[str, Endpoint] = {}
        while not stopping():
            try:
                due = await self._functions.run(hooks_due())
                if due.version != self._version:
                    _, self._version, endpoints = await self._known()
                    self._change(endpoints)
                again = backoff()
            except redis.RedisError as error:
                await self._outlast(error, next(again))
                continue
            for name in [name for name, ms in due.endpoints.items() if not ms and name in endpoints]:
                self._sender(endpoints[name]).wake()
            soonest = min(filter(None, due.endpoints.values()), default=float("inf")) / 1000
            await asyncio.sleep(min(soonest, durations.HOOK_LOOK_SECONDS))

    async def _known(self) -> tuple[str, str, dict[str, Endpoint]]:
        """Return up to where events were handed on, the version of the endpoints, and these."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hmget(keys.HOOKS_AT(), "cursor", "version")
            pipe.hgetall(keys.HOOKS())
            (cursor, version), found = await pipe.execute()
        return cursor or "0-0", version or "0", read_all(found)

    def _change(self, endpoints: Mapping[str, Endpoint]) -> None:
        for endpoint in endpoints.values():
            self._sender(endpoint).endpoint = endpoint
        for name in self._senders.keys() - endpoints.keys():
            del self._senders[name]  # what is under way ends; nothing of it is put on record any more

    def _sender(self, endpoint: Endpoint) -> Sender:
        known = self._senders.get(endpoint.name)
        if known is None:
            known = Sender(endpoint, self._functions, self._poster, self._settings)
            self._senders[endpoint.name] = known
        return known

    async def _outlast(self, error: redis.RedisError, seconds: float) -> None:
        """Wait, as an outage passes; raises what will not."""
        if ends_process(error):
            raise error
        self._trouble.met(error=str(error))
        await asyncio.sleep(seconds)


def _calls(
    entries: Sequence[tuple[str, dict[str, Any]]], endpoints: Collection[Endpoint]
) -> Iterator[tuple[str, list[Matched]]]:
    """Yield what single calls hand on: up to which entry, and to whom."""
    matched: list[Matched] = []
    for number, (entry, event) in enumerate(entries, 1):
        if names := told_of(endpoints, entry, event):
            matched.append(Matched(entry, brief_of(event), names))
        if number == len(entries) or sum(len(each.names) for each in matched) >= _MADE:
            yield entry, matched
            matched = []


async def deliver(settings: Settings, url: str) -> None:
    """Run a deliverer until SIGTERM or SIGINT.

    Raises NetworkSettingsError, TracesError and redis.RedisError.
    """
    allow_many()
    deliverer = Deliverer(settings, url)
    telling = [Telling(settings, url)] if settings.traces else []
    signing = Signing(url, "deliver")
    running = asyncio.create_task(deliverer.run())
    watching = asyncio.create_task(signing.watch())
    cancel_at_signals(running)
    try:
        with beside(SchemaWatch(settings, url), Bringing(connect(url)), signing, *telling):
            await running
    except asyncio.CancelledError:
        return
    finally:
        watching.cancel()
