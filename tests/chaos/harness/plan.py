"""What is broken when: drawn from the seed before anything runs, so that a run can be done again."""

import random
from typing import Any, NamedTuple

from sandbox.common.chance import draws

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


#: Faults of processes and of Redis, with their weights. A deploy is SIGTERM, and a new process in the place.
OURS = {
    "kill_worker": 6,
    "kill_listener": 3,
    "kill_all": 1,
    "deploy_worker": 3,
    "deploy_listener": 2,
    "deploy_all": 1,
    "freeze_worker": 3,
    "freeze_listener": 2,
    "redis_killed": 2,
    "redis_away": 1,
    "redis_frozen": 1,
    "redis_reset": 2,
    "api_reset": 2,
    "token_rotated": 2,
    "brief_sent_again": 4,
    "step_sent_again": 4,
}
#: Those of the processes that take webhooks, where events come so.
WEB = {"kill_web": 3, "deploy_web": 2, "freeze_web": 2}
#: Those around the installation: of the processes that take by HTTP and send webhooks, and of endpoints.
AROUND = {"kill_web": 3, "freeze_web": 1, "kill_deliver": 3, "freeze_deliver": 1, "endpoint_fails": 4}
#: Seconds between two of these, on average.
AROUND_EVERY = 1.5
#: Those of a Redis with a replica, which also takes over where Redis is away or frozen.
REPLICATED = {"redis_switched": 2}
#: Seconds until a token is replaced that ends after a minute in a run at 60 times the API's pace.
TOKEN = 65.0
#: Seconds of a run that is long enough for Redis to be away for a minute, once, and from where in it.
LONG, AWAY, AWAY_FROM = 300.0, 60.0, 0.4
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
STATUSES = (401, 402, 429, 500, 502, 503, 504)
#: How many requests or events in a row.
COUNTS = (1, 1, 2, 3, 5)
REQUESTS = ("status", "refuse", "drop_response", "linger", "delay", "garbage", "early")
STREAMS = ("cut", "mute", "lose", "duplicate", "reorder", "split", "flood")
HOOKS = ("lose", "double", "late", "forge")
#: Shares of the kinds among all faults.
SHARES = {"ours": 4, "request": 5, "stream": 3, "hook": 2}
#: Which of them there are, by how the events come.
GROUPS = {
    "sse": ("ours", "request", "stream"),
    "webhook": ("ours", "request", "hook"),
    "both": ("ours", "request", "stream", "hook"),
}


def plan(
    seed: int, seconds: float, frozen: float, events: str = "sse", *, replicated: bool = False
) -> list[Fault]:
    """Return the faults of a run of so many seconds, in their order.

    `frozen` is a time (s) that is longer than any sign of life is waited for, `events` how the API's come;
    `replicated` says that Redis has a replica.
    """
    rng = draws(seed, "chaos")
    groups, faults, at = GROUPS[events], [], 0.0
    ours = OURS | ({} if events == "sse" else WEB) | (REPLICATED if replicated else {})
    while (at := at + rng.expovariate(1 / EVERY)) < seconds:
        group = rng.choices(groups, [SHARES[each] for each in groups])[0]
        if group == "ours":
            faults.append(_ours(rng, at, frozen, ours))
        else:
            rule = _RULES[group](rng, frozen)
            faults.append(Fault(at, f"{group}_{rule['kind']}", rule=rule))
    return faults if seconds < LONG else _with_a_minute_away(faults, seconds * AWAY_FROM)


def plan_around(seed: int, seconds: float, frozen: float) -> list[Fault]:
    """Return the faults around an installation, in their order, drawn apart from all others."""
    rng, faults, at = draws(seed, "around"), [], 0.0
    while (at := at + rng.expovariate(1 / AROUND_EVERY)) < seconds:
        kind = rng.choices(list(AROUND), list(AROUND.values()))[0]
        lasts = frozen * rng.uniform(1.0, 1.5) if kind.startswith("freeze") else 0.0
        faults.append(Fault(at, kind, lasts, which=rng.randrange(1_000_000)))
    return faults


def _with_a_minute_away(faults: list[Fault], at: float) -> list[Fault]:
    """Let Redis be away for a minute from then, and nothing else befall it that would bring it back."""
    kept = [each for each in faults if not (each.kind.startswith("redis_") and _overlaps(each, at))]
    return sorted([*kept, Fault(at, "redis_away_a_minute", AWAY)], key=lambda fault: fault.at)


def _overlaps(fault: Fault, at: float) -> bool:
    return fault.at <= at + AWAY and fault.at + fault.lasts >= at


def _ours(rng: random.Random, at: float, frozen: float, weights: dict[str, int]) -> Fault:
    kind = rng.choices(list(weights), list(weights.values()))[0]
    longer = frozen * rng.uniform(1.0, 1.5)
    lasts = {
        "freeze_worker": longer,
        "freeze_listener": longer,
        "freeze_web": longer,
        "redis_killed": 0.05,
        "redis_away": frozen * rng.uniform(0.5, 1.5),
        "redis_frozen": frozen * rng.uniform(0.5, 1.5),
        "token_rotated": TOKEN,
    }
    return Fault(at, kind, lasts.get(kind, 0.0), which=rng.randrange(1_000_000))


def _request(rng: random.Random, frozen: float) -> dict[str, Any]:
    kind = rng.choice(REQUESTS)
    rule: dict[str, Any] = {"kind": kind, "count": rng.choice(COUNTS)}
    path = rng.choice(PATHS[:2]) if kind == "early" else rng.choice(PATHS)
    rule |= {"path": path} if path else {}
    if kind == "status":
        rule["status"] = rng.choice(STATUSES)
    elif kind == "delay":
        rule |= {"seconds": round(rng.uniform(0.1, frozen), 2), "when": rng.choice(("before", "after"))}
    elif kind == "linger":
        rule["seconds"] = round(rng.uniform(0.1, frozen), 2)
    elif kind == "garbage":
        rule["form"] = rng.choice(("truncated", "html"))
    return rule


def _stream(rng: random.Random, frozen: float) -> dict[str, Any]:
    kind = rng.choice(STREAMS)
    rule: dict[str, Any] = {"kind": kind}
    if kind in ("cut", "lose", "duplicate", "reorder", "split"):
        rule["count"] = rng.choice(COUNTS)
    if kind == "mute":
        rule["seconds"] = round(rng.uniform(0.5, frozen), 2)
    elif kind == "lose":
        rule["on"] = "stream"
        rule["stored"] = rng.random() < 0.5
    elif kind == "cut":
        rule["halfway"] = rng.random() < 0.5
    return rule


def _hook(rng: random.Random, frozen: float) -> dict[str, Any]:
    kind = rng.choice(HOOKS)
    rule: dict[str, Any] = {"kind": kind, "count": rng.choice(COUNTS)}
    if kind == "lose":
        # Without a channel, on all of them.
        rule |= rng.choice(({"on": "webhook"}, {}))
    elif kind == "late":
        rule["seconds"] = round(rng.uniform(0.1, frozen), 2)
    return rule


_RULES = {"request": _request, "stream": _stream, "hook": _hook}
