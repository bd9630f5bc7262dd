"""Draws attributes in the style `lorelei` (CC0) of the package dicebear-styles."""

import functools
import json
from importlib.resources import files
from typing import Any

from dicebear import Avatar, Style

from sandbox.common.chance import draws
from sandbox.pictures import words
from sandbox.pictures.additions import FRECKLES_AND_LINES, HEAD_FOR_STUBBLE, LINES, STUBBLE, add_to
from sandbox.pictures.attributes import Attributes
from sandbox.pictures.rasterize import png

STYLE = "lorelei"
#: From here on hair turns grey, unless its colour is asked for.
GREYING_AGE = 50
WHITE_AGE = 80
#: From here on the face has lines; from the second on men's hair recedes, unless it is described.
LINED_AGE = 55
RECEDING_AGE = 65
#: Below this sum of red, green and blue, freckles are drawn darker.
DARK_SKIN = 400
_RECEDING = (words.HAIR_STYLES["receding"],)

#: Eyes that are open and look straight; each draft of an instruction gets another pair.
_EYES = (4, 6, 8, 10, 11, 12, 17, 20, 23, 2)
_BROWS = tuple(range(1, 13))
_NOSES = tuple(range(1, 7))
_HEADS = tuple(range(1, 5))
_BACKGROUNDS = ("#d8e2dc", "#e4dfd7", "#dbe4ee", "#ece4db", "#e2e8d8", "#e8dfe8", "#dfe7e7", "#f0e6d6")


@functools.cache
def _style() -> Style:
    definition = json.loads(files("dicebear_styles").joinpath(f"{STYLE}.json").read_text("utf-8"))
    return Style(add_to(definition))


def background(variation: int) -> str:
    """The colour behind the portrait."""
    return _BACKGROUNDS[variation % len(_BACKGROUNDS)]


def render(attributes: Attributes, seed: str, variation: int, side: int) -> bytes:
    """A square PNG with a clear background; the same arguments give the same picture."""
    return png(Avatar(_style(), _options(attributes, seed, variation)).to_string(), side)


def _options(attributes: Attributes, seed: str, variation: int) -> dict[str, Any]:
    """What the brief leaves free is the same for all variations of an instruction, but for a few details."""
    shared, own = draws(0, seed), draws(0, seed, variation)
    age = attributes.age or 0
    hair = attributes.hair_variants or shared.choice(_free_hair(attributes.masculine, age))
    hair_color = attributes.hair_color or _greyed(
        shared.choice(("#1d1816", "#3b2417", "#62391f", "#c9a55f")), age
    )
    skin = attributes.skin or shared.choice(("#f3cfb3", "#d5a077", "#8d5b38"))
    chosen = {
        "hair": hair[variation % len(hair)],
        "eyes": _EYES[(shared.randrange(len(_EYES)) + variation) % len(_EYES)],
        "eyebrows": own.choice(_BROWS),
        "nose": own.choice(_NOSES),
        "head": own.choice(_HEADS),
        "beard": (attributes.beards or (1,))[variation % len(attributes.beards or (1,))],
        "glasses": (attributes.glasses or (1,))[variation % len(attributes.glasses or (1,))],
    }
    if f"variant{chosen['beard']:02d}" == STUBBLE:
        chosen["head"] = HEAD_FOR_STUBBLE
    mouths = attributes.mouths or words.PLAIN_MOUTHS
    ink = "#221a16"
    marks = {
        (True, False): "variant01",
        (False, True): LINES,
        (True, True): FRECKLES_AND_LINES,
    }.get((attributes.freckles, age >= LINED_AGE))
    return {
        "seed": f"{seed}/{variation}",
        **{f"{part}Variant": [f"variant{number:02d}"] for part, number in chosen.items()},
        "mouthVariant": [mouths[variation % len(mouths)]],
        "beardProbability": 100 if attributes.beards else 0,
        "glassesProbability": 100 if attributes.glasses else 0,
        "frecklesVariant": [marks or "variant01"],
        "frecklesProbability": 100 if marks else 0,
        "earringsProbability": 100 if attributes.earrings else 0,
        "hairAccessoriesProbability": 0,
        "hairColor": [hair_color],
        "beardColor": [attributes.beard_color or hair_color],
        "skinColor": [skin],
        "eyesColor": [attributes.eye_color or ink],
        "eyebrowsColor": [_greyed(ink, age)],
        "frecklesColor": ["#8a4f2e" if sum(bytes.fromhex(skin[1:])) > DARK_SKIN else "#1a0b05"],
        "mouthColor": [attributes.lip_color or "#7d2f2b"],
        "noseColor": [ink],
        "outlineColor": [ink],
        "glassesColor": [ink],
        "earringsColor": ["#b08d2f"],
    }


def _free_hair(masculine: bool | None, age: int) -> tuple[tuple[int, ...], ...]:
    if masculine and age >= RECEDING_AGE:
        return _RECEDING
    lengths = {True: ("short",), False: ("medium", "long"), None: ("short", "medium", "long")}[masculine]
    return tuple(variants for length in lengths for variants in words.HAIR_LENGTHS[length].values())


def _greyed(young: str, age: int) -> str:
    """The colour of youth, turned to grey with age."""
    share = min(1.0, max(0.0, (age - GREYING_AGE) / (WHITE_AGE - GREYING_AGE)))
    parts = zip(bytes.fromhex(young[1:]), bytes.fromhex("d0d0d0"), strict=True)
    return "#" + bytes(round(own + (grey - own) * share) for own, grey in parts).hex()
