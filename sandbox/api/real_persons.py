"""The guide's refusal of briefs that name a real person."""

import re
import unicodedata
from typing import Any

from sandbox.errors import ApiError

#: What a prompt is built from (guide: Building a brief); other groups are ignored.
PARTS = ("prompt", "appearance", "face", "hair")


def refuse_real_persons(instructions: list[dict[str, Any]], names: list[str]) -> None:
    """Raise 400 with the first blocked name in a prompt or field, whatever its case, spacing and accents."""
    for instruction in instructions:
        text = _plain(", ".join(text for part in PARTS for text in _texts(instruction.get(part))))
        for name in names:
            if re.search(rf"\b{re.escape(_plain(name))}\b", text):
                raise ApiError(
                    400, f"The brief names a real person; blocked term: '{name}'", {"blocked_term": name}
                )


def _texts(value: object) -> list[str]:
    """Every text inside a value."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(each for each in letters if not unicodedata.combining(each)).split())
