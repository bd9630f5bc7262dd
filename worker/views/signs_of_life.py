"""Which processes of this machine, or container, have given a sign of life lately."""

from typing import TYPE_CHECKING

from config import durations, keys
from config.processes import is_from_here
from config.times import redis_ms

if TYPE_CHECKING:
    import redis

#: The kinds of processes that sign in by `actors/process/signing.py`.
_OTHERS = ("web", "archive", "deliver")


def of_this_machine(client: "redis.Redis") -> dict[str, int]:
    """Return how many processes of this machine live, by their kind; raises redis.RedisError."""
    now = redis_ms(client.time())
    with client.pipeline(transaction=False) as pipe:
        pipe.zrange(keys.WORKERS(), now - durations.WORKER_DEAD_MS, "+inf", byscore=True)
        pipe.zrange(keys.LISTENERS(), now - durations.LEASE_MS, "+inf", byscore=True)
        pipe.zrange(keys.SIGNS(), now - durations.WORKER_DEAD_MS, "+inf", byscore=True)
        workers, listeners, signs = pipe.execute()
    found = {"worker": sum(map(is_from_here, workers)), "listener": sum(map(is_from_here, listeners))}
    others = [role for role, _, name in (sign.partition(" ") for sign in signs) if is_from_here(name)]
    return found | {role: others.count(role) for role in _OTHERS}
