"""Writes `asyncapi.yaml`: the queue that briefs come by, the stream of events, the webhooks."""

from pathlib import Path

from docs.as_yaml import as_yaml
from web.description.asyncapi import document

PAGE = Path(__file__).parent / "asyncapi.yaml"


def page() -> str:
    """Return the whole document."""
    return as_yaml(document(), "web/description")
