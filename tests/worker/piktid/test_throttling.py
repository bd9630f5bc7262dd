"""Which kind of 429 it is, and how long it asks us to wait."""

import pytest
from calls import refused
from scripted_server import Server

from worker.piktid.client import PiktID
from worker.piktid.errors import JobsFullError, RateLimitedError, SlotsFullError, ThrottledError


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"Maximum identities reached.", SlotsFullError),
        ({"message": "You have reached the identity slot limit"}, SlotsFullError),
        ({"detail": "Too many jobs running"}, JobsFullError),
        ({"error": "Too Many Requests", "message": "concurrency cap"}, JobsFullError),
        ({"message": "5 per 1 minute"}, RateLimitedError),
        ({"error": "Too many requests"}, ThrottledError),
        ({"error": "Rate limit: at most 5 concurrent jobs"}, ThrottledError),
        (None, ThrottledError),
        (b"<html>429</html>", ThrottledError),
    ],
)
def test_a_429_is_told_apart_by_its_text_only_when_clear(
    server: Server, api: PiktID, body: object, kind: type[ThrottledError]
) -> None:
    assert type(refused(server, api, 429, body)) is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "17"}, 17.0),
        ({"Retry_After": "Wed, 01 Jan 2025 00:01:00 GMT", "Date": "Wed, 01 Jan 2025 00:00:15 GMT"}, 45.0),
        ({"Retry_After": "Wed, 01 Jan 2025 00:01:00 GMT"}, 0.0),
        ({"Retry_After": "999999999"}, 3600.0),
        ({"Retry_After": "Wed, 01 Jan 9999 00:01:00 GMT"}, 3600.0),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "9" * 5000}, None),
        ({"Retry_After": "Wed, 99 Jan 2025 00:01:00 GMT"}, None),
        ({"Retry_After": "Wed, 01 Jan 2025 00:01:00 +99999999999999999999"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_date_and_at_most_an_hour(
    server: Server, api: PiktID, headers: dict[str, str], seconds: float | None
) -> None:
    assert refused(server, api, 429, {"error": "Rate limit"}, **headers).retry_after == seconds
