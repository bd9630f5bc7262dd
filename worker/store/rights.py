"""Checks that the server lets us run each command that we use, on keys like ours.

All probes stand in one transaction on scratch keys: where one is refused, the server names it and runs none;
else all are run, and the last one deletes the keys. Nobody ever sees them, and none is left behind.
"""

import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import redis

from config import keys
from worker.store.findings import Finding, Level, read_only
from worker.store.libraries import family_of
from worker.store.outages import code_of

Command = tuple[str | int, ...]

#: A library of one function, of the same name.
_LIBRARY = """#!lua name=%s
redis.register_function('%s', function(keys) return redis.call('EXISTS', keys[1]) end)
"""
#: Missing commands beyond which the remedy names whole categories.
_MANY = 6
_CATEGORIES = "+@read +@write +@blocking +@scripting +@transaction +@connection"
_COMMAND = re.compile(r"'([^']+)' command|unknown command '([^']+)'")


def probes(namespace: str) -> list[Command]:
    """Return the transaction that tries each command that we use, functions included."""
    ours, queue = (namespace + each(uuid.uuid4().hex) for each in (keys.SCRATCH, keys.SCRATCH_QUEUE))
    family = family_of(namespace)
    return [
        ("MULTI",),
        *_tried(ours),
        *_queued(queue),
        *_called(ours, family),
        ("DEL", ours, queue),
        ("EXEC",),
    ]


def _tried(key: str) -> Iterator[Command]:
    """Yield the commands on records: each type in turn, under one name."""
    yield from [
        ("SET", key, 1, "PX", 1000),
        ("GET", key),
        ("MGET", key),
        ("INCR", key),
        ("PEXPIRE", key, 2000, "GT"),
    ]
    yield from [("INCRBY", key, 1), ("DECRBY", key, 1), ("INCRBYFLOAT", key, 1)]
    yield from [("PERSIST", key), ("PTTL", key), ("EXISTS", key), ("DEL", key), ("DUMP", key)]
    yield from [("HSET", key, "a", 1), ("HSETNX", key, "b", 1), ("HINCRBY", key, "a", 1)]
    yield from [("HSTRLEN", key, "a")]
    yield from [("HINCRBYFLOAT", key, "a", 1), ("HGET", key, "a"), ("HMGET", key, "a"), ("HGETALL", key)]
    yield from [("HEXISTS", key, "a"), ("HKEYS", key), ("HVALS", key), ("HLEN", key), ("HDEL", key, "a")]
    yield from [("DEL", key), ("ZADD", key, 1, "a"), ("ZSCORE", key, "a"), ("ZRANK", key, "a")]
    yield ("ZMSCORE", key, "a")
    yield from [("ZCARD", key), ("ZCOUNT", key, 0, 9), ("ZRANGE", key, 0, 9), ("ZRANGEBYSCORE", key, 0, 9)]
    yield from [("ZREVRANGE", key, 0, 9), ("ZSCAN", key, 0)]
    yield from [("ZREM", key, "b"), ("ZREMRANGEBYSCORE", key, 5, 9), ("DEL", key)]
    yield from [
        ("RPUSH", key, "a"),
        ("LPUSH", key, "b", "c"),
        ("LINSERT", key, "BEFORE", "a", "d"),
        ("LREM", key, 1, "d"),
        ("LLEN", key),
        ("LINDEX", key, 0),
    ]
    yield ("LRANGE", key, 0, 9)
    yield from [("LPOS", key, "a"), ("LTRIM", key, 0, 9), ("LPOP", key), ("BLPOP", key, 1), ("DEL", key)]
    yield from [("XADD", key, "MAXLEN", "~", 9, "*", "a", "b"), ("XREVRANGE", key, "+", "-", "COUNT", 1)]
    yield from [("XLEN", key), ("XRANGE", key, "-", "+", "COUNT", 1), ("XDEL", key, "1-1")]
    yield from [("XREAD", "COUNT", 1, "BLOCK", 1, "STREAMS", key, "0"), ("DEL", key)]


def _queued(key: str) -> Iterator[Command]:
    """Yield the commands on the queues, whose keys are Dramatiq's."""
    yield from [("SADD", key, "a"), ("SREM", key, "b"), ("SMEMBERS", key), ("SCARD", key)]
    yield from [("SISMEMBER", key, "a"), ("DEL", key)]
    yield from [("RPUSH", key, "a"), ("BLMOVE", key, key, "LEFT", "LEFT", 1)]


def _called(key: str, family: str) -> Iterator[Command]:
    library = f"{family}check_{uuid.uuid4().hex}"
    yield from [
        ("TYPE", key),
        ("SCAN", 0, "COUNT", 1),
        ("TIME",),
        ("PING",),
        ("FUNCTION", "LOAD", _LIBRARY % (library, library)),
        ("FCALL", library, 1, key),
        ("FUNCTION", "DELETE", library),
    ]


def examine(tried: Sequence[Command], answers: Sequence[Any], user: str, namespace: str) -> Iterator[Finding]:
    """Yield the findings from the answers to the probes; raises the redis.RedisError of one that may pass.

    `user` is the name that the server knows us by.
    """
    last = answers[-1]
    inner = last if isinstance(last, list) else []
    commands: dict[str, None] = {}
    lacks_keys = False
    unable: Finding | None = None
    for command, answer in zip([*tried, *tried[1:]], [*answers, *inner], strict=False):
        if not isinstance(answer, redis.ResponseError) or code_of(answer) == "EXECABORT":
            continue
        code, text = code_of(answer), str(answer)
        if code == "NOPERM":
            found = _COMMAND.search(text)
            lacks_keys |= found is None
            commands |= {found[1]: None} if found else {}
        elif code == "READONLY":
            yield read_only()
            return
        elif code == "ERR":
            unable = unable or _unable(str(command[0]), text)
        else:
            raise answer
    if commands or lacks_keys:
        # First: what lacks MULTI can't run EXEC either.
        yield _missing(list(commands), user, _patterns(namespace) if lacks_keys else "")
    elif unable is not None:
        yield unable


def _unable(command: str, text: str) -> Finding:
    what = f"it can't do what {command} does in Redis 7: {text[:200]}"
    remedy = "use Redis 7.0 or newer, or Valkey 7.2 or newer, with all commands"
    return Finding("server", Level.REFUSE, what, remedy)


def _patterns(namespace: str) -> str:
    return f"~{namespace}{keys.OURS}:* ~{namespace}{keys.DRAMATIQ}:*"


def _missing(commands: Sequence[str], user: str, patterns: str) -> Finding:
    shown = [*commands[:_MANY], f"{len(commands) - _MANY} more"] if len(commands) > _MANY else commands
    said = [f"the commands {', '.join(shown)}"] if commands else []
    rules = [_CATEGORIES] if len(commands) > _MANY else [f"+{each}" for each in commands]
    if patterns:
        said.append(f"keys like {patterns}")
        rules.append(patterns)
    what = f"the user {user} may not use {' and '.join(said)}"
    return Finding("rights", Level.REFUSE, what, f"allow it: ACL SETUSER {user} {' '.join(rules)}")
