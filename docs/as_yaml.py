"""Writes a document that is made of tables as YAML."""

from typing import Any

import yaml


class _Whole(yaml.SafeDumper):
    """Writes what stands twice twice: a reader of OpenAPI may know no anchors."""

    def ignore_aliases(self, _: Any) -> bool:
        """Write no anchors."""
        return True


def as_yaml(document: dict[str, Any], room: str) -> str:
    """Return a document as YAML, with what it is made from."""
    head = f"# Made from {room} by `python -m docs.make`; a test keeps the two the same.\n"
    return head + yaml.dump(document, Dumper=_Whole, sort_keys=False, allow_unicode=True, width=110)
