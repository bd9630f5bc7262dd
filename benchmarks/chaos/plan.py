"""What is broken when: drawn from the seed before anything runs, so that a run can be done again."""

import random
from typing import Any, NamedTuple

from sandbox.chance import draws

#: Seconds between two faults, on average.
EVERY = 0.8


class Fault(NamedTuple):
    """One fault: when it begins (seconds from the start), what it is, and how exactly."""

    at: float
    kind: str
    lasts: float = 0.0
    """Seconds until it ends, if it does not end by itself."""
    rule: dict[str, Any] | None = None
    """The sandbox's rule (docs/sandbox.md), for faults of the API."""
    which: int = 0
    """A number to choose a victim by."""


#: Faults of processes and of Redis, with their weights.
OURS = {
    "kill_worker": 6,
    "kill_listener": 3,
    "kill_all": 1,
    "freeze_worker": 3,
    "freeze_listener": 2,
    "redis_killed": 2,
    "redis_away": 1,
    "redis_frozen": 1,
    "brief_sent_again": 4,
    "step_sent_again": 4,
}
#: Where the API fails, and how.
PATHS = (
    "/identity/create",
    "/identity/promote-generated",
    "/preset/extract-from-image",
    "/upload",
    "/jobs/*/results",
    "/identity/*/status",
    "/notifications/*",
    None,
)
STATUSES = (401, 402, 429, 500, 502, 503)
REQUESTS = ("status", "refuse", "drop_response", "delay", "garbage", "early")
STREAMS = ("cut", "mute", "lose", "duplicate", "reorder", "split", "flood")
#: Shares of the three kinds among all faults.
SHARES = {"ours": 4, "request": 5, "stream": 3}


def plan(seed: int, seconds: float, frozen: float) -> list[Fault]:
    """Return the faults of a run of so many seconds, in their order.

    `frozen` is a time (s) that is longer than any sign of life is waited for.
    """
    rng = draws(seed, "chaos")
    faults, at = [], 0.0
    while (at := at + rng.expovariate(1 / EVERY)) < seconds:
        group = rng.choices(list(SHARES), list(SHARES.values()))[0]
        if group == "ours":
            faults.append(_ours(rng, at, frozen))
        else:
            rule = _request(rng, frozen) if group == "request" else _stream(rng, frozen)
            faults.append(Fault(at, f"{group}_{rule['kind']}", rule=rule))
    return faults


def _ours(rng: random.Random, at: float, frozen: float) -> Fault:
    kind = rng.choices(list(OURS), list(OURS.values()))[0]
    lasts = {
        "freeze_worker": frozen * rng.uniform(1.0, 1.5),
        "freeze_listener": frozen * rng.uniform(1.0, 1.5),
        "redis_killed": 0.05,
        "redis_away": frozen * rng.uniform(0.5, 1.5),
        "redis_frozen": frozen * rng.uniform(0.5, 1.5),
    }
    return Fault(at, kind, lasts.get(kind, 0.0), which=rng.randrange(1_000_000))


def _request(rng: random.Random, frozen: float) -> dict[str, Any]:
    kind = rng.choice(REQUESTS)
    rule: dict[str, Any] = {"kind": kind, "count": rng.randint(1, 3)}
    path = rng.choice(PATHS[:2]) if kind == "early" else rng.choice(PATHS)
    rule |= {"path": path} if path else {}
    if kind == "status":
        rule["status"] = rng.choice(STATUSES)
    elif kind == "delay":
        rule |= {"seconds": round(rng.uniform(0.1, frozen), 2), "when": rng.choice(("before", "after"))}
    elif kind == "garbage":
        rule["form"] = rng.choice(("truncated", "html"))
    return rule


def _stream(rng: random.Random, frozen: float) -> dict[str, Any]:
    kind = rng.choice(STREAMS)
    rule: dict[str, Any] = {"kind": kind}
    if kind in ("cut", "lose", "duplicate", "reorder", "split"):
        rule["count"] = rng.randint(1, 5)
    if kind == "mute":
        rule["seconds"] = round(rng.uniform(0.5, frozen), 2)
    elif kind == "lose":
        rule["on"] = "stream"
        rule["stored"] = rng.random() < 0.5
    elif kind == "cut":
        rule["halfway"] = rng.random() < 0.5
    return rule
