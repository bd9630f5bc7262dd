"""What a sentence says of a person, as the groups of an instruction: the words that portraits can show."""

import re
from collections.abc import Iterable
from typing import Any

from sandbox.pictures import words
from sandbox.pictures.attributes import Attributes, read, texts_of

#: Without the words that are said of hair as well.
_ETHNICITIES = tuple(phrase for phrase in words.ETHNICITY_SKINS if phrase not in words.HAIR_COLORS)


def describe_text(text: str) -> dict[str, Any]:
    """The groups `appearance`, `face` and `hair` as far as the sentence fills them."""
    prompt = text.lower()
    shown, parts = read({"prompt": text}), texts_of(prompt)
    groups = {
        "appearance": {
            "gender": _gender(shown),
            "age": None if shown.age is None else str(shown.age),
            "ethnicity": _first(parts.whole, _ETHNICITIES),
            "skin": _first(parts.skin, words.SKIN_COLORS),
            "expression": _first(
                parts.mood, ("laughing", "smiling", "serious", "calm", "neutral", "confident")
            ),
        },
        "face": {
            "eyes": _first(parts.eyes, words.EYE_COLORS),
            "facial_hair": _first(parts.facial_hair, words.BEARDS) if shown.beards else None,
            "marks": "freckles" if shown.freckles else None,
        },
        "hair": {
            "color": _first(parts.hair, words.HAIR_COLORS),
            "length": _first(parts.hair, words.LENGTH_WORDS),
            "style": _first(parts.hair, words.HAIR_STYLES),
        },
    }
    filled = {
        group: {name: value for name, value in fields.items() if value} for group, fields in groups.items()
    }
    return {group: fields for group, fields in filled.items() if fields}


def _gender(shown: Attributes) -> str | None:
    return None if shown.masculine is None else "male" if shown.masculine else "female"


def _first(text: str, phrases: Iterable[str]) -> str | None:
    return next((phrase for phrase in phrases if re.search(rf"\b{re.escape(phrase)}", text)), None)
