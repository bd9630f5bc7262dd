"""Whether every key is on the page `config/keys.py` and has its lifetime; and every field on its own."""

import json
import re
from typing import Any

import redis

from config import keys
from config.records import RECORDS
from worker.ledger.kinds import Kind


def key_name(key: str, type_: str) -> str | None:
    """Return the name that a Redis key's family has in `config/keys.py`; None if it has none."""
    for name, family in keys.ALL.items():
        # The widest template: a record is of one of the kinds or of an account, and of nothing else.
        places = f"({'|'.join(Kind)}|account):.+" if name == "RECORD" else ".+"
        pattern = re.escape(family.template).replace("%s", places)
        if family.type == type_ and re.fullmatch(pattern, key):
            return name
    return None


def unknown_keys(client: "redis.Redis") -> list[str]:
    """Return the keys that stand on no page."""
    return [f"{key} ({kind})" for key, kind in _keys(client) if key_name(key, kind) is None]


def unknown_fields(client: "redis.Redis") -> list[str]:
    """Return the fields of hashes that stand on no page (`config/records.py`)."""
    hashes = [(key, fields) for key, kind in _keys(client) if (fields := _fields_of(key, kind)) is not None]
    with client.pipeline(transaction=False) as pipe:
        for key, _ in hashes:
            pipe.hkeys(key)
        found = pipe.execute()
    return [
        f"{field} of {key}"
        for (key, pattern), names in zip(hashes, found, strict=True)
        for field in names
        if not pattern.fullmatch(field)
    ]


def _fields_of(key: str, kind: str) -> re.Pattern[str] | None:
    """Return what the fields of a hash may be called; None of one that is a map."""
    name = key_name(key, kind) if kind == "hash" else None
    fields = RECORDS.get((name or "", key.split(":")[1] if name == "RECORD" else None))
    if fields is None:
        return None
    return re.compile("|".join(re.escape(field.name).replace("%s", ".*") for field in fields))


def keys_without_lifetime(client: "redis.Redis") -> list[str]:
    """Return the keys that the page gives a lifetime, and that have none."""
    finished: Any = client.zrange(keys.FINISHED(), 0, -1)
    return [
        key
        for key, kind in _keys(client)
        if client.ttl(key) == -1 and _should_end(client, key, key_name(key, kind), set(finished))
    ]


def _keys(client: "redis.Redis") -> list[tuple[str, str]]:
    found = [str(key) for key in client.scan_iter(count=1_000)]
    with client.pipeline(transaction=False) as pipe:
        for key in found:
            pipe.type(key)
        kinds = map(str, pipe.execute())
    # One that has run out since it was found is of the type "none".
    return [(key, kind) for key, kind in zip(found, kinds, strict=True) if kind != "none"]


def _should_end(client: "redis.Redis", key: str, name: str | None, finished: set[str]) -> bool:
    if name in ("RECORD", "JOURNAL"):
        return key.rpartition("#")[0].split(":", 2)[-1] in finished or key.split(":", 2)[-1] in finished
    if name in ("BATCH", "BUDGET"):
        briefs: Any = client.zrange(keys.BATCH(key.split(":", 2)[-1]), 0, -1)
        return set(briefs) <= finished
    if name == "CONTENT":
        return json.loads(str(client.get(key)))["brief_id"] in finished
    if name == "WINDOW":
        # One that is under way has no end yet, and may not lose its place.
        return client.zcount(key, "+inf", "+inf") == 0
    return name in ("JOB", "EARLY", "HANDLED", "LEASE", "SEEN", "UNRESOLVED", "UNCLAIMED", "JOB_SNAPSHOTS")
