"""The checks of `doctor` of the ways to Redis and to the API: each step a line, up to the one that fails."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import httpcore
import redis
from pydantic import SecretStr

from config import durations
from config.redis_url import read
from config.servers.address import SENTINEL, SOCKET, Address, Place
from worker.network import walk
from worker.network.streaming import Connections, Streams
from worker.network.walk import FAILURES, EndedWayError, Step
from worker.operations.doctor import Check, Health
from worker.piktid.notifications import StreamEndedError, follow
from worker.store.connection import connect
from worker.store.remedies import remedy
from worker.store.servers.trust import Trust

_RIGHT_HOST = "set the host in REDIS_URL right, or see this machine's DNS"
_RUNS_THERE = "start it, or set host and port in REDIS_URL to one that runs"
_NO_TLS = "it does not speak TLS on this port: write redis://, or name its TLS port"
#: A line that any Redis answers, also before a login: by +PONG, or by what it requires.
_LINE = b"PING\r\n"
_AUTHORITIES = ("ssl_ca_certs", "ssl_ca_path")


def to_api(url: str) -> Iterator[Check]:
    """Check each step to the API, up to the first that can't be made."""
    for step in walk.to_api(url):
        yield _check("api", step)


def stream(url: str, token: SecretStr, name: str) -> Check:
    """Check that an account's event stream opens, and that its first byte comes as soon as it should."""
    began, what = time.monotonic(), "api stream"
    try:
        asyncio.run(_first_byte(url, token))
    except StreamEndedError as error:
        mend = "meanwhile timers ask about jobs, more slowly; no proxy may buffer, refuse or pack the stream"
        return Check(what, Health.WARN, f"of account {name}: {error}", mend)
    took = max(1, round((time.monotonic() - began) * 1000))
    return Check(what, Health.OK, f"of account {name}: its first byte came after {took} ms")


async def _first_byte(url: str, token: SecretStr) -> None:
    """Return once anything has come of a stream; raises StreamEndedError."""
    came = asyncio.Event()

    async def read() -> None:
        async with Streams(Connections()) as streams:
            async for _ in follow(streams, url, token, durations.STALLED_SECONDS, came.set):
                pass

    reading, waiting = asyncio.create_task(read()), asyncio.create_task(came.wait())
    await asyncio.wait((reading, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not came.is_set():
        reading.result()
    reading.cancel()
    await asyncio.wait((reading,))


def to_redis(url: str) -> Iterator[Check]:
    """Check each step to what a Redis's URL names, and that it lets us in, up to the first that fails.

    Of several Sentinels or nodes, one that is reached is enough.
    """
    address = read(url)
    found: list[list[Step]] = []
    if address.kind != SOCKET:
        found = [list(_to_place(address, place)) for place in address.places]
    is_reached = not found or any(steps[-1].remedy is None for steps in found)
    for steps in found:
        for step in steps:
            yield _check("redis", step, Health.WARN if is_reached else Health.FAIL)
    if is_reached:
        yield _login(url)


def _to_place(address: Address, place: Place) -> Iterator[Step]:
    is_tls = address.is_tls
    if address.kind == SENTINEL:
        is_tls = bool(address.options.get("sentinel_tls", is_tls))
    try:
        addresses, named = walk.name(place.host, place.port, _RIGHT_HOST)
        yield named
        plain, connected = walk.connection(addresses, place.port, _RUNS_THERE)
        with closing(plain):
            yield connected
            if is_tls:
                yield _encrypted(address, place, plain)
    except EndedWayError as error:
        yield error.step


def _encrypted(address: Address, place: Place, plain: httpcore.NetworkStream) -> Step:
    """Go on encrypted, and wait for an answer to one line.

    Only then has the server looked at our certificate.
    """
    options = address.options
    named = [f"{each}={options[each]}" for each in _AUTHORITIES if each in options]
    whom = f"{' and '.join(named)}: name your CA there" if named else ""
    try:
        encrypted, step = walk.encryption(plain, Trust(options).context(), place.host)
        with closing(encrypted):
            _have_answered(encrypted)
    except httpcore.ConnectTimeout as error:
        raise walk.no_encryption(place.host, error, _NO_TLS) from error
    except FAILURES as error:
        told = redis.ConnectionError(str(error.__cause__ or error))
        raise walk.no_encryption(place.host, error, remedy(told), whom) from error
    return step


def _have_answered(encrypted: httpcore.NetworkStream) -> None:
    """Have a line answered, in either way; raises httpcore's errors, as of a certificate that is refused."""
    # Whoever writes to a peer that has closed loses what it said last, which is why.
    with suppress(httpcore.ReadTimeout):
        _read(encrypted, durations.REDIS_REFUSES_SECONDS)
        return
    encrypted.write(_LINE, durations.REDIS_CONNECT_SECONDS)
    _read(encrypted, durations.REDIS_CONNECT_SECONDS)


def _read(encrypted: httpcore.NetworkStream, seconds: float) -> None:
    if not encrypted.read(len(_LINE), seconds):
        raise httpcore.ReadError("EOF occurred in violation of protocol")


def _login(url: str) -> Check:
    """Check that the server lets us in: its TLS, user and password, and the database."""
    what = "redis login"
    try:
        with connect(url) as client:
            pool = client.connection_pool
            pool.release(pool.get_connection())
    except redis.RedisError as error:
        return Check(what, Health.FAIL, str(error), remedy(error))
    return Check(what, Health.OK, "it takes the user, and has the database")


def _check(way: str, step: Step, health: Health = Health.FAIL) -> Check:
    return Check(f"{way} {step.name}", Health.OK if step.remedy is None else health, step.said, step.remedy)
