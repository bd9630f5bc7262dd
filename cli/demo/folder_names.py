"""Makes safe folder names of names that the API or a sender chose."""

import hashlib
import re

_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
#: Names that stand for devices on Windows.
_DEVICES = re.compile(r"(?i)con|prn|aux|nul|(com|lpt)\d")


def folder_name(code: str) -> str:
    """Return a name for a folder: the code itself, or what is safe of it and its digest.

    Always one name that can be made on every system, and the same for the same code: never a path.
    """
    if _SAFE.fullmatch(code) and not _DEVICES.fullmatch(code):
        return code
    digest = hashlib.sha256(code.encode(errors="surrogatepass")).hexdigest()[:12]
    kept = re.sub(r"[^A-Za-z0-9_]+", "-", code)[:32].strip("-")
    return f"{kept}-{digest}" if kept else digest
