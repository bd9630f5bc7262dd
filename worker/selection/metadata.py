"""Finds a field of a brief's metadata by the name that a person gives it."""

from typing import Any


def value_at(metadata: Any, name: str) -> Any:
    """Return the value of a key, or of one inside an object by `a.b`; None where there is none."""
    if isinstance(metadata, dict):
        if name in metadata:
            return metadata[name]
        first, dot, rest = name.partition(".")
        return value_at(metadata.get(first), rest) if dot else None
    return None
