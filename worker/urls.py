"""How an id becomes a part of a URL."""

from urllib.parse import quote


def segment(name: str) -> str:
    """Return an id as one segment of a path; dots too, or `..` would climb to another endpoint."""
    return quote(name, safe="", errors="replace").replace(".", "%2E")
