"""Names of folders and files that can be made on Windows, macOS and Linux, and in a bucket.

What others chose (ids, batches, metadata) becomes one part of a path: never a path, never a device, short
enough, and the same for the same text.
"""

import hashlib
import re
import unicodedata

#: Not allowed in a name on Windows, and `~`, which we put before our own additions.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*~]')
#: How a name may not begin: as a device of Windows does, also with an ending; as a file that stands beside
#: the folders; as an option of a command or a formula of a spreadsheet.
_UNFIT = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\.|$)|index\.[a-z]+$|[-=+@]")
#: A name stands in a path twice (folder and file), which on Windows is 260 characters in all.
MOST_CHARACTERS = 72
#: Bytes of a name's UTF-8: a file system takes 255, and our additions and the ending come behind it.
MOST_BYTES = 200


def safe_name(text: str) -> str:
    """Return a text as a name: of texts that differ only by case or Unicode form, names that do so."""
    plain = "".join(_character(each) for each in unicodedata.normalize("NFC", text))
    name = _short(_FORBIDDEN.sub("-", plain).strip(" ."), text)
    return f"_{name}" if not name or _UNFIT.match(name) else name


def folded(name: str) -> str:
    """Return what a file system takes for the same name that does not tell case or Unicode forms apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def digest(text: str) -> str:
    """Return a short digest of a text."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]


def _character(each: str) -> str:
    """Return a character that a name may have: no control, no half of a pair, none that has no meaning."""
    return each if each.isprintable() else "-"


def _short(name: str, text: str) -> str:
    if len(name) <= MOST_CHARACTERS and len(name.encode()) <= MOST_BYTES:
        return name
    short = name[: MOST_CHARACTERS - 9]
    while len(short.encode()) > MOST_BYTES - 9:
        short = short[:-1]
    return f"{short.rstrip(' .')}~{digest(text)}"
