"""What a brief's record says of the archive: which pictures are stored there, and which are gone."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from worker.export.pictures import Item, archives_of
from worker.export.storing import Result, Sizes, metadata_path
from worker.ledger.events import Archived
from worker.ledger.told import ArchivedPicture, GonePicture
from worker.views.models import BriefView

#: What lies at one place: `place`, `pictures` and `gone`, each in the order of ids. The field `archived` of a
#: brief has it as JSON, and in `elsewhere` that of further places.
Record = Mapping[str, Any]
#: Places that a brief remembers; of more the one is forgotten that it has known longest.
_MOST_PLACES = 4


def of_place(brief: BriefView, place: str) -> Record:
    """Return what is on record of a brief's archive at this place; a blank one if nothing is."""
    blank = {"place": place, "pictures": [], "gone": []}
    return next((each for each in archives_of(brief) if each["place"] == place), blank)


def text_of(archived: Mapping[str, Any] | None) -> str:
    """Return the field `archived` as Redis holds it, the same text for the same; blank for none."""
    return "" if archived is None else json.dumps(archived, ensure_ascii=False, separators=(",", ":"))


def field_of(brief: BriefView, record: Record) -> Mapping[str, Any]:
    """Return the field `archived` of a brief with this record of its place, and those of others as before."""
    by_place = {each["place"]: each for each in archives_of(brief)} | {record["place"]: record}
    first, *others = [*by_place.values()][-_MOST_PLACES:]
    return {**first, "elsewhere": others} if others else first


def still_there(record: Record, sizes: Sizes) -> Record:
    """Return a record without what does not lie at its place, or has another size there."""
    pictures = []
    for each in record["pictures"]:
        if sizes(each["file"]) == each["size"]:
            is_told_of = "metadata" not in each or sizes(each["metadata"]) is not None
            lost = () if is_told_of else ("identity_code", "metadata")
            pictures.append({name: value for name, value in each.items() if name not in lost})
    return {**record, "pictures": pictures}


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
