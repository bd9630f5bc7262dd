"""What `doctor` looks at: Redis and what it may lose, queues, processes, accounts. Nothing is changed."""

import time
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import redis

from config import keys, startup
from config.accounts import Account
from config.broker import DEAD_AFTER
from config.findings import Level
from worker.amounts import counted, credits_text
from worker.api_errors import ApiError, NotSent, Unauthorized
from worker.streams import read_stream

if TYPE_CHECKING:
    # It brings the HTTP client along, which the other checks do without.
    from worker.piktid import PiktID

#: Milliseconds by which this machine's clock may differ from the server's before it is said.
CLOCKS = 2_000
#: Milliseconds without a sign of life of a stream that is followed: three times the API's keepalive.
SILENCE = 60_000


class Health(StrEnum):
    """How a check went."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(NamedTuple):
    """One line: what was looked at, how it is, and what to do unless it is well."""

    name: str
    health: Health
    said: str
    remedy: str | None = None


_LEVELS = {
    Level.REFUSE: Health.FAIL,
    Level.WARN: Health.WARN,
    Level.NOTICE: Health.WARN,
    Level.UNASKED: Health.OK,
}
#: What each part of the check of a start has found out where it has nothing to say.
_WELL = {
    "rights": "each command that is used is allowed, on keys like ours",
    "durability": "evicts nothing, and syncs each write to its append-only file",
}


def server(client: "redis.Redis") -> Iterator[Check]:
    """Check the server as a start does, and its clock; nothing more of one that nothing may run on.

    Raises redis.RedisError.
    """
    name, findings = startup.examine(client)
    about = {finding.about for finding in findings}
    if "server" not in about:
        yield Check("server", Health.OK, name or "it does not tell its name or version")
    for finding in findings:
        yield Check(finding.about, _LEVELS[finding.level], finding.what, finding.remedy)
    if "server" in about:
        return
    for part, well in _WELL.items():
        if part not in about:
            yield Check(part, Health.OK, well)
    yield _clock(client)


def _clock(client: "redis.Redis") -> Check:
    began = time.time()
    seconds, microseconds = client.time()
    off = round(abs(seconds * 1000 + microseconds / 1000 - (began + time.time()) * 500))
    if off <= CLOCKS:
        return Check("clock", Health.OK, f"within {max(1, off)} ms of the server's")
    told = f"{off / 1000:.1f} s away from the server's, which decides; only logs show this machine's"
    return Check("clock", Health.WARN, told, "set the machines' clocks by NTP")


def work(client: "redis.Redis") -> Iterator[Check]:
    """Check the queues, what waits for an operator, and that workers run."""
    with client.pipeline(transaction=False) as pipe:
        for queue in (keys.INLET, keys.STEPS):
            pipe.llen(keys.QUEUE(queue))
            pipe.zcard(keys.DEAD(queue))
        pipe.zcard(keys.QUESTIONS())
        pipe.zcard(keys.OPEN())
        inlet, dead_briefs, steps, dead_steps, held, unfinished = pipe.execute()
    dead = dead_briefs + dead_steps
    yield Check("queues", Health.OK, _waiting(inlet, steps, unfinished))
    if dead:
        see = "see `identity-worker status --held`; `retry` brings one back, `cancel` throws it away"
        yield Check("dead letters", Health.WARN, f"{counted(dead, 'message')} that no worker could run", see)
    else:
        yield Check("dead letters", Health.OK, "none")
    if held:
        see = "see `identity-worker status --held`"
        yield Check(
            "held",
            Health.WARN,
            f"{counted(held, 'brief waits', 'briefs wait')} for an operator's answer",
            see,
        )
    else:
        yield Check("held", Health.OK, "no brief waits for an operator")
    yield _workers(client, waiting=inlet + steps + unfinished)


def _waiting(inlet: int, steps: int, unfinished: int) -> str:
    unfinished_are = counted(unfinished, "brief is", "briefs are")
    return f"queued: {counted(inlet, 'brief')} and {counted(steps, 'step')}; {unfinished_are} open"


def _workers(client: "redis.Redis", *, waiting: int) -> Check:
    seconds, _ = client.time()
    alive = client.zcount(keys.WORKERS(), int(seconds) * 1000 - DEAD_AFTER, "+inf")
    if alive:
        return Check("workers", Health.OK, f"{alive} alive")
    remedy = "start the Procfile's `worker`: identity-worker work"
    return Check("workers", Health.FAIL if waiting else Health.WARN, "none runs", remedy)


def account(client: "redis.Redis", account: Account, api: "PiktID", *, by_stream: bool) -> Iterator[Check]:
    """Check an account: that its token is accepted, its credits, that a listener follows it."""
    yield _token(account, api)
    yield _listener(client, account.name, by_stream=by_stream)


def _token(account: Account, api: "PiktID") -> Check:
    name = f"account {account.name}"
    try:
        balance = api.me().credits
    except Unauthorized as error:
        remedy = "set PIKTID_API_TOKEN, or what token_env or token_file in ACCOUNTS_FILE names, and restart"
        return Check(name, Health.FAIL, f"the API refuses its token: {error}", remedy)
    except NotSent as error:
        return Check(name, Health.FAIL, f"the API can't be reached: {error}", "see PIKTID_API_URL")
    except ApiError as error:
        return Check(name, Health.WARN, f"the API did not say: {error}", "try again later")
    if balance is None:
        return Check(name, Health.OK, "token accepted; the API does not say how many credits it has")
    if balance <= 0:
        return Check(name, Health.WARN, f"token accepted, {credits_text(balance)} credits", "buy credits")
    return Check(name, Health.OK, f"token accepted, {credits_text(balance)} credits")


def _listener(client: "redis.Redis", account: str, *, by_stream: bool) -> Check:
    name = f"events {account}"
    if not client.exists(keys.LEASE(account)):
        busy = bool(client.exists(keys.PERMITS(account)))
        health = Health.FAIL if busy else Health.WARN
        return Check(name, health, "no listener follows it", "start one: identity-worker listen")
    if not by_stream:
        told = "by webhook; a listener runs the timers"
        return Check(name, Health.OK, told)
    stream = read_stream(client, account)
    if stream.connected_at is None:
        told = f"its stream is not open: {stream.why or 'not opened yet'}"
        return Check(name, Health.WARN, told, "the listener tries again; its log says more")
    seconds, _ = client.time()
    silent = int(seconds) * 1000 - (stream.heard_at or stream.connected_at)
    if silent > SILENCE:
        told = f"its stream has been silent for {silent // 1000} s"
        return Check(name, Health.WARN, told, "the listener opens it again; its log says more")
    return Check(name, Health.OK, "its stream is open")
