"""The log of what people did to briefs, an account or a batch: who, when, why and to what.

What was done to each brief stands in its journal as well; this tells of the command that did it.
"""

import json
from typing import Any

import redis

from config import keys
from config.times import redis_ms

#: Actions that are kept, the newest.
KEPT = 10_000


def record(client: "redis.Redis", what: str, by: str, why: str | None, **more: Any) -> None:
    """Put an action on record, before it is begun: one that is killed half-way is told of as well."""
    entry = {"at": redis_ms(client.time()), "what": what, "by": by, "why": why or "", **more}
    with client.pipeline(transaction=True) as pipe:
        pipe.lpush(keys.ACTIONS(), json.dumps(entry))
        pipe.ltrim(keys.ACTIONS(), 0, KEPT - 1)
        pipe.execute()


def actions(client: "redis.Redis", most: int = KEPT) -> list[dict[str, Any]]:
    """Return the newest actions, the last first: `at` (ms since 1970), `what`, `by`, `why` and more."""
    found: Any = client.lrange(keys.ACTIONS(), 0, most - 1)
    # Of several shards each has its own list.
    return sorted(map(json.loads, found), key=lambda action: -int(action["at"]))[:most]
