"""Counts the calls of the API for monitoring: how long each took, and what came of it."""

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from worker.tally.counted import API_REQUESTS, API_SECONDS
from worker.tally.tally import TALLY

#: The endpoints of `worker.piktid.client`, without the ids in their paths.
ENDPOINTS = frozenset(
    {
        *("/identity", "/identity/create", "/identity/promote-generated", "/identity/upload"),
        *("/identity/{id}", "/identity/{id}/status", "/jobs/{id}/status", "/jobs/{id}/results"),
        *("/gallery/by-job", "/auth/me", "/auth/token", "/upload", "/preset/extract-from-image"),
        *("/webhooks", "/webhooks/test"),
    }
)


class _Reply(Protocol):
    @property
    def status(self) -> int: ...


R = TypeVar("R", bound=_Reply)


def counted(call: str, made: Callable[[], R]) -> R:
    """Make a call, `GET /path` by its name, and count it; what it raises goes on."""
    began, answer = time.perf_counter(), "OutcomeUnknown"
    try:
        reply = made()
        answer = str(reply.status)
    except Exception as error:
        answer = getattr(error, "outcome", answer)  # as the journal of paid calls has it
        raise
    finally:
        method, _, path = call.partition(" ")
        endpoint = f"{method} {endpoint_of(path)}"
        TALLY.observe(API_SECONDS, endpoint, seconds=time.perf_counter() - began)
        TALLY.count(API_REQUESTS, endpoint, answer)
    return reply


def endpoint_of(path: str) -> str:
    """Return a path without the id in it; `other` for a path that is none of ours."""
    if path in ENDPOINTS:
        return path
    parts = path.split("/")
    without = "/".join([*parts[:2], "{id}", *parts[3:]])
    return without if without in ENDPOINTS else "other"
