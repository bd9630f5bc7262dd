"""Tells which marks a picture carries: whether they are there, and whether they were validated."""

from enum import StrEnum
from io import BytesIO
from typing import NamedTuple

from worker.marking import source_types
from worker.marking.containers import carried
from worker.piktid.pictures import recognize

#: What the manifest of a marked copy calls the part that names the brief.
BRIEF = "org.identity-worker.brief"
#: Longest text of a file that is kept, in characters.
_MOST_CHARACTERS = 200


class Mark(StrEnum):
    """What was found of one kind of mark."""

    #: There is none.
    ABSENT = "absent"
    #: There is one. It is not valid, or nothing here could tell.
    PRESENT = "present"
    #: There is one, and it was validated: see `Marks`.
    VALID = "valid"


class Marks(NamedTuple):
    """The marks that a picture carries."""

    c2pa: Mark
    """A C2PA manifest; valid: its signature and hashes fit the file. Who has signed is not looked at."""
    iptc: Mark
    """IPTC's DigitalSourceType, in XMP; valid: it is a term of IPTC's vocabulary. Nobody signs it."""
    digital_source_type: str | None = None
    """What IPTC's mark says."""
    c2pa_note: str | None = None
    """Why a manifest that is there does not count as valid."""

    def as_json(self) -> dict[str, str | None]:
        """Return the marks as `metadata.json` holds them."""
        return {
            "c2pa": self.c2pa.value,
            "iptc": self.iptc.value,
            "digital_source_type": self.digital_source_type,
            "c2pa_note": self.c2pa_note,
        }


def read_marks(content: bytes) -> Marks:
    """Return the marks of a picture, given as its whole file; what is no picture carries none.

    Nothing is fetched from the network, whatever the file asks for. To read 64 MiB takes some milliseconds;
    validation, which hashes the file, some tenths of a second.
    """
    found = carried(content)
    said = None if found.xmp is None else source_types.source_type(found.xmp)
    iptc = Mark.ABSENT if said is None else Mark.VALID if source_types.is_term(said) else Mark.PRESENT
    c2pa, note = _validate(content) if found.c2pa else (Mark.ABSENT, None)
    return Marks(c2pa, iptc, said, note)


class MadeFrom(NamedTuple):
    """What the manifest of a marked copy says that it was made from."""

    brief_id: str
    sha256: str
    """Of the picture as the API made it."""


def made_from(content: bytes) -> MadeFrom | None:
    """Return what a marked copy says that it was made from; None where nothing can be read.

    Whether the manifest is valid is told by `read_marks`.
    """
    picture = recognize(content)
    try:
        import c2pa
    except ImportError:
        return None
    from worker.marking.context import offline

    if picture is None or not carried(content).c2pa:
        return None
    try:
        with c2pa.Reader(picture.content_type, BytesIO(content), context=offline()) as reader:
            assertions = (reader.get_active_manifest() or {}).get("assertions", [])
        (said,) = [each["data"] for each in assertions if each["label"] == BRIEF]
        found = MadeFrom(*(str(said[name])[:_MOST_CHARACTERS] for name in MadeFrom._fields))
    except (c2pa.C2paError, ValueError, LookupError, TypeError):
        return None
    return found


def _validate(content: bytes) -> tuple[Mark, str | None]:
    """Return whether the manifest of a file fits it, and why it does not count as valid."""
    try:
        import c2pa
    except ImportError:
        return Mark.PRESENT, "not validated: the extra [c2pa] is not installed"
    from worker.marking.context import offline

    picture = recognize(content)
    if picture is None:
        return Mark.PRESENT, "not validated: no JPEG, PNG or WebP picture"
    try:
        with c2pa.Reader(picture.content_type, BytesIO(content), context=offline()) as reader:
            state = reader.get_validation_state()
    except c2pa.C2paError as error:
        return Mark.PRESENT, f"can't be read: {error}"[:_MOST_CHARACTERS]
    if state in ("Valid", "Trusted"):
        return Mark.VALID, None
    return Mark.PRESENT, "it does not fit the file, or its signature is wrong"
