"""The rules of `choose: best`: what each says of a draft, by what was seen in its picture, and their ranking.

A portrait shows exactly one face, well placed, of a fair size, sharp and neither black nor burnt out. That is
all these rules can see. Whether it is the person of the brief, or beautiful, they do not know. Change a
number here, and `VERSION` with it: it stands in the record of each choice.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

VERSION = 1

#: The height of a face, as a share of the picture's: fully good between the inner two numbers, not at all
#: beyond the outer two.
_SIZE = (0.05, 0.2, 0.6, 0.95)
#: Where a portrait's face has its middle, as shares of width and height; and how far away, as shares of them,
#: it is still fully good, and not at all.
_MIDDLE = (0.5, 0.45)
_AWAY = (0.1, 0.4)
#: Share of the face's box beyond the picture's edges up to which it counts as whole: the detector guesses.
_CUT_OFF = 0.05
#: Variance of the Laplacian of a face of 256 pixels that is half sharp.
_HALF_SHARP = 100.0
#: Shares of the face's pixels that are black or white: fully good up to the first, not at all from the
#: second. The mean of its light is no rule: it would prefer light skins.
_CLIPPED = (0.02, 0.25)


@dataclass(frozen=True, slots=True)
class Face:
    """A face: its box as shares of the picture's width and height, which may lead beyond the edges."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in a picture; of the largest face, where there are several."""

    faces: tuple[Face, ...]
    sharpness: float = 0.0
    """Variance of the Laplacian of the face, scaled to 256 pixels."""
    clipped: float = 0.0
    """Share of the face's pixels that are black or white."""


def rules(seen: Seen) -> dict[str, dict[str, float]]:
    """Return for each rule what it has measured, and its score from 0 to 1."""
    said = {"face": {"measured": len(seen.faces), "score": 1.0 if len(seen.faces) == 1 else 0.0}}
    if len(seen.faces) != 1:
        return said
    (face,) = seen.faces
    away = _away(face)
    said["size"] = _said(face.height, _between(face.height, *_SIZE))
    said["place"] = _said(away, 0.0 if _beyond(face) > _CUT_OFF else _falling(away, *_AWAY))
    said["sharpness"] = _said(seen.sharpness, seen.sharpness / (seen.sharpness + _HALF_SHARP))
    said["exposure"] = _said(seen.clipped, _falling(seen.clipped, *_CLIPPED))
    return said


def rank(seen: Sequence[Seen | str]) -> list[dict[str, Any]]:
    """Return what is said of each draft, in their order; if one could not be looked at, why.

    `rank` is its place, from 1, and None for one that does not show exactly one face. Of equal ones the first
    comes first.
    """
    said = [_of_draft(each) for each in seen]
    order = sorted((n for n, each in enumerate(said) if each["score"] is not None), key=_worse(said))
    places = {n: place for place, n in enumerate(order, start=1)}
    return [{"rank": places.get(n)} | each for n, each in enumerate(said)]


def _worse(said: Sequence[dict[str, Any]]) -> Any:
    return lambda n: -said[n]["score"]


def _of_draft(seen: Seen | str) -> dict[str, Any]:
    if isinstance(seen, str):
        return {"score": None, "fault": seen}
    by_rule = rules(seen)
    if not by_rule["face"]["score"]:
        return {"score": None, "rules": by_rule}
    # A draft that is bad by any rule is bad: in a mean, a sharp face would outweigh that half of it is cut
    # off.
    score = math.prod(each["score"] for each in by_rule.values())
    return {"score": round(score, 3), "rules": by_rule}


def _said(measured: float, score: float) -> dict[str, float]:
    return {"measured": round(measured, 3), "score": round(score, 3)}


def _away(face: Face) -> float:
    across = face.left + face.width / 2 - _MIDDLE[0]
    down = face.top + face.height / 2 - _MIDDLE[1]
    return math.hypot(across, down)


def _beyond(face: Face) -> float:
    """Return the share of a face's box that lies beyond the picture's edges."""
    width = min(1.0, face.left + face.width) - max(0.0, face.left)
    height = min(1.0, face.top + face.height) - max(0.0, face.top)
    whole = face.width * face.height
    return 1.0 if whole <= 0 else 1.0 - max(0.0, width) * max(0.0, height) / whole


def _falling(value: float, good: float, bad: float) -> float:
    return min(1.0, max(0.0, (bad - value) / (bad - good)))


def _between(value: float, least: float, low: float, high: float, most: float) -> float:
    return min(1.0, max(0.0, min((value - least) / (low - least), (most - value) / (most - high))))
