"""The endpoints of webhooks: which events each gets, its URL, and where its secret is kept.

All but the secret is in Redis, so that every process and the page know the same at once. A secret stands in
a file or in the environment, as the accounts' tokens do.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis

from config import keys
from config.settings import Settings
from worker.hooks import signing
from worker.hooks.signing import Secret

#: What an endpoint may be called.
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
NAME_RULE = "1 to 64 of A-Z a-z 0-9 . _ -"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint. No types, batches or accounts means all of them."""

    name: str
    url: str
    types: tuple[str, ...] = ()
    """Types of events; `*` stands for anything."""
    batches: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    secret_env: str | None = None
    secret_file: str | None = None
    """Where its secret stands; neither: in its file in the folder of secrets."""
    since: str = "0-0"
    """The entry after which events are for it."""

    @property
    def host(self) -> str:
        """The host of its URL, which is told where the URL is not: a path may be a secret."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_own_secret(self) -> bool:
        """Whether its secret is made and kept here."""
        return self.secret_env is None and self.secret_file is None

    def wants(self, type_: str, data: Mapping[str, Any]) -> bool:
        """Whether it is to be told of an event of this type, whose data are these."""
        return (
            (not self.types or any(fnmatchcase(type_, each) for each in self.types))
            and (not self.batches or data.get("batch") in self.batches)
            and (not self.accounts or data.get("account") in self.accounts)
        )

    def definition(self) -> str:
        """Return it as it is put on record."""
        told = {name: getattr(self, name) for name in ("url", "types", "batches", "accounts")}
        told |= {"secret_env": self.secret_env, "secret_file": self.secret_file}
        return json.dumps({name: value for name, value in told.items() if value})

    def own_place(self, settings: Settings) -> Path:
        """Return the file of its secret, where that is made and kept here."""
        return settings.secrets / "hooks" / self.name

    def secrets(self, settings: Settings) -> list[Secret]:
        """Read its secrets, the newest first; raises HookSecretError."""
        if self.secret_env is not None:
            return signing.from_environment(self.secret_env)
        return signing.from_file(
            self.own_place(settings) if self.secret_file is None else Path(self.secret_file)
        )


def read(name: str, text: str) -> Endpoint:
    """Return the endpoint that is on record as this text."""
    since, _, definition = text.partition(" ")
    told = json.loads(definition)
    lists = {each: tuple(told.get(each, ())) for each in ("types", "batches", "accounts")}
    return Endpoint(
        name,
        told["url"],
        **lists,
        secret_env=told.get("secret_env"),
        secret_file=told.get("secret_file"),
        since=since,
    )


def endpoints(client: "redis.Redis") -> dict[str, Endpoint]:
    """Return all endpoints by name; raises redis.RedisError."""
    found: Any = client.hgetall(keys.HOOKS())
    return read_all(found)


def read_all(found: Mapping[str, str]) -> dict[str, Endpoint]:
    """Return the endpoints that are on record as these texts, in the order of their names."""
    return {name: read(name, found[name]) for name in sorted(found)}


def told_of(endpoints: Iterable[Endpoint], entry: str, event: Mapping[str, Any]) -> list[str]:
    """Return the names of the endpoints that get an event; `entry` is its place in the stream."""
    return [
        each.name
        for each in endpoints
        if is_after(entry, each.since) and each.wants(event["type"], event["data"])
    ]


def is_after(entry: str, other: str) -> bool:
    """Whether an entry of the stream comes after another."""
    return _place(entry) > _place(other)


def brief_of(event: Mapping[str, Any]) -> str:
    """Return the brief that an event is about, else its subject: the events of each are sent in order."""
    return str(event["data"].get("brief_id") or event["subject"])


def _place(entry: str) -> tuple[int, int]:
    ms, _, number = entry.partition("-")
    return int(ms), int(number or 0)
