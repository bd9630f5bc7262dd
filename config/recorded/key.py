"""What a family of keys in Redis is."""

from typing import NamedTuple


class Key(NamedTuple):
    """One family of keys: template, Redis type, who writes it, how long it lives."""

    template: str
    type: str
    owner: str
    lifetime: str

    def __call__(self, *parts: str) -> str:
        """Return the key's name with its places filled in order."""
        return self.template % parts if parts else self.template
