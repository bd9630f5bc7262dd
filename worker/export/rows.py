"""The rows of an index: one for each picture, or for the brief where there is none."""

import posixpath
from collections.abc import Mapping
from typing import Any

from worker.export.pictures import Item
from worker.export.provenance import time_of
from worker.export.storing import Result
from worker.export.workbook import Row
from worker.views.models import BriefView, PromotionView

#: The columns with times, as the events write them.
TIMES = ("accepted_at", "drafts_at", "ready_at", "finished_at")
#: The columns in their order; those of the metadata stand after `brief_id`, `metadata.KEY` each.
COLUMNS = (
    "brief_id",
    "account",
    "batch",
    "state",
    "error",
    "identity_code",
    "name",
    "picture",
    "image_result_id",
    "file",
    "sha256",
    "size",
    "marked_file",
    "marked_sha256",
    "marked_size",
    "credits",
    *TIMES,
)

#: What is told of a picture's file and of its marked copy.
_FILE = ("file", "sha256", "size", "marks", "marked_file", "marked_sha256", "marked_size")


def rows_of(brief: BriefView, items: list[Item], result: Result, batch: str) -> dict[str, Row]:
    """Return a brief's rows by keys that tell them apart. `batch` is its folder, below which files lie.

    What the brief has cost stands in its first row alone, so that a sum over the column is right.
    """
    found: dict[str, Row] = {}
    pictures = {item.number: item for item in items if item.promotion is not None}
    for number, promotion in enumerate(brief.promotions, 1):
        found[f"i{number}"] = _row(brief, promotion) | _picture(pictures.get(number), result, batch)
    drafts = [item for item in items if item.promotion is None]
    choices = _choices(brief, drafts)
    for item in drafts:
        row = _row(brief, None) | choices[item.image_result_id]
        found[f"d{item.image_result_id}"] = row | _picture(item, result, batch)
    found = found or {"": _row(brief, None) | _picture(None, result, batch)}
    next(iter(found.values()))["credits"] = brief.credits
    return {key: row | {"item": key} for key, row in found.items()}


def _row(brief: BriefView, promotion: PromotionView | None) -> Row:
    own = None if promotion is None else promotion.error
    faults = "; ".join(f"{fault.get('path') or 'brief'}: {fault.get('rule')}" for fault in brief.faults)
    return {
        "brief_id": brief.brief_id,
        "metadata": brief.metadata,
        "account": brief.account,
        "batch": brief.batch,
        "state": brief.state,
        "error": own or brief.error or faults or brief.question,
        "identity_code": None if promotion is None else promotion.identity_code,
        "name": brief.name,
        "credits": None,
        "accepted_at": time_of(brief.accepted_at),
        "drafts_at": time_of(brief.made_at),
        "ready_at": None if promotion is None else time_of(promotion.made_at),
        "finished_at": time_of(brief.moved_at) if brief.finished else None,
    }


def _choices(brief: BriefView, drafts: list[Item]) -> dict[int, Row]:
    """Return of which instruction each draft is, and in which a person has to pick; by the draft's id."""
    last = len(brief.choose) - 1
    index = {draft.get("image_result_id"): int(draft.get("image_index") or 0) for draft in brief.drafts}
    of = {item.image_result_id: min(index[item.image_result_id], last) for item in drafts}
    asked = brief.to_pick if brief.waits_for_pick else ()
    to_pick = [number for number in asked if number in of.values()]
    return {picture: {"instruction": number, "to_pick": to_pick} for picture, number in of.items()}


def _picture(item: Item | None, result: Result, batch: str) -> Row:
    if item is None:
        return dict.fromkeys(("picture", "image_result_id", *_FILE))
    picture = item.image_result_id
    row: Row = {"picture": "draft" if item.promotion is None else "identity", "image_result_id": picture}
    stored = result.stored.get(picture)
    if stored is None:
        why = result.gone.get(picture) or result.unavailable.get(picture)
        return row | {"error": f"no picture: {why}"} | dict.fromkeys(_FILE)
    told: Row = dict.fromkeys(_FILE) | {
        "file": posixpath.relpath(stored.file, batch),
        "sha256": stored.sha256,
        "size": stored.size,
        "marks": stored.marks,
    }
    if (copy := result.copies.get(picture)) is not None:
        told |= {f"marked_{key}": value for key, value in copy._asdict().items()}
        told["marked_file"] = posixpath.relpath(copy.file, batch)
    if (said := result.metadata.get(picture)) is not None:
        told["metadata_sha256"] = said
    if (why := result.unmarked.get(picture)) is not None:
        told["error"] = f"no marked copy: {why}"
    return row | told


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row for a table: a column for each field of the metadata, objects inside as paths."""
    return {name: row.get(name) for name in COLUMNS} | _flat("metadata", row.get("metadata") or {})


def _flat(path: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {name: found for key in value for name, found in _flat(f"{path}.{key}", value[key]).items()}
    return {path: value}
