"""Describes a photo by the dominant colours of its regions: an honest stand-in for the vendor's vision model.

The picture's border tells the background; what differs from it is taken for a person, the upper quarter of it
for hair and its middle for skin. What colours do not tell is made up, see `guesses.py`.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from PIL import Image, UnidentifiedImageError

from sandbox.common.errors import SandboxError
from sandbox.pictures import words
from sandbox.pictures.guesses import guessed

Color = tuple[int, int, int]

_GRID = 64
_MOST_PIXELS = 50_000_000
#: Colours closer than this are the same (squared distance in RGB).
_SAME = 40**2
#: The part of the lower half that hair covers when it is long, or at least of medium length.
_LONG, _MEDIUM = 0.12, 0.04


class NotAPictureError(SandboxError, ValueError):
    """Raised when the bytes are no picture that can be read."""


class Description(NamedTuple):
    """What a photo is said to show."""

    #: The groups `appearance`, `face` and `hair` of an instruction.
    groups: dict[str, Any]
    name: str
    text: str


def describe(content: bytes) -> Description:
    """Who a photo shows, always the same for the same bytes; raises NotAPictureError."""
    pixels = _pixels(content)
    background = _dominant(color for (x, y), color in pixels.items() if y == 0 or x in (0, _GRID - 1))
    person = {at: color for at, color in pixels.items() if _distance(color, background) > _SAME}
    if not person:
        raise NotAPictureError("No person can be told from the background.")
    inside = _Box(person)
    skin = _dominant(inside.part(0.35, 0.75, 0.4, 0.75).values())
    hair_part = inside.part(0.2, 0.8, 0.0, 0.25)
    hair = _dominant(color for color in hair_part.values() if _distance(color, skin) > _SAME)
    low = inside.part(0.0, 1.0, 0.5, 0.95)
    share = sum(_distance(color, hair) < _SAME for color in low.values()) / max(1, len(low))
    length = "long" if share > _LONG else "medium" if share > _MEDIUM else "short"
    color, tone = _nearest(hair, words.HAIR_COLORS), _nearest(skin, words.SKIN_COLORS)
    shown = guessed(content, color, length)
    groups = {
        "appearance": {"gender": shown.gender, "age": shown.age, "skin": tone},
        "face": {"eyes": shown.eyes},
        "hair": {"color": color, "length": length},
    }
    text = f"A {shown.gender} person, {shown.age} years old, with {length} {color} hair and {tone} skin"
    return Description(groups, shown.name, text)


class _Box:
    """The rectangle around a person, and parts of it by fractions of its sides."""

    def __init__(self, person: dict[tuple[int, int], Color]) -> None:
        self.person = person
        self.left, self.right = (pick(x for x, _ in person) for pick in _ENDS)
        self.top, self.bottom = (pick(y for _, y in person) for pick in _ENDS)

    def part(self, left: float, right: float, top: float, bottom: float) -> dict[tuple[int, int], Color]:
        width, height = self.right - self.left + 1, self.bottom - self.top + 1
        return {
            (x, y): color
            for (x, y), color in self.person.items()
            if left <= (x - self.left) / width <= right and top <= (y - self.top) / height <= bottom
        }


_ENDS: tuple[Callable[[Iterable[int]], int], Callable[[Iterable[int]], int]] = (min, max)


def opened(content: bytes) -> Image.Image:
    """The picture in RGB; raises NotAPictureError."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise NotAPictureError("The picture is too large.")
            return picture.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotAPictureError("The file is not a picture that can be read.") from error


def _pixels(content: bytes) -> dict[tuple[int, int], Color]:
    small = opened(content).resize((_GRID, _GRID), Image.Resampling.BOX)
    data = small.tobytes()
    return {
        (index % _GRID, index // _GRID): (data[3 * index], data[3 * index + 1], data[3 * index + 2])
        for index in range(_GRID * _GRID)
    }


def _dominant(colors: Iterable[Color]) -> Color:
    """The mean of the most frequent coarse colour."""
    groups: dict[Color, list[Color]] = {}
    for color in colors:
        groups.setdefault((color[0] // 32, color[1] // 32, color[2] // 32), []).append(color)
    if not groups:
        return (128, 128, 128)
    members = Counter({key: len(group) for key, group in groups.items()}).most_common(1)[0][0]
    group = groups[members]
    red, green, blue = (sum(color[channel] for color in group) // len(group) for channel in range(3))
    return red, green, blue


def _distance(one: Color, other: Color) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _nearest(color: Color, names: dict[str, str]) -> str:
    def distance(name: str) -> int:
        red, green, blue = bytes.fromhex(names[name][1:])
        return _distance(color, (red, green, blue))

    return min(names, key=distance)
