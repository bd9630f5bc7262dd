"""What the style lacks: a moustache, a goatee, stubble, the lines of age, and a head without hair.

The first three are cut out of the style's own full beard, so that they share its edges and its colour.
"""

from typing import Any

Part = dict[str, Any]

MOUSTACHE, GOATEE, STUBBLE = "variant03", "variant04", "variant05"
#: Only on this head does stubble end where the jaw does.
HEAD_FOR_STUBBLE = 1
#: No hair at all.
BALD = "variant49"
#: In place of the freckles, or with them.
LINES, FRECKLES_AND_LINES = "variant02", "variant03"

#: What is kept of the beard, in its own coordinates; the mouth lies at (250, 115).
_MOUSTACHE = "M130 70q50-40 110-28q50-14 95 20q-20 40-60 22q-25-12-35-12q-15 0-40 18q-45 22-70-20z"
_GOATEE = "M190 135q55 25 105-4q16 60-22 110q-30 20-62 0q-30-40-21-106z"
_STUBBLE = "M20 20q60 30 110 40q60-30 110-20q60-14 130 10l30 20q-10 100-60 150q-60 40-160 20q-110-30-150-120z"
_STUBBLE_OPACITY = ".28"
#: Under both eyes and beside the mouth, in the coordinates of the freckles.
_LINES = ("M40-10q30 16 66 6", "M285-12q26 14 52 4", "M150 40q-26 26-30 62", "M300 42q14 22 12 52")


def add_to(style: Part) -> Part:
    """Put the additions into a style's definition, and give it back."""
    hair_variants = style["components"]["hair"]["variants"]
    # A part that the style calls hair is the head with its hair on it: only the head is kept.
    hair_variants[BALD] = {
        "elements": [part for part in hair_variants["variant34"]["elements"] if part["name"] == "head"]
    }
    style["colors"]["beard"] = style["colors"]["hair"]
    beards = style["components"]["beard"]["variants"]
    _recolor(beards, "hair", "beard")
    hair = beards["variant01"]["elements"][0]
    beards[MOUSTACHE] = _cut_out(hair, MOUSTACHE, _MOUSTACHE)
    beards[GOATEE] = _cut_out(hair, GOATEE, _GOATEE)
    beards[STUBBLE] = _cut_out(hair, STUBBLE, _STUBBLE, opacity=_STUBBLE_OPACITY)
    # Beside the freckles, since no part of the style stands for the skin's lines.
    freckles = style["components"]["freckles"]["variants"]
    freckles[LINES] = {"elements": [_line(path) for path in _LINES]}
    freckles[FRECKLES_AND_LINES] = {
        "elements": [*freckles["variant01"]["elements"], *freckles[LINES]["elements"]]
    }
    return style


def _recolor(part: Any, old: str, new: str) -> None:
    """Let everything in a part that has the colour of one name take that of another."""
    if isinstance(part, dict):
        if part.get("type") == "color" and part.get("name") == old:
            part["name"] = new
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            _recolor(each, old, new)


def _cut_out(shape: Part, name: str, path: str, **attributes: str) -> Part:
    kept = {"name": "path", "type": "element", "attributes": {"d": path, "fill": "#000000"}}
    mask = {"id": f"beard-{name}", "style": "mask-type:alpha"}
    whole = {"mask": f"url(#beard-{name})", **attributes}
    return {
        "elements": [
            {"name": "mask", "type": "element", "attributes": mask, "children": [kept]},
            {"name": "g", "type": "element", "attributes": whole, "children": [shape]},
        ]
    }


def _line(path: str) -> Part:
    attributes = {
        "d": path,
        "fill": "none",
        "stroke": {"type": "color", "name": "outline"},
        "stroke-width": "5",
        "stroke-linecap": "round",
        "opacity": ".55",
    }
    return {"name": "path", "type": "element", "attributes": attributes}
