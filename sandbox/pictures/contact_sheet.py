"""One picture of drafts from several briefs, for docs/sandbox.md."""

import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from sandbox.pictures.draw import portrait

EXAMPLES: tuple[dict[str, Any], ...] = (
    {
        "appearance": {"gender": "female", "age": 28, "skin": "light", "expression": "confident"},
        "face": {"eyes": "pale blue", "marks": "freckles"},
        "hair": {"color": "ash blonde", "length": "long", "style": "wavy"},
    },
    {
        "appearance": {"gender": "male", "age": 45, "skin": "olive", "expression": "serious"},
        "face": {"eyes": "brown", "facial_hair": "full beard"},
        "hair": {"color": "dark brown", "length": "short", "style": "straight"},
    },
    {
        "appearance": {"gender": "female", "age": 35, "skin": "dark", "expression": "laughing"},
        "hair": {"color": "black", "length": "medium", "style": "curly"},
    },
    {
        "appearance": {"gender": "male", "age": 70, "skin": "fair", "expression": "calm"},
        "face": {"marks": "round glasses", "facial_hair": "moustache"},
        "hair": {"style": "receding"},
    },
    {"prompt": "A 24-year-old woman, copper hair in a loose bun, porcelain skin with freckles, green eyes."},
    {"prompt": "A man of 30 years, tan skin, spiky platinum hair, sunglasses, broad grin, no beard."},
    {
        "appearance": {"gender": "female", "age": 62, "ethnicity": "East Asian", "expression": "warm"},
        "hair": {"color": "silver", "length": "chin-length", "style": "sleek bob"},
    },
    {
        "appearance": {"gender": "non-binary", "age": 22, "skin": "brown", "expression": "neutral"},
        "hair": {"color": "pink", "style": "mohawk"},
    },
)

_TILE = (300, 400)
_COLUMNS = 4
_CAPTION = 22


def contact_sheet(instructions: tuple[dict[str, Any], ...] = EXAMPLES, seed: str = "1") -> Image.Image:
    """One draft of each instruction, side by side, with what was asked for below it."""
    rows = -(-len(instructions) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * _TILE[0], rows * (_TILE[1] + 3 * _CAPTION)), "#ffffff")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for number, instruction in enumerate(instructions):
        left = number % _COLUMNS * _TILE[0]
        top = number // _COLUMNS * (_TILE[1] + 3 * _CAPTION)
        sheet.paste(portrait(instruction, f"{seed}/{number}", number, _TILE), (left, top))
        for line, text in enumerate(_caption(instruction)):
            pen.text((left + 8, top + _TILE[1] + 3 + line * _CAPTION), text, fill="#222222", font=font)
    return sheet


def write_contact_sheet(path: Path, seed: str = "1") -> None:
    """Write the eight examples' picture as a PNG file."""
    contact_sheet(seed=seed).save(path, "PNG")


def _caption(instruction: dict[str, Any]) -> list[str]:
    """What was asked for, in at most three lines."""
    text = instruction.get("prompt") or ", ".join(
        str(value)
        for group in ("appearance", "face", "hair")
        for value in instruction.get(group, {}).values()
    )
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > 36:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines[:3]


if __name__ == "__main__":
    write_contact_sheet(Path(sys.argv[1]))
