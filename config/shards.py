"""Shards: an installation's accounts spread over several ledgers, each with a namespace of its own.

Shard 0 is the namespace itself, so that an installation which grows keeps what it has; shard k of `{studio}:`
is `{studio:k}:`, another slot of a cluster. Which shard an account lives in follows from its name alone.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from config.errors import IdentityWorkerError
from config.text import counted

#: The variables that name how many there are, and the one that a process serves.
COUNT, SERVED = "IDENTITY_WORKER_SHARDS", "IDENTITY_WORKER_SHARD"
#: The most shards: each is a connection or two of every process that reads all of them.
MOST = 256
_RANGE = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")
#: The factor of the jump consistent hash's generator, and the bits that it draws.
_FACTOR, _BITS, _WORD = 2_862_933_555_777_941_757, 31, 2**64


class ShardError(IdentityWorkerError, ValueError):
    """Raised when shards are named wrongly; says the rule."""


def count_given(environment: Mapping[str, str]) -> int | None:
    """Return how many shards the environment names, None where that is no number; the settings tell of it."""
    given = {name.upper(): value for name, value in environment.items()}.get(COUNT, "1")
    return int(given) if given.isdecimal() else None


def check_setting(name: str, value: int | None, others: Mapping[str, Any]) -> None:
    """Check `shards` or `shard` by the settings before it; raises ShardError."""
    if name == "shards" and value != 1 and "{" not in others.get("namespace", "{"):
        raise ShardError("above 1, set IDENTITY_WORKER_NAMESPACE to a name in braces, such as {studio}")
    if name == "shard" and value is not None and value >= others.get("shards", MOST):
        raise ShardError(f"must be less than {others['shards']}, which {COUNT} says")


def namespace_of(namespace: str, shard: int) -> str:
    """Return what stands before the keys of a shard of a namespace, whose hash tag it is put into."""
    return namespace.replace("}", f":{shard}}}", 1) if shard else namespace


def shard_of(name: str, shards: int) -> int:
    """Return the shard of a name among so many: the same on every machine and in every version.

    By the jump consistent hash (Lamping and Veach, 2014): of `n` shards one more takes the n + 1st part of
    the names, and no name moves between the others.
    """
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    found, drawn = 0, 0
    while drawn < shards:
        found = drawn
        key = (key * _FACTOR + 1) % _WORD
        drawn = int((found + 1) * (2**_BITS / ((key >> 33) + 1)))
    return found


def too_few(record: Any, shards: int) -> str | None:
    """Return why so many shards are fewer than are on record (`SHARDS`), None where they are enough."""
    known = max(int(at) + (name != "count") for name, at in {"count": 1, **record}.items())
    if known <= shards:
        return None
    return (
        f"its accounts are spread over {counted(known, 'shard')}, and {COUNT} is {shards}: set it to {known} "
        "at the least, or use a namespace of its own"
    )


def read_shards(text: str, shards: int) -> list[int]:
    """Return the shards that a text names, as `0,2-3`; raises ShardError."""
    found: set[int] = set()
    for part in text.split(","):
        read = _RANGE.fullmatch(part.strip())
        first, last = (int(read[1]), int(read[2] or read[1])) if read else (0, -1)
        if not first <= last < shards:
            rule = f"must be numbers from 0 to {shards - 1} and ranges of them, as 0,2-3"
            raise ShardError(f"{text[:64]!r}: {rule}; {COUNT} says how many there are")
        found.update(range(first, last + 1))
    return sorted(found)
