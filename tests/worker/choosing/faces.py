"""Portraits that a detector of faces takes for such: drawn here, as the sandbox's are no faces to it."""

import io
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

SIZE = (480, 640)
_SKIN, _SHADE, _HAIR, _EYE = (224, 180, 150), (168, 135, 112), (60, 40, 30), (12, 10, 10)


def portrait(
    *places: tuple[float, float, float], blur: float = 1.0, light: float = 1.0, kind: str = "PNG"
) -> bytes:
    """Return a picture of a face at each place: its middle as shares of the picture, and its size."""
    picture = Image.new("RGB", SIZE, (120, 130, 140))
    for across, down, scale in places:
        _face(ImageDraw.Draw(picture), across * SIZE[0], down * SIZE[1], scale)
    blurred = picture.filter(ImageFilter.GaussianBlur(blur)).point(lambda value: min(255, value * light))
    file = io.BytesIO()
    blurred.save(file, kind)
    return file.getvalue()


def _face(pen: ImageDraw.ImageDraw, x: float, y: float, scale: float) -> None:
    def spot(across: float, down: float, width: float, height: float, color: Any) -> None:
        left, top = x + (across - width) * scale, y + (down - height) * scale
        pen.ellipse((left, top, left + 2 * width * scale, top + 2 * height * scale), fill=color)

    spot(0, -20, 108, 140, _HAIR)
    spot(0, 10, 88, 120, _SKIN)
    for side in (-1, 1):
        spot(side * 36, -42, 24, 5, _HAIR)
        spot(side * 36, -18, 22, 12, _SHADE)
        spot(side * 36, -16, 16, 8, (245, 245, 245))
        spot(side * 36, -16, 8, 8, _EYE)
        spot(side * 8, 42, 6, 4, (120, 95, 80))
    spot(0, 20, 7, 30, _SHADE)
    spot(0, 78, 32, 11, (170, 80, 80))
    spot(0, 78, 30, 2, (110, 40, 40))
