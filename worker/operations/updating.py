"""Updates metadata, batch and priority of a brief on record."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from config.errors import IdentityWorkerError
from worker.ledger.ledger import Ledger
from worker.ledger.records import Record, brief_subject


class UnknownBriefError(IdentityWorkerError, LookupError):
    """Raised when no brief of this id is on record."""


class Change(NamedTuple):
    """The new metadata, batch and priority of a brief; None where they stay."""

    metadata: Mapping[str, Any] | None = None
    batch: str | None = None
    """`""` is no batch."""
    priority: int | None = None
    merge: bool = False
    """Whether `metadata` is put into what is there, and does not replace it."""


def update(
    ledger: Ledger, brief_id: str, change: Change, by: str, why: str | None = None, order: str | None = None
) -> list[str]:
    """Change a brief in whatever state it is, and return which of the three have changed.

    Who did it, and why, is in its journal; part of an `order` it is done if it is left of that.

    Raises BriefError when a value breaks the rules of briefs, and
    UnknownBriefError.
    """
    # Not at the top: whoever only says what is to change should not wait for the import of the models.
    from worker.briefs.equality import digest

    while True:
        record = ledger.read(brief_subject(brief_id))
        if record is None:
            raise UnknownBriefError(brief_id)
        stands = json.loads("{" + record.fields["envelope"] + "}")
        new = _checked(_new(stands, change))
        changed = [name for name in new if digest(new[name]) != digest(_old(record, stands)[name])]
        values = {name: new[name] for name in changed}
        said = {"by": by} | ({"why": why} if why else {})
        if not changed or _write(ledger, record, values, stands, said, order):
            return changed


def check(change: Change) -> dict[str, Any]:
    """Return what a change says, by name. Raises BriefError for what no brief may have."""
    return _checked(_new({}, change))


def _old(record: Record, stands: Mapping[str, Any]) -> dict[str, Any]:
    priority = record.get("priority")
    # Older records lack the field: then every value that is given is a change.
    return {
        "metadata": stands.get("metadata", {}),
        "batch": stands.get("batch"),
        "priority": None if priority is None else int(priority),
    }


def _new(stands: Mapping[str, Any], change: Change) -> dict[str, Any]:
    new: dict[str, Any] = {}
    if change.metadata is not None:
        new["metadata"] = {**(stands.get("metadata", {}) if change.merge else {}), **change.metadata}
    if change.batch is not None:
        new["batch"] = change.batch or None
    if change.priority is not None:
        new["priority"] = change.priority
    return new


def _checked(new: dict[str, Any]) -> dict[str, Any]:
    # Not at the top, as above.
    from worker.briefs.brief import parse

    parse({"instructions": [{"prompt": "-"}]} | new)
    return new


def _write(
    ledger: Ledger,
    record: Record,
    changed: Mapping[str, Any],
    stands: Mapping[str, Any],
    said: Mapping[str, str],
    order: str | None,
) -> bool:
    """Write the changes; return False when the brief has changed since it was read.

    `said` is who does it, and why.
    """
    # Not at the top, as above.
    from worker.ledger.events import BriefUpdated
    from worker.lifecycle.first_record import envelope

    now = {**stands, **changed}
    fields = {"envelope": envelope(record.brief_id, now["batch"], record.account, now["metadata"])}
    fields |= _parts(record, changed)
    told = {name: value for name, value in changed.items() if name != "metadata"}
    return ledger.update(
        record.brief_id,
        when={name: record.get(name) or "" for name in ("accepted_at", "envelope", "parts", "priority")},
        fields=fields,
        batch=(changed["batch"] or "") if "batch" in changed else None,
        priority=changed.get("priority"),
        event=BriefUpdated(changed=list(changed), by=said["by"]),
        journal={
            "call": "operator",
            "subject": record.subject,
            "what": "update",
            **said,
            "changed": list(changed),
            **told,
        },
        order=order,
    )


def _parts(record: Record, changed: Mapping[str, Any]) -> dict[str, str]:
    """Return the field with the digests of a brief's parts as they are now; nothing if it has none."""
    # Not at the top, as above.
    from worker.briefs.equality import digest

    parts = record.json("parts")
    if parts is None or record.get("faults") is not None:
        return {}
    kept = {path: each for path, each in parts.items() if path not in changed}
    given = {name: digest(value) for name, value in changed.items() if value is not None}
    return {"parts": json.dumps(dict(sorted((kept | given).items())))}
