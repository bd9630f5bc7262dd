"""What a photo's colours do not tell: drawn from its bytes, so that one photo is always the same person."""

import hashlib
from typing import NamedTuple

from sandbox.common.chance import draws

#: Ranges as text, as the vendor's extraction tells ages (reference, section 2.2).
AGES = ("18-22", "20-25", "25-30", "30-35", "35-40", "40-45", "45-50")
AGES_OF_GREY = ("55-60", "60-65", "65-70")
EYES = ("brown", "dark brown", "hazel", "green", "blue", "grey")
GREY = ("grey", "gray", "silver", "white")
NAMES = {
    "female": ("Amara", "Chiara", "Elena", "Freya", "Ines", "Leila", "Mei", "Nora", "Priya", "Sofia"),
    "male": ("Amir", "Bruno", "Daniel", "Elias", "Hiro", "Kofi", "Luca", "Mateo", "Noah", "Viktor"),
}


class Person(NamedTuple):
    """Who a photo is said to show."""

    name: str
    gender: str
    age: str
    eyes: str


def guessed(content: bytes, hair_color: str, hair_length: str) -> Person:
    """Return who the photo shows; grey hair makes the person old, long hair a woman."""
    rng = draws(0, hashlib.sha256(content).hexdigest())
    gender = "female" if hair_length == "long" else rng.choice(("female", "male"))
    age = rng.choice(AGES_OF_GREY if hair_color in GREY else AGES)
    return Person(rng.choice(NAMES[gender]), gender, age, rng.choice(EYES))
