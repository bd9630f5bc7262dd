"""Dates as the API writes them."""

from datetime import UTC, datetime


def today() -> str:
    """The wall's date and time: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat()
