"""Prepares a photo for its upload: turns it upright, and removes where and with what it was taken."""

import io
from typing import Any, NamedTuple

from config import logs
from worker.files.metadata import UPRIGHT, UnreadablePictureError, strip
from worker.network.errors import FileRefusedError
from worker.piktid.pictures import Picture

log = logs.get("photos")

#: Pixels of the largest photo that is turned: as many are held three times over, at 3 bytes each.
MOST_PIXELS = 64_000_000
#: The quality at which JPEG and WebP lose nothing that can be seen.
_QUALITY = 95


class Prepared(NamedTuple):
    """A photo as it is uploaded, and what was done to it, for the record."""

    picture: Picture
    done: dict[str, Any]
    """`removed`: what was taken out of it; `turned`: it was turned upright; `orientation`: it could not be,
    and says so still; `kept`: nothing was looked at."""


def prepared(picture: Picture, *, keep_exif: bool) -> Prepared:
    """Return a photo upright and without EXIF, XMP and IPTC; one that has none of them as it is.

    To turn it, the extra `[photos]` is needed (Pillow); without, it keeps the tag that says how it is turned,
    as does one that is too large or moves. Raises FileRefusedError.
    """
    if keep_exif:
        return Prepared(picture, {"kept": True})
    try:
        found = strip(picture.content)
    except UnreadablePictureError as error:
        raise FileRefusedError(f"{error}, or send it as it is (`keep_exif`)") from error
    done: dict[str, Any] = {"removed": list(found.removed)}
    content = found.content
    if found.orientation != UPRIGHT:
        upright = _turned(content)
        done |= {"orientation": found.orientation} if upright is None else {"turned": True}
        content = content if upright is None else upright
    return Prepared(Picture(content, picture.content_type, picture.suffix), done)


def _turned(content: bytes) -> bytes | None:
    """Return a picture that is turned as its EXIF says, without EXIF; None where that can't be done here."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        log.warning("photo.not_turned", reason="the extra [photos] is not installed")
        return None
    try:
        # What it is drawn from is loaded only after its size is known.
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > MOST_PIXELS or getattr(image, "n_frames", 1) > 1:
                return None
            options = {"icc_profile": image.info["icc_profile"]} if image.info.get("icc_profile") else {}
            if image.format != "PNG":
                options["quality"] = _QUALITY
            upright = io.BytesIO()
            ImageOps.exif_transpose(image).save(upright, image.format, **options)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        log.warning("photo.not_turned", reason=type(error).__name__)
        return None
    # It may be drawn with EXIF of its own.
    return strip(upright.getvalue()).content
