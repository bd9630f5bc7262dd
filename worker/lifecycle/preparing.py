"""Decides the next step of a brief's preparation: files to upload, a reference image to describe.

All of it is read from the record, so a step that is run again goes on where the last one was recorded:

    reference_image   the picture's source, if there is one
    body              the body to send; files to upload first stand in it as {"file": source}
    files             source -> file id, of those uploaded
    photos            source -> what was removed of its metadata, of those uploaded
    extracted         the traits that the API saw in the reference image
    suggested_name    what it would call the person in it
    job_name          what the job is called if the brief names nothing itself
    turn              how many calls were begun; `doing` is the one whose end is not recorded yet
    extractions       how many of them were extractions, which are journalled by that number
    tries             how many in a row came to nothing
    fetch_ms          how long the fetches from URLs have taken that came to nothing, in all
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from config import durations
from config.settings import Settings
from config.times import delay
from worker.briefs.choices import BriefKind
from worker.briefs.names import GROUPS
from worker.briefs.naming import clean, job_name
from worker.ledger.records import Record
from worker.lifecycle.record_fields import body_fields
from worker.piktid.answers import Extracted

#: Failures in a row after which the brief fails.
MOST_FAILURES = 10

#: The fields that a record no longer needs once it is prepared.
DONE_WITH = ("doing", "turn", "tries", "fetch_ms", "noted_at", "error")


def missing_file(brief: Record) -> str | None:
    """Return the source of the next file to upload, None when all are."""
    uploaded = brief.json("files", {})
    return next((source for source in _sources(brief) if source not in uploaded), None)


def has_files(brief: Record) -> bool:
    """Return whether a brief needs preparation, also after a retry: what was uploaded is not sent twice."""
    return any(True for _ in _sources(brief)) or brief.get("files") is not None


def needs_extraction(brief: Record) -> bool:
    """Return whether its reference image is still to be described."""
    return brief.get("reference_image") is not None and brief.get("extracted") is None


def is_all(brief: Record) -> bool:
    """Return whether a brief asks for no more than the description of its photo."""
    return brief.get("kind") == BriefKind.DESCRIPTION


def reference_id(brief: Record) -> str:
    """Return the file id of the uploaded reference image."""
    return str(brief.json("files")[brief.fields["reference_image"]])


def uploaded(brief: Record, source: str, file_id: str, done: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields that record an upload, and what was done to the photo before."""
    return {
        "files": json.dumps(brief.json("files", {}) | {source: file_id}),
        "photos": json.dumps(brief.json("photos", {}) | {source: done}),
    }


def extracted(found: Extracted) -> dict[str, str]:
    """Return the fields that record an extraction."""
    fields = {"extracted": json.dumps(found.instruction_data, ensure_ascii=False)}
    suggested = clean(found.suggested_name or "")
    return fields if suggested is None else fields | {"suggested_name": suggested}


def prepared(brief: Record) -> dict[str, str] | None:
    """Return the fields that hold the final body; None if nothing in it describes a face.

    What the brief says itself goes before what the API saw in its picture.
    """
    body, seen, files = brief.json("body"), brief.json("extracted", {}), brief.json("files", {})
    for instruction in body["instructions"]:
        for asset in _assets(instruction):
            if "file" in asset:
                asset["file_id"] = files[asset.pop("file")]
        for name in GROUPS:
            traits = seen.get(name, {}) | instruction.get(name, {})
            if traits:
                instruction[name] = traits
        if not any(instruction.get(name) for name in ("prompt", *GROUPS)):
            return None
    called = job_name(brief.get("suggested_name"), brief.get("reference_image"))
    if "name" in body or called is None:
        return body_fields(body)
    return body_fields(body | {"name": called}) | {"job_name": called}


def pause_ms(failures: int, settings: Settings) -> int:
    """Return the pause after so many uploads in a row came to nothing, in ms."""
    return settings.api_ms(delay(failures, durations.UPLOAD_FIRST_SECONDS, durations.UPLOAD_MOST_SECONDS))


def upload_failures(brief: Record) -> int:
    """Return how many uploads in a row came to nothing."""
    return int(brief.get("tries") or 0)


def seconds_lost(brief: Record) -> float:
    """Return for how many seconds its pictures have been fetched without success."""
    return int(brief.get("fetch_ms") or 0) / 1000


def seconds_to_fetch(brief: Record) -> float:
    """Return how many seconds its next fetch may take."""
    return min(durations.FETCH_SECONDS, durations.FETCHES_MOST_SECONDS - seconds_lost(brief))


def _sources(brief: Record) -> Iterator[str]:
    reference = brief.get("reference_image")
    if reference is not None:
        yield reference
    for instruction in brief.json("body")["instructions"]:
        yield from (asset["file"] for asset in _assets(instruction) if "file" in asset)


def _assets(instruction: dict[str, Any]) -> list[dict[str, str]]:
    assets: list[dict[str, str]] = instruction.get("input_assets", [])
    return assets
