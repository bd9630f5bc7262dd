"""Reads what a portrait can show out of an instruction."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.pictures import words

Value = TypeVar("Value")
_CLAUSES = re.compile(r"[,.;]|\band\b|\bwith\b")
#: "no beard", "without glasses"
_DENIALS = re.compile(r"\b(no|not|none|without|clean[- ]shaven)\b")
_HAIR_WORDS = ("hair", "bald", *words.HAIR_STYLES)


@dataclass(frozen=True)
class Attributes:
    """What is asked for; None where the brief leaves the choice free."""

    skin: str | None
    hair_color: str | None
    beard_color: str | None
    hair_variants: tuple[int, ...] | None
    eye_color: str | None
    mouths: tuple[str, ...] | None
    lip_color: str | None
    glasses: tuple[int, ...]
    beards: tuple[int, ...]
    freckles: bool
    earrings: bool
    age: int | None
    masculine: bool | None


@dataclass(frozen=True)
class Texts:
    """What the brief says of each part, in small letters."""

    hair: str
    skin: str
    eyes: str
    mood: str
    lips: str
    facial_hair: str
    whole: str


def read(instruction: Mapping[str, Any]) -> Attributes:
    """The attributes of an instruction; a prompt overrides its fields (guide: Building a brief)."""
    prompt = (instruction.get("prompt") or "").strip().lower()
    texts = texts_of(prompt) if prompt else _from_fields(instruction)
    beard_color = _find(_affirmed(texts.facial_hair), words.HAIR_COLORS)
    lip_color = _find(_affirmed(texts.lips), words.LIP_COLORS)
    skin = _find(texts.skin, words.SKIN_COLORS) or _find(texts.whole, words.ETHNICITY_SKINS)
    return Attributes(
        skin=skin,
        # Whoever describes the beard alone means all of his hair.
        hair_color=_find(texts.hair, words.HAIR_COLORS) or beard_color,
        beard_color=beard_color,
        hair_variants=_hair_variants(texts.hair),
        eye_color=_find(texts.eyes, words.EYE_COLORS),
        mouths=_find(texts.mood, words.MOUTHS) or (words.PAINTED_MOUTHS if lip_color else None),
        lip_color=lip_color,
        glasses=_find(_affirmed(texts.whole), words.GLASSES) or (),
        beards=_find(_affirmed(texts.facial_hair), words.BEARDS) or (),
        freckles="freckle" in _affirmed(texts.whole),
        earrings="earring" in _affirmed(texts.whole),
        age=_age(texts.whole),
        masculine=_masculine(texts.whole),
    )


def _from_fields(instruction: Mapping[str, Any]) -> Texts:
    def text(group: str, *names: str) -> str:
        fields = instruction.get(group) or {}
        return " ".join(str(fields[name]) for name in names if fields.get(name) is not None).lower()

    everything = ", ".join(
        str(value).lower()
        for group in ("appearance", "face", "hair")
        for value in (instruction.get(group) or {}).values()
        if value is not None
    )
    age = text("appearance", "age")
    return Texts(
        hair=text("hair", "length", "color", "style"),
        skin=text("appearance", "skin"),
        eyes=text("face", "eyes"),
        mood=text("appearance", "expression") + " " + text("face", "smile"),
        lips=", ".join(clause for clause in _CLAUSES.split(text("face", "lips", "makeup")) if "lip" in clause)
        or text("face", "lips"),
        facial_hair=text("face", "facial_hair"),
        whole=f"{age} years old, {everything}" if age else everything,
    )


def texts_of(prompt: str) -> Texts:
    """The clauses of a prompt, in small letters, by what they speak of."""
    clauses = [clause.strip() for clause in _CLAUSES.split(prompt)]

    def about(*topics: str) -> str:
        return ", ".join(clause for clause in clauses if any(topic in clause for topic in topics))

    return Texts(
        hair=about(*_HAIR_WORDS),
        skin=about("skin", "complexion"),
        eyes=about("eyes"),
        mood=about("expression", "smil", "laugh", "grin", "mood", "look"),
        lips=about("lips", "lipstick"),
        facial_hair=about(*words.BEARDS),
        whole=prompt,
    )


def _find(text: str, table: Mapping[str, Value]) -> Value | None:
    """What the first phrase of the table that begins a word of the text stands for."""
    return next(
        (value for phrase, value in table.items() if re.search(rf"\b{re.escape(phrase)}", text)), None
    )


def _affirmed(text: str) -> str:
    """The text without the clauses that deny something."""
    return ", ".join(clause for clause in _CLAUSES.split(text) if not _DENIALS.search(clause))


def _hair_variants(text: str) -> tuple[int, ...] | None:
    style = _find(text, words.HAIR_STYLES)
    if style is not None:
        return style
    length, texture = _find(text, words.LENGTH_WORDS), _find(text, words.TEXTURE_WORDS)
    if length is None and texture is None:
        return None
    return words.HAIR_LENGTHS[length or "medium"][texture or "straight"]


def _age(text: str) -> int | None:
    found = re.search(r"\b(\d{1,3})(?:\s*(?:-|to)\s*\d{1,3})?[\s-]*year", text)
    return int(found[1]) if found else None


def _masculine(text: str) -> bool | None:
    if re.search(r"\b(female|woman|girl|lady)\b", text):
        return False
    return True if re.search(r"\b(male|man|boy|gentleman)\b", text) else None
