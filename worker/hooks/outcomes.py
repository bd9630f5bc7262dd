"""Decides what follows from an endpoint's answer: taken, tried again after a pause, or given up after days.

The pauses grow from seconds to an hour, each jittered by half: what failed together is not sent together.
"""

import json
import random
from typing import Any

from config import durations
from config.times import delay
from worker.hooks.calls import Claimed, Done, Outcome
from worker.hooks.posting import Posted

#: The status by which an endpoint says that it is gone for good (Standard Webhooks, *Operational
#: considerations*).
_GONE = 410
#: Characters of an error that are kept.
_WORDS = 200


def outcome_of(claimed: Claimed, posted: Posted, now: int, took_ms: int) -> Done:
    """Return what is put on record of a message that was sent; `now` in ms since 1970."""
    outcome: Outcome = "taken" if posted.is_taken else "failed"
    if outcome == "failed" and now - claimed.since >= durations.HOOK_PATIENCE_MS:
        outcome = "given_up"
    jitter = random.uniform(0.5, 1.5)  # noqa: S311  # no secret
    again = max(_pause(claimed.number) * jitter, _asked(posted.retry_after))
    return Done(
        brief=claimed.brief,
        claim=claimed.claim,
        outcome=outcome,
        line=json.dumps(_line(claimed, posted, now, took_ms) | {"outcome": outcome}),
        why=(posted.why or "")[:_WORDS],
        again_ms=round(again * 1000),
        jitter=jitter,
        gone=posted.status == _GONE,
    )


def _pause(tries: int) -> float:
    return delay(tries, durations.HOOK_FIRST_SECONDS, durations.HOOK_MOST_SECONDS)


def _asked(retry_after: str | None) -> float:
    """Return for how many seconds an endpoint asks to be left alone, 0 where it does not say."""
    if retry_after is None or not retry_after.isdecimal():
        return 0.0  # also where it names a date: clocks differ
    return min(float(retry_after), durations.RETRY_AFTER_MOST_SECONDS)


def _line(claimed: Claimed, posted: Posted, now: int, took_ms: int) -> dict[str, Any]:
    event = json.loads(claimed.event)
    return {
        "at": now,
        "entry": claimed.entry,
        "id": event["id"],
        "type": event["type"],
        "brief": claimed.brief,
        "try": claimed.number,
        "status": posted.status,
        "error": None if posted.why is None else posted.why[:_WORDS],
        "ms": took_ms,
    }
