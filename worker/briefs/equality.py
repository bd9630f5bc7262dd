"""Compares briefs: digests of a brief's parts, of its content, and the ids that are made from them.

Values are compared, not how they are written: `28` equals `28.0`, the order of names does not matter, a field
that is left out equals its default, and texts are compared in Unicode's normal form C. What is sent and kept
stays as it was written.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from config.accounts.names import DEFAULT
from worker.briefs.body import Body
from worker.briefs.brief import Brief
from worker.briefs.choices import BriefKind

#: Characters of a name that stand in an id before the digest.
_SLUG = 40
#: What an id has between its letters and digits, and what may not begin it: `-` would read as an option.
_OTHERS = re.compile(r"[^A-Za-z0-9]+")


def parts(brief: Brief, body: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return a digest of each part of a brief that holds something, by path: equal parts, equal briefs.

    `body` is the brief's, where the caller has it already.
    """
    body = brief.body() if body is None else body
    said = {
        "account": brief.account or DEFAULT,
        "batch": brief.batch,
        "choose": brief.choices(),
        "keep_exif": brief.keep_exif or None,
        "kind": None if brief.kind is BriefKind.IDENTITY else brief.kind,
        "metadata": brief.metadata,
        "on_name_taken": brief.on_name_taken,
        "priority": brief.priority,
        "reference_image": brief.reference_image,
    }
    said |= {name: value for name, value in body.items() if name != "instructions"}
    for index, instruction in enumerate(body.get("instructions", [])):
        said |= {f"instructions[{index}].{name}": value for name, value in instruction.items()}
    return {path: digest(value) for path, value in sorted(said.items()) if value is not None}


def content(digests: Mapping[str, str]) -> str:
    """Return a digest of what is bought (body and photo), by a brief's `parts`, whoever it is bought for."""
    bought = {
        path: said
        for path, said in digests.items()
        if path.partition("[")[0] in (*Body.model_fields, "reference_image", "kind")
    }
    return digest(bought)


def source(raw: Any) -> str:
    """Return a digest of a message's brief as it came, valid or not."""
    try:
        return digest(json.loads(raw) if isinstance(raw, str | bytes) else raw)
    except (ValueError, TypeError, RecursionError):
        return hashlib.sha256(repr(raw).encode()).hexdigest()[:16]


def made_id(brief: Brief, number: int = 1, digests: Mapping[str, str] | None = None) -> str:
    """Return an id made from a brief's content; `number` tells equal briefs apart, from the second on.

    The priority is no part of it: a brief that is sent again to go faster is the same brief. Only Latin
    letters and digits of a name stand in an id; for other names the digest is enough. `digests` are the
    brief's `parts`.
    """
    digests = parts(brief) if digests is None else digests
    whole = {path: said for path, said in digests.items() if path != "priority"}
    plain = unicodedata.normalize("NFKD", brief.name or "").encode("ascii", "ignore").decode()
    slug = _OTHERS.sub("-", plain)[:_SLUG].strip("-")
    return "-".join([*filter(None, [slug]), digest(whole), *([str(number)] if number > 1 else [])])


def digest(value: Any) -> str:
    """Return a digest of a JSON value: 64 bits, in 16 characters."""
    return hashlib.sha256(json.dumps(_plain(value)).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """Return a value as it is compared: an object as a list of pairs, so that their order does not count."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        # By the names as they stand as well: two may look alike, and the order must not count.
        pairs = sorted((unicodedata.normalize("NFC", name), name) for name in value)
        return ["object", *([plain, _plain(value[name])] for plain, name in pairs)]
    if isinstance(value, list | tuple):
        return ["list", *map(_plain, value)]
    return value


def request_digest(brief: Brief, body: Mapping[str, Any] | None = None) -> str:
    """Return the digest by which records that are older than `parts` are compared; `body` as of `parts`."""
    wanted = [brief.body() if body is None else body, brief.reference_image, brief.choices()]
    text = json.dumps(wanted, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
