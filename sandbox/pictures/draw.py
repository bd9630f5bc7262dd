"""A draft's picture as the bytes of a file."""

import io
from typing import Any

from PIL import Image, ImageColor, ImageDraw, ImageFont

from sandbox.pictures.attributes import read
from sandbox.pictures.portrait import background, render
from sandbox.pictures.sizes import pixels

THUMBNAIL_PIXELS = 256
MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png"}
WATERMARK = "AI-generated"
#: The head's square, as a part of the picture's shorter side; what is below the neck is cut off.
_FIGURE = 1.1
_CROP = 0.08


def draw(
    instruction: dict[str, Any],
    seed: str,
    variation: int,
    *,
    watermark: bool = False,
    thumbnail: bool = False,
) -> bytes:
    """The picture of one draft, in the size, ratio and format that its instruction asks for."""
    options = instruction["options"]
    size = pixels(options["size"], options["ar"])
    if thumbnail:
        scale = THUMBNAIL_PIXELS / max(size)
        size = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    picture = portrait(instruction, seed, variation, size)
    if watermark:
        _stamp(picture)
    file = io.BytesIO()
    if options["format"] == "png":
        picture.save(file, "PNG", compress_level=1)
    else:
        picture.save(file, "JPEG", quality=88)
    return file.getvalue()


def portrait(instruction: dict[str, Any], seed: str, variation: int, size: tuple[int, int]) -> Image.Image:
    """The picture itself, `size` pixels wide and high."""
    picture = Image.new("RGB", size, ImageColor.getrgb(background(variation)))
    side = round(min(size) * _FIGURE)
    figure = Image.open(io.BytesIO(render(read(instruction), seed, variation, side)))
    left, top = (size[0] - side) // 2, size[1] - round(side * (1 - _CROP))
    picture.paste(figure, (left, top), figure)
    return picture


def _stamp(picture: Image.Image) -> None:
    """Write the disclosure across the lower edge."""
    height = max(12, picture.height // 24)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, picture.height - 2 * height, picture.width, picture.height), fill="#000000")
    pen.text(
        (picture.width // 2, picture.height - height),
        WATERMARK,
        fill="#ffffff",
        anchor="mm",
        font=ImageFont.load_default(height),
    )
