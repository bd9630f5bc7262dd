"""Writes `openapi.yaml`: what `/v1` is sent and answers."""

from pathlib import Path

from docs.as_yaml import as_yaml
from web.description.openapi import document

PAGE = Path(__file__).parent / "openapi.yaml"


def page() -> str:
    """Return the whole document."""
    return as_yaml(document(), "web/description")
