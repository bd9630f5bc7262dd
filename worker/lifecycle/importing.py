"""Decides how a portrait is imported: under which name, and whether an identity of that name is its own.

The API has no key for an upload. But names are unique (piktid-v2.md 2.7), so each is sent with a name, and
with a file name that is of its brief alone: an identity of both is what an earlier upload has made.
"""

import hashlib
import json
from collections.abc import Iterable
from enum import Enum, auto

from worker.briefs.brief import Brief
from worker.briefs.names import MAX_NAME
from worker.briefs.naming import job_name
from worker.ledger.records import Record
from worker.piktid.answers import Identity

#: A portrait is no draft, and has no link.
_NO_DRAFT = {"image_result_id": None, "url": None}
#: The name of an identity whose portrait's file name can't be used.
_UNNAMED = "Portrait"


def name(brief: Brief) -> str:
    """Return what an imported identity is called if the name is free."""
    return brief.name or job_name(None, brief.reference_image) or _UNNAMED


def promotion(brief: Brief) -> dict[str, str]:
    """Return the fields of an import's promotion, which exists from the brief's beginning."""
    optional = {"keep_exif": "1" if brief.keep_exif else None, "tag": brief.tag}
    return {
        "instruction": "0",
        "candidates": json.dumps([_NO_DRAFT]),
        "tried": "0",
        "photo": str(brief.reference_image),
        "name": name(brief),
        **{field: value for field, value in optional.items() if value is not None},
    }


def numbered(plain: str, number: int) -> str:
    """Return a name with its number behind it, as the API numbers names; the first has none."""
    behind = "" if number == 1 else f" {number}"
    return plain[: MAX_NAME - len(behind)] + behind


def name_of(promotion: Record) -> str:
    """Return the name to send."""
    return numbered(promotion.fields["name"], int(promotion.get("name_number") or 1))


def free_number(promotion: Record, found: Iterable[Identity]) -> int:
    """Return the next number under which the name is free, as far as the identities found tell."""
    taken = {identity.name for identity in found}
    number = int(promotion.get("name_number") or 1) + 1
    while numbered(promotion.fields["name"], number) in taken:
        number += 1
    return number


def filename(promotion: Record, suffix: str) -> str:
    """Return the file name to send, which is unique to the brief."""
    return f"identity-worker-{hashlib.sha256(promotion.brief_id.encode()).hexdigest()[:32]}{suffix}"


class Match(Enum):
    """Whose the identity is that has a promotion's name."""

    NOBODY = auto()
    OWN = auto()
    OTHER = auto()
    #: The API does not tell from which file the identity was made.
    UNKNOWN = auto()


def match(sought: str, file: str, found: Iterable[Identity]) -> tuple[Match, str]:
    """Return whether the identity that has this name is the brief's own, and its code."""
    of_name = [identity for identity in found if identity.name == sought]
    if not of_name:
        return Match.NOBODY, ""
    for identity in of_name:
        if _stem(identity.original_filename) == _stem(file):
            return Match.OWN, identity.identity_code
    known = all(identity.original_filename for identity in of_name)
    return (Match.OTHER if known else Match.UNKNOWN), of_name[0].identity_code


def _stem(file: str) -> str:
    # The API may store what it is sent in another format.
    return file.rpartition("/")[2].partition(".")[0]
