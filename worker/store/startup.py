"""The start-up check of Redis, the same for every process and for `doctor`.

One round trip. What can never succeed ends the start with its own remedy; what may pass is waited for; what
the server does not let us ask is a finding, and no fault.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import redis

from config import durations, keys, logs
from config.errors import IdentityWorkerError
from config.recorded import schema
from config.redis_url import redacted
from config.settings import settings
from config.shards import too_few
from config.times import backoff, redis_ms
from worker.store import durability, replicas, rights
from worker.store.connection import connect, guide_of
from worker.store.findings import Finding, Level, wrong_kind
from worker.store.libraries import silence_ms
from worker.store.namespaces import namespace_of
from worker.store.outages import code_of
from worker.store.remedies import is_lasting, remedy
from worker.store.rights import Command

log = logs.get("redis")

_QUESTIONS: tuple[Command, ...] = (("HELLO",), ("INFO",), ("CONFIG", "GET", "appendfsync", "save"))


class UnsafeServerError(IdentityWorkerError):
    """Raised when nothing may run on a server; says what to do."""


class Examined(NamedTuple):
    """A server's name and version (None: unknown), and the findings about it, the worst first."""

    server: str | None
    findings: list[Finding]


def examine(client: "redis.Redis", replicas_wanted: int = 0) -> Examined:
    """Return the findings about a server. Its keys are as they were before.

    Raises redis.RedisError where it does not answer, or can't write at the moment.
    """
    namespace = namespace_of(client)
    probes = rights.probes(namespace)
    asked = [*_QUESTIONS, *_of_schema(namespace)]
    answers = _ask(client, [*asked, *probes, *replicas.probes(replicas_wanted)])
    told = [None if isinstance(each, redis.RedisError) else each for each in answers]
    hello, info, config = _pairs(told[0]), _info(told[1]), _pairs(told[2])
    guide = guide_of(client)
    found = list(wrong_kind(hello, info, in_cluster=guide is not None and guide.finder.is_cluster))
    if not found:
        login = client.connection_pool.connection_kwargs
        user = login.get("username") or getattr(login.get("credential_provider"), "username", "") or "default"
        end = len(asked) + len(probes)
        found += rights.examine(probes, answers[len(asked) : end], user, namespace)
        found += replicas.examine(replicas_wanted, answers[end:])
        found += durability.examine(info, config)
        found += _schema(*told[3:6])
    worst = sorted(found, key=lambda finding: list(Level).index(finding.level))
    return Examined(_name(hello, info), worst)


def unsafe(client: "redis.Redis", replicas_wanted: int) -> list[Finding]:
    """Return why nothing may be bought on a server by now, although processes have started there.

    Its settings may have been changed since, another may lead, or replicas be gone. It asks for much less
    than a start does. Raises redis.RedisError.
    """
    (info,) = _ask(client, [("INFO",)])
    told = {} if isinstance(info, redis.RedisError) else _info(info)
    found = [*durability.examine(told, {}), *replicas.lacking(client, replicas_wanted)]
    return [each for each in found if each.level in (Level.REFUSE, Level.STOPS)]


def check(url: str, patience: float | None = None) -> None:
    """Check the Redis; a process logs which it is, and the findings; a command (patience 0) does not.

    A server that does not answer yet is waited for up to `patience` seconds (none: as long as processes
    wait); a process also waits for one that reads its file, until it has. Raises UnsafeServerError when
    nothing may run on it, redis.RedisError when it does not answer.
    """
    patience = durations.REDIS_START_SECONDS if patience is None else patience
    with connect(url) as client:
        examined = _awaited(client, patience, settings().replicas)
        said = {"namespace": namespace_of(client), "found": located(client)}
    refused = [str(each) for each in examined.findings if each.level is Level.REFUSE]
    refused = refused or list(_shards(url))
    if refused:
        raise UnsafeServerError(f"of the Redis at {redacted(url)}: {refused[0]}")
    if patience:
        told = {name: value for name, value in said.items() if value}
        log.info("redis.using", at=redacted(url), server=examined.server, **told)
        for finding in examined.findings:
            say = log.warning if finding.level in (Level.STOPS, Level.WARN) else log.info
            say(f"redis.{finding.about}", what=finding.what, remedy=finding.remedy)


def _shards(url: str) -> Iterator[str]:
    """Record how many shards there are at first; yield why this process may not have fewer.

    An account lives where its name and that number say, or has moved to (worker/shards/placement.py).
    """
    values = settings()
    with connect(url, values.namespace) as first:
        if values.shards > 1:
            # What there was before there were shards is in the first one.
            first.hsetnx(keys.SHARDS(), "count", 1 if first.exists(keys.ACCOUNTS()) else values.shards)
        told = too_few(first.hgetall(keys.SHARDS()), values.shards)
    if told is not None:
        yield told


def _awaited(client: "redis.Redis", patience: float, replicas_wanted: int) -> Examined:
    end = time.monotonic() + patience
    for pause in backoff():
        try:
            return examine(client, replicas_wanted)
        except redis.RedisError as error:
            is_loading = patience > 0 and code_of(error) == "LOADING"
            if is_lasting(error) or not (is_loading or time.monotonic() + pause <= end):
                raise
            told, again = remedy(error), round(pause, 2)
            log.warning("redis.not_ready", error=str(error), remedy=told, again_in=again)
            time.sleep(pause)
    raise AssertionError("pauses never end")


def _ask(client: "redis.Redis", commands: Sequence[Command]) -> list[Any]:
    """Send commands in one piece; return their answers, errors among them. Raises redis.ConnectionError."""
    # Not by redis-py's pipeline: it reads the answers as if the commands stood in no transaction.
    pool = client.connection_pool
    connection: Any = pool.get_connection()
    try:
        connection.send_packed_command(connection.pack_commands(commands))
        return [_answer(connection) for _ in commands]
    finally:
        pool.release(connection)


def _answer(connection: Any) -> Any:
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error


def _of_schema(namespace: str) -> Sequence[Command]:
    """Return what tells which releases may work on the ledger."""
    libraries: Command = ("ZRANGE", namespace + keys.LIBRARIES(), 0, -1, "WITHSCORES")
    return [("HGETALL", namespace + keys.SCHEMA()), libraries, ("TIME",)]


def _schema(record: Any, libraries: Any, clock: Any) -> Iterator[Finding]:
    """Yield why this release may not work on the ledger; what may not be asked `rights` tells of."""
    used = {name: float(at) for name, at in _pairs(libraries).items()}
    since = redis_ms(clock) - silence_ms() if clock else 0
    refused = schema.refusal(schema.standing(_pairs(record)), used, since)
    if refused is not None:
        yield Finding("schema", Level.REFUSE, refused.what, refused.remedy)


def _pairs(answer: Any) -> Mapping[str, Any]:
    return {} if answer is None else dict(zip(answer[::2], answer[1::2], strict=False))


def _info(answer: Any) -> Mapping[str, str]:
    pairs = (line.partition(":") for line in str(answer or "").splitlines())
    return {name: value for name, colon, value in pairs if colon}


def located(client: "redis.Redis") -> str | None:
    """Return which server a client was led to, None of one whose address names the server itself."""
    guide = guide_of(client)
    return None if guide is None else f"{guide.finder.what}, {guide.found}"


def _name(hello: Mapping[str, Any], info: Mapping[str, str]) -> str | None:
    version = info.get("valkey_version") or info.get("redis_version") or hello.get("version")
    return f"{info.get('server_name') or hello.get('server') or 'redis'} {version}" if version else None
