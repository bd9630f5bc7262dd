"""How endpoints fare: what people read, and `doctor` with them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from config import durations, keys
from config.settings import Settings
from config.text import counted
from config.times import format_duration, format_time, redis_ms
from worker.hooks.addresses import HookUrlError, parse
from worker.hooks.endpoints import Endpoint, endpoints
from worker.hooks.signing import HookSecretError
from worker.operations.doctor import Check, Health
from worker.operations.halts import SELF, Halt, read_halt
from worker.shards.merged import clients_of


@dataclass(frozen=True, slots=True)
class Standing:
    """How an endpoint fares. Times are ms since 1970."""

    endpoint: Endpoint
    waiting: int
    """Events that it is to be sent."""
    taken: int
    taken_at: int | None
    given_up: int
    lost: int
    """Events that the stream had no more when it was to be sent them."""
    failing_since: int | None
    error: str | None
    paused: Halt | None

    @property
    def pause(self) -> str | None:
        """Return its pause in words, None where there is none."""
        if self.paused is None:
            return None
        if self.paused.by == SELF:
            return f"paused by itself since {format_time(self.paused.at)}: {self.paused.why}"
        return self.paused.words


def standings(client: "redis.Redis") -> tuple[int, list[Standing]]:
    """Return the server's time, and how each endpoint fares, in all shards; raises redis.RedisError."""
    known = endpoints(client)
    now, parts = 0, []
    for shard in clients_of(client):
        with shard.pipeline(transaction=False) as pipe:
            pipe.time()
            for name in known:
                pipe.hgetall(keys.HOOK(name))
            time, *fields = pipe.execute()
        now = redis_ms(time)
        parts.append(fields)
    return now, [_standing(each, rows) for each, *rows in zip(known.values(), *parts, strict=True)]


def deliveries(client: "redis.Redis", name: str, most: int, after: str | None = None) -> list[dict[str, Any]]:
    """Return the newest deliveries to an endpoint, the last first; raises redis.RedisError.

    `after` is the place of one (`place_of`): those before it, however many have come since.
    """
    found: list[dict[str, Any]] = []
    for shard in clients_of(client):
        log: Any = shard.lrange(keys.HOOK_LOG(name), 0, -1 if after else most - 1)
        found += map(json.loads, log)
    ordered = sorted(found, key=_order, reverse=True)
    if after is not None:
        ordered = [each for each in ordered if _order(each) < _read_place(after)]
    return ordered[:most]


def place_of(delivery: Mapping[str, Any]) -> str:
    """Return the place of a delivery in the log, as a text."""
    return f"{delivery['at']}:{delivery['entry']}:{delivery['try']}"


#: What `place_of` returns.
PLACE = re.compile(r"\d{1,15}:\d{1,19}-\d{1,19}:\d{1,9}")


def _order(delivery: Mapping[str, Any]) -> tuple[int, int, int, int]:
    return _read_place(place_of(delivery))


def _read_place(text: str) -> tuple[int, int, int, int]:
    at, entry, number = text.split(":")
    ms, _, order = entry.partition("-")
    return int(at), int(ms), int(order), int(number)


def checks(client: "redis.Redis", settings: Settings) -> Iterator[Check]:
    """Check the endpoints of webhooks, if there are any; raises redis.RedisError."""
    now, found = standings(client)
    if not found:
        return
    asked: Any = client.hget(keys.HOOKS_AT(), "asked_at")
    if now - int(asked or 0) > durations.SILENCE_TOLD_MS:
        told = f"{counted(len(found), 'endpoint')} of webhooks, and nobody sends to them"
        yield Check("deliverers", Health.WARN, told, "start one: identity-worker deliver")
    else:
        yield Check("deliverers", Health.OK, f"one is alive, for {counted(len(found), 'endpoint')}")
    for each in found:
        yield _check(each, now, settings)


def _check(standing: Standing, now: int, settings: Settings) -> Check:
    name, waiting = (
        f"endpoint {standing.endpoint.name}",
        counted(standing.waiting, "event waits", "events wait"),
    )
    if wrong := _wrong(standing.endpoint, settings):
        return Check(name, Health.WARN, wrong, "mend that for this machine, if a deliverer runs on it")
    if standing.pause is not None:
        remedy = f"`identity-worker hooks unpause {standing.endpoint.name}` sends what waits"
        return Check(name, Health.WARN, f"{standing.pause}; {waiting}", remedy)
    if standing.failing_since is not None:
        told = (
            f"takes nothing for {format_duration(now - standing.failing_since)}: {standing.error}; {waiting}"
        )
        remedy = "it is sent to again and again, and paused after three days"
        return Check(name, Health.WARN, told, remedy)
    return Check(name, Health.OK, f"{counted(standing.taken, 'message')} taken; {waiting}")


def _wrong(endpoint: Endpoint, settings: Settings) -> str | None:
    """Return why nothing can be sent from here to an endpoint; None: it can be."""
    try:
        parse(endpoint.url, private=settings.hooks_private)
        endpoint.secrets(settings)
    except (HookUrlError, HookSecretError) as error:
        return str(error)
    return None


def _standing(endpoint: Endpoint, shards: Sequence[Mapping[str, str]]) -> Standing:
    def numbers(name: str) -> list[int]:
        return [int(fields[name]) for fields in shards if name in fields]

    def word(name: str) -> str | None:
        return next((fields[name] for fields in shards if name in fields), None)

    return Standing(
        endpoint,
        waiting=sum(numbers("waiting")),
        taken=sum(numbers("taken")),
        taken_at=max(numbers("taken_at"), default=None),
        given_up=sum(numbers("given_up")),
        lost=sum(numbers("lost")),
        failing_since=min(numbers("failing_since"), default=None),
        error=word("error"),
        paused=read_halt(word("paused")),
    )
