"""A finding about a Redis server: how bad it is, and what to do; those about what a server calls itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

#: The oldest version that has all that is used: function libraries. Valkey calls itself a Redis 7.2 at least.
OLDEST = (7, 0)


class Level(StrEnum):
    """How bad a finding is."""

    #: Nothing may run on this server.
    REFUSE = "refuse"
    #: Nothing is bought on it until that is mended.
    STOPS = "stops"
    #: Acknowledged writes may be lost.
    WARN = "warn"
    #: Worth knowing: a smaller loss that was chosen.
    NOTICE = "notice"
    #: The server does not let us ask, as managed ones do: no fault, and nobody knows.
    UNASKED = "unasked"


@dataclass(frozen=True)
class Finding:
    """One finding about a server: what it is about, what could go wrong, and what to do."""

    about: str
    level: Level
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


def wrong_kind(hello: Mapping[str, Any], info: Mapping[str, str], *, in_cluster: bool) -> Iterator[Finding]:
    """Yield why a server is of no kind that we run on, by its answers to HELLO and INFO; blank: not known."""
    mode = hello.get("mode") or info.get("redis_mode")
    if mode == "sentinel":
        what = "it is a Sentinel, which holds no data"
        ask = "write redis+sentinel://HOST:PORT/NAME, as it calls the primary, often mymaster"
        yield Finding("server", Level.REFUSE, what, ask)
    elif not in_cluster and (mode == "cluster" or info.get("cluster_enabled") == "1"):
        what = "it is a node of a cluster, and has some of the slots only"
        ask = "write redis+cluster://HOST:PORT, and set IDENTITY_WORKER_NAMESPACE to a name in braces"
        yield Finding("server", Level.REFUSE, what, ask)
    elif hello.get("role", info.get("role", "master")) != "master":
        host, port = info.get("master_host"), info.get("master_port")
        yield read_only(f"{host}:{port}" if host else "")
    else:
        yield from _version(str(info.get("redis_version") or hello.get("version") or ""))


def _version(text: str) -> Iterator[Finding]:
    numbers = tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
    if numbers and numbers < OLDEST:
        what = f"its version is {text}, which has no function libraries"
        yield Finding("server", Level.REFUSE, what, "use Redis 7.0 or newer, or Valkey 7.2 or newer")


def read_only(primary: str = "") -> Finding:
    """Return the finding about a replica."""
    what = f"it is a replica{primary and f' of {primary}'}: it takes no writes, or loses them"
    return Finding("server", Level.REFUSE, what, "name the primary in REDIS_URL")
