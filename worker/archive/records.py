"""What stands on a brief's record of its archive: which of its pictures lie there, and which are gone."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from worker.export.pictures import Item
from worker.export.storing import Result, metadata_path
from worker.ledger.events import Archived
from worker.ledger.told import ArchivedPicture, GonePicture
from worker.views.models import BriefView

#: The field `archived` of a brief, as JSON has it: `place`, `pictures` and `gone`, each in the order of ids.
Record = Mapping[str, Any]


def of_place(brief: BriefView, place: str) -> Record:
    """Return what is on record of a brief's archive at this place; of another place nothing is."""
    told = brief.archived or {}
    return told if told.get("place") == place else {"place": place, "pictures": [], "gone": []}


def text_of(record: Record | None) -> str:
    """Return a record as Redis holds it, the same text for the same record; blank for none."""
    if record is None:
        return ""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def is_whole(record: Record, items: Iterable[Item]) -> bool:
    """Return whether all that is wanted is there, or gone, and what each identity was made from told of."""
    pictures, gone = _by_id(record["pictures"]), _by_id(record["gone"])
    return all(
        item.image_result_id in gone
        if (picture := pictures.get(item.image_result_id)) is None
        else item.promotion is None or picture.get("identity_code") == item.promotion.identity_code
        for item in items
    )


def added(record: Record, items: Sequence[Item], result: Result) -> Record:
    """Return a record with what has been stored, and what was found to be gone."""
    pictures, gone = _by_id(record["pictures"]), _by_id(record["gone"])
    for item in items:
        picture = item.image_result_id
        if (stored := result.stored.get(picture)) is not None:
            pictures[picture] = pictures.get(picture, {}) | {
                "image_result_id": picture,
                "file": stored.file,
                "sha256": stored.sha256,
                "size": stored.size,
                "marks": dict(stored.marks or {}),
            }
            gone.pop(picture, None)
            if item.promotion is not None:
                pictures[picture] |= {
                    "identity_code": item.promotion.identity_code,
                    "metadata": metadata_path(item, stored),
                }
        elif picture in result.gone:
            gone.setdefault(picture, {"image_result_id": picture, "why": result.gone[picture]})
    return {"place": record["place"], "pictures": _sorted(pictures), "gone": _sorted(gone)}


def event_of(record: Record) -> Archived:
    """Return the event that tells of a record."""
    fields = ArchivedPicture.model_fields
    pictures = [
        ArchivedPicture(**{name: value for name, value in each.items() if name in fields})
        for each in record["pictures"]
    ]
    gone = [GonePicture(image_result_id=each["image_result_id"], why=each["why"]) for each in record["gone"]]
    return Archived(place=record["place"], pictures=pictures, gone=gone)


def _by_id(told: Iterable[Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
    return {each["image_result_id"]: dict(each) for each in told}


def _sorted(told: Mapping[int, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [told[picture] for picture in sorted(told)]
