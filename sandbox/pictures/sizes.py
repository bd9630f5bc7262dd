"""Pixels of the asked size and ratio."""

#: The longer side, in pixels; the guide names the sizes, not their pixels.
LONG_SIDES = {"1K": 1024, "2K": 2048, "4K": 4096}


def pixels(size: str, ratio: str) -> tuple[int, int]:
    """Width and height for a size such as `2K` and a ratio such as `3:4`."""
    across, down = (int(part) for part in ratio.split(":"))
    long_side = LONG_SIDES[size]
    if across >= down:
        return long_side, round(long_side * down / across)
    return round(long_side * across / down), long_side
